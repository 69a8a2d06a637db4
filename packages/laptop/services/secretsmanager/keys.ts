import { AwsError, type Call } from '../../cloud.ts';
import type { KmsService } from '../kms/service.ts';
import type { Secret, Version } from './state.ts';

/** The key of the service's own, which everybody in the account may use through it. It is never shown. */
const DEFAULT_KEY = 'alias/aws/secretsmanager';

const keyForms = /^(arn:aws[\w-]*:kms:|alias\/|mrk-[0-9a-f]{32}$|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$)/;

/** The key as secrets keep it: undefined for the default one, by whatever name or by an empty one. */
export function keyOf(kmsKeyId: string | undefined): string | undefined {
  return !kmsKeyId || kmsKeyId === DEFAULT_KEY || kmsKeyId.endsWith(`:${DEFAULT_KEY}`) ? undefined : kmsKeyId;
}

type Protected = Pick<Secret, 'arn' | 'region'>;

/** Encrypting takes GenerateDataKey and Decrypt. @throws AccessDeniedException, EncryptionFailure */
export async function requireEncryption(secret: Protected, kmsKeyId: string | undefined, call: Call): Promise<void> {
  for (const action of ['kms:GenerateDataKey', 'kms:Decrypt']) {
    await requireKey(secret, kmsKeyId, action, call, () => {
      return new AwsError(
        'EncryptionFailure',
        "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state.",
      );
    });
  }
}

/**
 * A version can be read with the key that it was encrypted with, or with one that its secret had before.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_update-encryption-key.html
 * @throws AccessDeniedException, DecryptionFailure
 */
export async function requireDecryption(secret: Secret, version: Version, call: Call): Promise<void> {
  const keys = [version.kmsKeyId, ...(version.earlierKmsKeyIds ?? [])];
  let refusal: unknown;
  for (const key of keys) {
    try {
      return await requireKey(secret, key, 'kms:Decrypt', call, () => {
        const message = "Secrets Manager can't decrypt the protected secret text using the provided KMS key.";
        return new AwsError('DecryptionFailure', message);
      });
    } catch (error) {
      refusal ??= error;
    }
  }
  throw refusal;
}

async function requireKey(
  secret: Protected,
  kmsKeyId: string | undefined,
  action: string,
  call: Call,
  unusable: () => AwsError,
): Promise<void> {
  const keyId = keyOf(kmsKeyId);
  if (keyId === undefined || !keyForms.test(keyId)) return;
  try {
    await call.cloud.service<KmsService>('kms').checkUse({
      principal: call.principal,
      keyId,
      region: secret.region,
      action,
      viaService: 'secretsmanager',
      encryptionContext: { SecretARN: secret.arn },
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    call.cloud.log(`secretsmanager ${call.operation} of ${secret.arn}: ${error.message}`);
    if (error.code === 'AccessDeniedException') {
      throw new AwsError('AccessDeniedException', 'Access to KMS is not allowed', { cause: error });
    }
    throw unusable();
  }
}
