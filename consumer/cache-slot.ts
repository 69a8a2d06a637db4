/** A value as Secrets Manager gave it, and what it was transformed to. */
export interface CachedVersion {
  readonly value: string | Uint8Array;
  readonly versionId: string | undefined;
  readonly fetchedAt: number;
  expiresAt: number;
  /** By transform name; each is made once for a version. */
  readonly transformed: Map<string, unknown>;
  /** Number of the fetch that brought it: an older fetch never overwrites a newer one. */
  readonly fetchNumber: number;
}

export interface CacheSlot {
  version: CachedVersion | undefined;
  flight: { promise: Promise<CachedVersion>; fetchNumber: number } | undefined;
  /** Failing fetches in a row; after each, the next one waits longer. */
  failures: number;
  retryAt: number;
  lastError: Error | undefined;
  lastRefetchAt: number;
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

export function emptySlot(): CacheSlot {
  return {
    version: undefined,
    flight: undefined,
    failures: 0,
    retryAt: 0,
    lastError: undefined,
    lastRefetchAt: Number.NEGATIVE_INFINITY,
  };
}

/** Which value of a secret a read is about. The released Powertools leaves stage and version out of its key. */
export function cacheKey(name: string, sdkOptions: { VersionId?: string; VersionStage?: string } | undefined): string {
  const versionId = sdkOptions?.VersionId;
  const stage = sdkOptions?.VersionStage;
  if (versionId === undefined && (stage === undefined || stage === 'AWSCURRENT')) return name;
  return `${name}\n${versionId ?? ''}\n${stage ?? ''}`;
}
