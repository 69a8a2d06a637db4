/**
 * Reads secrets that rotate. Pools are in `./pool`, tokens in `./jwt` and parameters in `./parameters`, so that this entry
 * loads neither `pg` nor `jose`.
 */

export { ApiKeyAcceptor, type ApiKeyAcceptorOptions } from './api-key-acceptor.ts';
export type { CacheStatistics } from './cache-slot.ts';
export type { ConsumerAnswer, ConsumerEvent } from './contracts/consumer-events.ts';
export { getDatabaseUrl } from './database-url.ts';
export { defaultProvider, installForPowertools, setDefaultProvider } from './defaults.ts';
export {
  ConfigurationInvalidError,
  ConfigurationMissingError,
  CredentialsInvalidError,
  RedirectRefusedError,
  SecretAccessDeniedError,
  SecretError,
  SecretMalformedError,
  SecretNotFoundError,
  SecretUnavailableError,
  TokenRefusedError,
} from './errors.ts';
export { type FreshSecretsOptions, freshSecrets, withFreshSecrets } from './fresh-secrets.ts';
export { healthCheck, testConnection } from './health.ts';
export { type KnexConnection, knexConnection } from './knex-connection.ts';
export type { Observation, Observe } from './observe.ts';
export type { CacheOptions } from './provider-options.ts';
export {
  type DatabaseConfig,
  type DatabaseLogin,
  getApiKey,
  getDatabaseConfig,
  getJwtConfig,
  type JwtConfig,
  type ReadConfigOptions,
} from './read-config.ts';
export { type RotatingFetchOptions, rotatingFetch } from './rotating-fetch.ts';
export {
  RotatingSecretsProvider,
  type RotatingSecretsProviderOptions,
  type SecretReadOptions,
} from './rotating-secrets-provider.ts';
export type { Transform } from './transform-secret.ts';
export type {
  ConnectionTest,
  Health,
  HeldVersion,
  VersionedReader,
  VersionedReadOptions,
  VersionedSecret,
} from './versioned-reader.ts';
