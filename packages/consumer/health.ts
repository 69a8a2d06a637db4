import { defaultProvider, withPrefix } from './defaults.ts';
import { databaseSecretId } from './read-config.ts';
import type { ConnectionTest, Health, VersionedReader } from './versioned-reader.ts';

/**
 * Reads a secret again and returns whether the read worked. If it failed, the message says what to try.
 *
 * @example
 * ```ts
 * import { testConnection } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   const test = await testConnection('shop/database');
 *   return test.ok ? { version: test.versionId } : { error: test.code, advice: test.message };
 * };
 * ```
 *
 * @param secretId name or ARN. The default is DB_SECRET_ARN of the environment.
 * @throws ConfigurationMissingError where there is no secretId. A failed read does not throw.
 */
export async function testConnection(
  secretId?: string,
  options: { provider?: VersionedReader } = {},
): Promise<ConnectionTest> {
  const id = databaseSecretId('testConnection', secretId);
  return (options.provider ?? defaultProvider()).testConnection(withPrefix(id));
}

/**
 * Returns the state of the secrets that this environment has read, for a health route. It makes no call and shows no
 * value.
 *
 * @example
 * ```ts
 * import { healthCheck } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   const { status, secrets } = healthCheck();
 *   return { statusCode: status === 'unhealthy' ? 503 : 200, body: JSON.stringify(secrets) };
 * };
 * ```
 */
export function healthCheck(options: { provider?: VersionedReader } = {}): Health {
  return (options.provider ?? defaultProvider()).healthCheck();
}
