import type { SecretError } from './errors.ts';
import type { Transform } from './transform-secret.ts';

/** A value as the store returned it, with the results of its transforms. */
export interface CachedVersion {
  readonly value: string | Uint8Array | undefined;
  readonly versionId: string | undefined;
  /** When the call that returned it began. The store may have replaced the value while the answer was under way. */
  readonly fetchedAt: number;
  expiresAt: number;
  /** From this time on a synchronous read refreshes the value in the background, before it expires. */
  refreshAt: number;
  /** One result per transform, computed once per version. */
  readonly transformed: Partial<Record<Transform, unknown>>;
}

/** What a store returns. */
export interface Fetched {
  readonly value: string | Uint8Array | undefined;
  readonly versionId: string | undefined;
  /** Other names of the same item, such as its ARN. An invalidation may use any of them. */
  readonly otherNames: readonly string[];
  /** The longest age that the store allows. A shorter age of the reader applies. */
  readonly maxAgeMilliseconds?: number;
}

/** The cache entry of one value: an item's current value, or the value of a label or a version. */
export interface CacheSlot {
  readonly name: string;
  /** False for the value of another label, or of a version by its id. */
  readonly isCurrent: boolean;
  otherNames: readonly string[];
  version: CachedVersion | undefined;
  flight: { readonly promise: Promise<CachedVersion>; readonly startedAt: number } | undefined;
  /** The next call. Forced reads wait for it while an older call is under way. */
  nextFlight: Promise<CachedVersion> | undefined;
  /** Failed calls in a row. The pause before the next call grows with each. */
  failures: number;
  retryAt: number;
  lastError: SecretError | undefined;
  /** The call that a refused value caused, while it is under way. */
  refetch: Promise<CachedVersion> | undefined;
  lastRefetchAt: number;
  lastInvalidatedAt: number;
  /** The last invalidation. A call that began before it and returns another version is not kept. */
  invalidatedTo: { readonly versionId: string | undefined; readonly at: number } | undefined;
}

export interface CacheStatistics {
  hits: number;
  misses: number;
  fetches: number;
  failures: number;
  refetches: number;
  staleServes: number;
  invalidations: number;
}

const FIRST_BACK_OFF_MILLISECONDS = 1_000;
const LONGEST_BACK_OFF_MILLISECONDS = 30_000;

/** 1 s, 2 s, 4 s … 30 s. Each is shortened by up to half, so that environments do not retry at the same moment. */
export function backOffMilliseconds(failures: number, random: () => number): number {
  const longest = Math.min(LONGEST_BACK_OFF_MILLISECONDS, FIRST_BACK_OFF_MILLISECONDS * 2 ** (failures - 1));
  return longest * (0.5 + random() / 2);
}

export function emptySlot(name: string, isCurrent: boolean): CacheSlot {
  return {
    name,
    isCurrent,
    otherNames: [],
    version: undefined,
    flight: undefined,
    nextFlight: undefined,
    failures: 0,
    retryAt: 0,
    lastError: undefined,
    refetch: undefined,
    lastRefetchAt: Number.NEGATIVE_INFINITY,
    lastInvalidatedAt: Number.NEGATIVE_INFINITY,
    invalidatedTo: undefined,
  };
}
