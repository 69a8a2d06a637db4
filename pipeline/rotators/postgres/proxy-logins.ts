import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import type { Rotation } from '../rotator.ts';
import type { Tools } from './dependencies.ts';
import { loginNames } from './login-names.ts';
import { withKeyNamed } from './secondary-key.ts';

/**
 * Keeps the secret of a login that is registered with the proxy in step, before promotion. Under the rotation's own
 * token, so that a second call with the same value is no second write.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-secrets-arns.html
 */
export async function putLoginSecret(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  { username, password }: PostgresPayload,
): Promise<void> {
  const arns = rotation.settings.proxy?.loginSecretArns;
  if (!arns) return;
  const isBase = username === loginNames(rotation.secretName, username).base;
  const secretArn = isBase ? arns.base : arns.second;
  const put = new PutSecretValueCommand({
    SecretId: secretArn,
    ClientRequestToken: rotation.token,
    SecretString: JSON.stringify({ username, password }),
    ...(rotation.rotationToken && { RotationToken: rotation.rotationToken }),
  });
  await withKeyNamed(secretArn, '"loginSecretsKmsKeyArn" of "proxy"', () => tools.secretsManager.send(put));
}
