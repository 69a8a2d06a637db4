import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { isNamed } from '../../pipeline/errors.ts';
import { NotFound } from '../terminal/errors.ts';

/** A secret as it is, with its value in memory only. */
export interface SecretFacts {
  readonly name: string;
  readonly arn?: string;
  readonly isDeleted: boolean;
  readonly owningService?: string;
  readonly rotationFunctionArn?: string;
  readonly kmsKeyId?: string;
  readonly stagesByVersion: Readonly<Record<string, readonly string[]>>;
  /** Undefined: there is none, or it may not be read; `unreadable` says which. */
  readonly value?: string;
  readonly unreadable?: string;
  readonly isBinary?: boolean;
}

/** Reads a secret and its current value. A secret that is not there has no ARN. */
export async function lookAtSecret(
  client: Pick<SecretsManagerClient, 'send'>,
  name: string,
  secretId: string,
): Promise<SecretFacts> {
  try {
    const answer = await client.send(new DescribeSecretCommand({ SecretId: secretId }));
    return {
      name,
      arn: answer.ARN,
      isDeleted: answer.DeletedDate !== undefined,
      owningService: answer.OwningService,
      rotationFunctionArn: answer.RotationLambdaARN,
      kmsKeyId: answer.KmsKeyId,
      stagesByVersion: answer.VersionIdsToStages ?? {},
      ...(answer.DeletedDate ? {} : await readValue(client, secretId)),
    };
  } catch (error) {
    if (!isNamed(error, 'ResourceNotFoundException')) throw error;
    return { name, isDeleted: false, stagesByVersion: {} };
  }
}

async function readValue(
  client: Pick<SecretsManagerClient, 'send'>,
  secretId: string,
): Promise<Pick<SecretFacts, 'value' | 'unreadable' | 'isBinary'>> {
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return SecretString === undefined ? { isBinary: true, unreadable: 'its value is binary' } : { value: SecretString };
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return {};
    if (isNamed(error, 'AccessDeniedException', 'DecryptionFailure')) {
      return { unreadable: `these credentials may not read it: ${error.message}` };
    }
    throw error;
  }
}

/** The ARN of a secret beside: a superuser's, a proxy login's. @throws NotFound where it does not exist */
export async function arnOfSecret(client: Pick<SecretsManagerClient, 'send'>, secretId: string): Promise<string> {
  try {
    return (await client.send(new DescribeSecretCommand({ SecretId: secretId }))).ARN ?? secretId;
  } catch (cause) {
    if (!isNamed(cause, 'ResourceNotFoundException')) throw cause;
    throw new NotFound(`The secret ${secretId}, which the manifest names, does not exist here.`, { cause });
  }
}
