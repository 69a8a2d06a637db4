import type { SecretError } from './errors.ts';
import { type Observe, observeToLog } from './observe.ts';
import { turnClock } from './turn-clock.ts';
import type { VersionedCacheParts } from './versioned-cache.ts';

const DEFAULT_MAX_AGE_SECONDS = 300;
const DEFAULT_STALE_SECONDS = 3_600;
const DEFAULT_REFETCH_COOLDOWN_SECONDS = 5;
const DEFAULT_FETCH_TIMEOUT_SECONDS = 5;

/** The options of the providers, beside Powertools' own. */
export interface CacheOptions {
  /** How long a value is cached where a read does not say: SECRET_CACHE_TTL, else POWERTOOLS_PARAMETERS_MAX_AGE. @default 300 */
  maxAgeSeconds?: number;
  /** How long past its age a value is served while the store fails. @default 3600 */
  staleSeconds?: number;
  /** The least time between two calls after refused values (a refused login, an unknown key). @default 5 */
  refetchCooldownSeconds?: number;
  /** How long the store may take to answer, the SDK's attempts included. Six times as long where the cache has no value. @default 5 */
  fetchTimeoutSeconds?: number;
  /** Gets every event of the provider. @default - writes metric lines to stdout, for retries, refetches and stale serves */
  observe?: Observe;
  /** Milliseconds since 1970. @default - the system's time */
  now?: () => number;
  /** 0 ≤ x < 1. */
  random?: () => number;
}

export function cacheParts(
  options: CacheOptions,
  explain: (name: string, error: unknown) => SecretError,
): VersionedCacheParts {
  return {
    maxAgeMilliseconds: (options.maxAgeSeconds ?? defaultMaxAgeSeconds()) * 1000,
    staleMilliseconds: (options.staleSeconds ?? DEFAULT_STALE_SECONDS) * 1000,
    cooldownMilliseconds: (options.refetchCooldownSeconds ?? DEFAULT_REFETCH_COOLDOWN_SECONDS) * 1000,
    timeoutMilliseconds: (options.fetchTimeoutSeconds ?? DEFAULT_FETCH_TIMEOUT_SECONDS) * 1000,
    now: options.now ?? turnClock(),
    random: options.random ?? Math.random,
    observe: options.observe ?? observeToLog((line) => void process.stdout.write(`${line}\n`), options.now ?? Date.now),
    explain,
  };
}

function defaultMaxAgeSeconds(): number {
  for (const name of ['SECRET_CACHE_TTL', 'POWERTOOLS_PARAMETERS_MAX_AGE']) {
    const value = Number(process.env[name]);
    if (process.env[name] && Number.isFinite(value) && value >= 0) return value;
  }
  return DEFAULT_MAX_AGE_SECONDS;
}
