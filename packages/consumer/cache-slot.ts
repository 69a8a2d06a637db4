import type { SecretError } from './errors.ts';
import type { Transform } from './transform-secret.ts';

/** A value as the store gave it, and what it was transformed to. */
export interface CachedVersion {
  readonly value: string | Uint8Array | undefined;
  readonly versionId: string | undefined;
  /** When the call that brought it began: it may have been replaced while the answer was under way. */
  readonly fetchedAt: number;
  expiresAt: number;
  /** From here on a synchronous read has it refreshed in the background, so that it does not run into the expiry. */
  refreshAt: number;
  /** By transform; each is made once for a version. */
  readonly transformed: Partial<Record<Transform, unknown>>;
}

/** What a store answers. */
export interface Fetched {
  readonly value: string | Uint8Array | undefined;
  readonly versionId: string | undefined;
  /** Other names of the same item, such as its ARN: an invalidation may come under any of them. */
  readonly otherNames: readonly string[];
  /** The store's own word on how long it may be kept; a shorter age of the reader's stays. */
  readonly maxAgeMilliseconds?: number;
}

/** One value of an item: its current one, or the one of a label or version. */
export interface CacheSlot {
  readonly name: string;
  /** Not the value of another label or of a version by its id. */
  readonly isCurrent: boolean;
  otherNames: readonly string[];
  version: CachedVersion | undefined;
  flight: { readonly promise: Promise<CachedVersion>; readonly startedAt: number } | undefined;
  /** The call that forced reads wait for while an older one is under way. */
  nextFlight: Promise<CachedVersion> | undefined;
  /** Failing calls in a row; after each, the next one waits longer. */
  failures: number;
  retryAt: number;
  lastError: SecretError | undefined;
  /** The call that proof of staleness asked for, while it is under way. */
  refetch: Promise<CachedVersion> | undefined;
  lastRefetchAt: number;
  lastInvalidatedAt: number;
  /** What began before an invalidation, and brings another version than the one that was told, is not kept. */
  told: { readonly versionId: string | undefined; readonly at: number } | undefined;
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

/** 1 s, 2 s, 4 s … 30 s, each shortened by up to half so that environments do not return together. */
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
    told: undefined,
  };
}
