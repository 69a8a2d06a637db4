import { AwsError, type Call } from '../../cloud.ts';
import type { KmsService } from '../kms/service.ts';

/** Parameter Store's own key, which everybody in the account may use through it. */
export const DEFAULT_KEY = 'alias/aws/ssm';

/**
 * A customer's key asks for the caller's own KMS permission, with the parameter's ARN as encryption context.
 * https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
 * @throws AccessDeniedException, InvalidKeyId
 */
export async function requireKey(
  keyId: string,
  action: 'Encrypt' | 'Decrypt',
  parameterArn: string,
  call: Call,
): Promise<void> {
  if (keyId === DEFAULT_KEY || keyId.endsWith(`:${DEFAULT_KEY}`)) return;
  try {
    await call.cloud.service<KmsService>('kms').checkUse({
      principal: call.principal,
      keyId,
      region: call.region,
      action: `kms:${action}`,
      viaService: 'ssm',
      encryptionContext: { PARAMETER_ARN: parameterArn },
    });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code === 'AccessDeniedException') throw error;
    throw new AwsError('InvalidKeyId', error.message, { cause: error });
  }
}
