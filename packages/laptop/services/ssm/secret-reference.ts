import { AwsError, type Call } from '../../cloud.ts';
import { validation } from './validation.ts';

/** `/aws/reference/secretsmanager/<name>` reads a secret through Parameter Store. */
export function secretReference(name: string): string | undefined {
  return /^\/aws\/reference\/secretsmanager\/(.+)$/.exec(name)?.[1];
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html */
export async function readSecret(
  secretId: string,
  input: { Name: string; WithDecryption?: boolean },
  call: Call,
): Promise<Record<string, unknown>> {
  if (!input.WithDecryption) {
    throw validation('WithDecryption flag must be True for retrieving a Secret Manager secret.');
  }
  const { cloud, principal, region } = call;
  try {
    const answer = await cloud.call<{ SecretString: string; ARN: string; CreatedDate: Date }>({
      service: 'secretsmanager',
      operation: 'GetSecretValue',
      input: { SecretId: secretId },
      principal,
      region,
    });
    return {
      Name: input.Name,
      Type: 'SecureString',
      Value: answer.SecretString,
      Version: 0,
      LastModifiedDate: answer.CreatedDate,
      ARN: answer.ARN,
    };
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ResourceNotFoundException') throw error;
    throw new AwsError(
      'ParameterNotFound',
      `An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret ${input.Name} not found.`,
      { cause: error },
    );
  }
}
