import { DEFAULT_PROVIDERS } from '@aws-lambda-powertools/parameters/base';
import { ConfigurationMissingError } from './errors.ts';
import { RotatingSecretsProvider } from './rotating-secrets-provider.ts';
import type { VersionedReader } from './versioned-reader.ts';

let shared: VersionedReader | undefined;

/**
 * Returns the provider that all readers of this library share. The first call makes it. Readers use another provider
 * where they are given one.
 *
 * @example
 * ```ts
 * import { defaultProvider } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   const { value, versionId } = await defaultProvider().getVersioned<{ url: string }>('shop/search', { transform: 'json' });
 *   return { url: value.url, versionId };
 * };
 * ```
 */
export function defaultProvider(): VersionedReader {
  shared ??= new RotatingSecretsProvider();
  return shared;
}

/**
 * Sets the provider that all readers share. Call it before the first read. With `undefined` the next read makes a new one.
 *
 * @example
 * ```ts
 * import { RotatingSecretsProvider, setDefaultProvider } from '@keyturn/consumer';
 *
 * setDefaultProvider(new RotatingSecretsProvider({ maxAgeSeconds: 60 }));
 * ```
 */
export function setDefaultProvider(provider: VersionedReader | undefined): void {
  shared = provider;
}

/**
 * Makes Powertools' own `getSecret()` read through a provider of this library. Code that was written for Powertools then
 * gets versions, invalidations and retries without a change. Call it once, before the first read, at the top of the
 * handler's file.
 *
 * @example
 * ```ts
 * import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
 * import { installForPowertools } from '@keyturn/consumer';
 *
 * installForPowertools();
 *
 * export const handler = async () => ({ isSet: (await getSecret('shop/vendor-key')) !== undefined });
 * ```
 *
 * @param provider the provider to install. The default is the shared one.
 */
export function installForPowertools(provider?: RotatingSecretsProvider): RotatingSecretsProvider {
  if (provider) shared = provider;
  const installed = defaultProvider();
  if (!(installed instanceof RotatingSecretsProvider)) {
    throw new TypeError('getSecret() needs a RotatingSecretsProvider, and the shared provider is not one: pass it.');
  }
  DEFAULT_PROVIDERS.secrets = installed;
  return installed;
}

/** Adds the prefix of SECRET_PREFIX: with `prod`, `db` becomes `prod/db`. Names with the prefix and ARNs stay as they are. */
/** @throws ConfigurationMissingError where the name is missing or blank, as `process.env.NAME ?? ''` is where NAME is not set */
export function withPrefix(secretId: string): string {
  if (typeof secretId !== 'string' || secretId.trim() === '') {
    throw new ConfigurationMissingError(
      'Expected the name or ARN of a secret, came none. Is the environment variable set that should hold it?',
    );
  }
  const prefix = process.env.SECRET_PREFIX?.replace(/\/+$/, '');
  if (!prefix || secretId.startsWith('arn:') || secretId.startsWith(`${prefix}/`)) return secretId;
  return `${prefix}/${secretId}`;
}
