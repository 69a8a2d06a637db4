import { DEFAULT_PROVIDERS } from '@aws-lambda-powertools/parameters/base';
import { RotatingSecretsProvider } from './rotating-secrets-provider.ts';
import type { VersionedReader } from './versioned-reader.ts';

let shared: VersionedReader | undefined;

/** The provider that every reader of this library uses unless it is given one: made at the first read. */
export function defaultProvider(): VersionedReader {
  shared ??= new RotatingSecretsProvider();
  return shared;
}

/** Sets the shared provider, before the first read; with `undefined` the next read makes a new one. */
export function setDefaultProvider(provider: VersionedReader | undefined): void {
  shared = provider;
}

/**
 * Makes Powertools' own `getSecret()` read through a provider of this library, the shared one unless another is given,
 * so that code written against Powertools gets its versions, invalidations and healing without a change. Call it once,
 * before the first read: at the top of the handler's file.
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

/** `SECRET_PREFIX=prod` makes `db` mean `prod/db`; names that carry the prefix, and ARNs, are left as they are. */
export function withPrefix(secretId: string): string {
  const prefix = process.env.SECRET_PREFIX?.replace(/\/+$/, '');
  if (!prefix || secretId.startsWith('arn:') || secretId.startsWith(`${prefix}/`)) return secretId;
  return `${prefix}/${secretId}`;
}
