import { defaultProvider, withPrefix } from './defaults.ts';
import { ConfigurationMissingError } from './errors.ts';
import type { ConnectionTest, Health, VersionedReader } from './versioned-reader.ts';

/**
 * Reads a secret anew and says whether that worked, and if not, what to try.
 * @param secretId name or ARN; DB_SECRET_ARN of the environment where it is missing
 * @throws ConfigurationMissingError where neither is there; never for a read that fails
 */
export async function testConnection(
  secretId: string | undefined = process.env.DB_SECRET_ARN,
  options: { provider?: VersionedReader } = {},
): Promise<ConnectionTest> {
  if (!secretId) {
    throw new ConfigurationMissingError(
      'testConnection() was told no secret. Pass its name or ARN, or set DB_SECRET_ARN to its ARN.',
    );
  }
  return (options.provider ?? defaultProvider()).testConnection(withPrefix(secretId));
}

/** How the secrets that this environment reads are doing, for a health route. Makes no call and shows no value. */
export function healthCheck(options: { provider?: VersionedReader } = {}): Health {
  return (options.provider ?? defaultProvider()).healthCheck();
}
