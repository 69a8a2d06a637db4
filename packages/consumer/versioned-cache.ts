import {
  backOffMilliseconds,
  type CachedVersion,
  type CacheSlot,
  type CacheStatistics,
  emptySlot,
  type Fetched,
} from './cache-slot.ts';
import type { SecretError } from './errors.ts';
import type { Observe } from './observe.ts';
import { type Transform, transformSecret } from './transform-secret.ts';

export interface VersionedCacheParts {
  readonly maxAgeMilliseconds: number;
  readonly staleMilliseconds: number;
  readonly cooldownMilliseconds: number;
  readonly timeoutMilliseconds: number;
  readonly now: () => number;
  readonly random: () => number;
  readonly observe: Observe;
  /** Turns a store's error into one of this library. */
  explain(name: string, error: unknown): SecretError;
}

/** One read. `key` is different for each value of an item (its labels, its versions). The current value's key is its name. */
export interface CacheRead {
  readonly key: string;
  readonly name: string;
  /** Seconds. @default - the cache's */
  readonly maxAge?: number;
  readonly force?: boolean;
  /** Calls the store. The signal ends a call that takes too long. */
  fetch(signal: AbortSignal): Promise<Fetched>;
}

/** The reason for a refetch. */
export interface StalenessProof {
  /** The version that was refused. */
  readonly seenVersionId: string | undefined;
  /** For the log: `28P01`, `HTTP 401`, `unknown kid`. */
  readonly reason: string;
  /** The least time between two refetches. @default - the cache's */
  readonly cooldownMilliseconds?: number;
}

/** How many times as long a call may take where the cache has no value to serve instead. */
const COLD_TIMEOUT_FACTOR = 6;

/** After this share of a value's age a synchronous read refreshes it in the background. */
const REFRESH_AHEAD = 0.8;

/**
 * Caches the values of one store with their versions. Each value has at most one call under way. While the store fails,
 * the pauses between calls grow, and an expired value is served for a bounded time. A refused value causes at most one call
 * per cooldown.
 */
export class VersionedCache {
  readonly #parts: VersionedCacheParts;
  readonly #slots = new Map<string, CacheSlot>();
  readonly #statistics: CacheStatistics = {
    hits: 0,
    misses: 0,
    fetches: 0,
    failures: 0,
    refetches: 0,
    staleServes: 0,
    invalidations: 0,
  };

  constructor(parts: VersionedCacheParts) {
    this.#parts = parts;
  }

  /** Returns the cached value within its age, and within `maxAge` seconds where the read names them. */
  fresh(key: string, maxAge?: number): CachedVersion | undefined {
    const version = this.#slots.get(key)?.version;
    if (version === undefined) return undefined;
    const now = this.#parts.now();
    if (now >= version.expiresAt || (maxAge !== undefined && now >= version.fetchedAt + maxAge * 1000)) {
      return undefined;
    }
    this.#statistics.hits += 1;
    return version;
  }

  /** Returns the cached value, until it is due for a refresh in the background. */
  warm(key: string): CachedVersion | undefined {
    const version = this.#slots.get(key)?.version;
    if (version === undefined || this.#parts.now() >= version.refreshAt) return undefined;
    this.#statistics.hits += 1;
    return version;
  }

  /**
   * Returns the cached value, and refreshes it in the background near its expiry. An expired value is returned only while
   * the store fails. Otherwise an environment that was frozen would start with an outdated value.
   */
  current(read: Omit<CacheRead, 'force'>): CachedVersion | undefined {
    const warm = this.warm(read.key);
    const slot = this.#slots.get(read.key);
    if (warm || !slot?.version) return warm;
    const now = this.#parts.now();
    if (slot.flight === undefined && now >= slot.retryAt) {
      // The failure is observed, and the next read throws it. This read does not wait for the call.
      this.#begin(slot, read).catch(() => undefined);
    }
    if (now >= slot.version.expiresAt) {
      return this.#mayServeStale(slot, now) ? this.#serveStale(slot, slot.version) : undefined;
    }
    this.#statistics.hits += 1;
    return slot.version;
  }

  /**
   * Reads a value. In this order:
   * 1. Without `force`, a cached value within its age is returned.
   * 2. A call under way is shared, unless it is older than a call may get: such a call was frozen with its environment. A
   *    forced read shares it only if it began at this moment, since an older call may return an older value. Otherwise all
   *    forced reads share the next call.
   * 3. Within the pause after a failure, the expired value is returned or the last error is thrown, without a call. A forced
   *    read never returns an expired value, and waits out the pause only where another try may help.
   * 4. Otherwise the store is called.
   * @throws SecretError
   */
  async read(read: CacheRead): Promise<CachedVersion> {
    const warm = read.force ? undefined : this.fresh(read.key, read.maxAge);
    if (warm) return warm;
    this.#statistics.misses += 1;
    const slot = this.#slot(read.key, read.name);
    const now = this.#parts.now();
    try {
      return await this.#share(slot, read, now);
    } catch (error) {
      const version = slot.version;
      if (read.force || !version || !this.#mayServeStale(slot, this.#parts.now())) throw error;
      return this.#serveStale(slot, version);
    }
  }

  /**
   * Reads the newest value after a version was refused. It returns the cached value where that is another version already,
   * where the last refetch is younger than the cooldown, or where the store does not answer.
   * @throws SecretError where the cache has no value
   */
  async refetch(read: CacheRead, proof: StalenessProof): Promise<CachedVersion> {
    const slot = this.#slot(read.key, read.name);
    if (slot.version && slot.version.versionId !== proof.seenVersionId) return slot.version;
    const cooldown = proof.cooldownMilliseconds ?? this.#parts.cooldownMilliseconds;
    const isCooling = this.#parts.now() - slot.lastRefetchAt < cooldown;
    if (slot.version && isCooling && !slot.refetch) return slot.version;
    slot.refetch ??= this.#refetch(slot, read, proof).finally(() => {
      slot.refetch = undefined;
    });
    return slot.refetch;
  }

  async #refetch(slot: CacheSlot, read: CacheRead, proof: StalenessProof): Promise<CachedVersion> {
    slot.lastRefetchAt = this.#parts.now();
    this.#statistics.refetches += 1;
    const version = await this.read({ ...read, force: true }).catch((error: SecretError) => {
      if (slot.version) return slot.version;
      throw error;
    });
    const changed = version.versionId !== proof.seenVersionId;
    this.#parts.observe({ event: 'refetched', secretId: read.name, reason: proof.reason, changed });
    return version;
  }

  /**
   * Expires a value, so that the next read fetches it. With a version id: only where another version is held. Within one
   * cooldown only the first invalidation of a value takes effect at once, so that a flood of them causes few calls. The
   * value is still served if the store fails. Returns whether the cache holds the item in another version.
   */
  invalidate(name: string, versionId?: string): boolean {
    let isHeld = false;
    for (const slot of this.#slots.values()) {
      if (slot.name !== name && !slot.otherNames.includes(name)) continue;
      slot.invalidatedTo = { versionId, at: this.#parts.now() };
      if (!slot.version || (versionId !== undefined && slot.version.versionId === versionId)) continue;
      isHeld = true;
      const now = this.#parts.now();
      const earliest = Math.max(now, slot.lastInvalidatedAt + this.#parts.cooldownMilliseconds);
      if (slot.version.expiresAt <= earliest) continue;
      if (earliest === now) slot.lastInvalidatedAt = now;
      slot.version.expiresAt = earliest;
      slot.version.refreshAt = Math.min(slot.version.refreshAt, earliest);
      slot.retryAt = Math.min(slot.retryAt, earliest);
      this.#statistics.invalidations += 1;
      this.#parts.observe({ event: 'invalidated', secretId: name, versionId: slot.version.versionId });
    }
    return isHeld;
  }

  /** Stores a value as if it had been fetched now. */
  put(key: string, name: string, version: Omit<Fetched, 'otherNames'>, maxAge: number): void {
    const now = this.#parts.now();
    this.#slot(key, name).version = newVersion(version, now, now + maxAge * 1000);
  }

  now(): number {
    return this.#parts.now();
  }

  /** Whether a read returns a value although the last call failed. */
  isBridged(slot: CacheSlot): boolean {
    const now = this.#parts.now();
    return (slot.version !== undefined && now < slot.version.expiresAt) || this.#mayServeStale(slot, now);
  }

  slots(): readonly CacheSlot[] {
    return [...this.#slots.values()];
  }

  statistics(): Readonly<CacheStatistics> {
    return { ...this.#statistics };
  }

  clear(): void {
    this.#slots.clear();
  }

  #share(slot: CacheSlot, read: CacheRead, now: number): Promise<CachedVersion> {
    const flight =
      slot.flight && now - slot.flight.startedAt <= this.#timeoutMilliseconds(slot) ? slot.flight : undefined;
    if (flight && (!read.force || flight.startedAt === now)) return flight.promise;
    if (flight) {
      const shareNext = () => {
        slot.nextFlight = undefined;
        return this.#share(slot, read, this.#parts.now());
      };
      slot.nextFlight ??= flight.promise.then(shareNext, shareNext);
      return slot.nextFlight;
    }
    const { lastError } = slot;
    if (lastError && now < slot.retryAt && (!read.force || lastError.retryable)) return Promise.reject(lastError);
    return this.#begin(slot, read);
  }

  #begin(slot: CacheSlot, read: Omit<CacheRead, 'force'>): Promise<CachedVersion> {
    const startedAt = this.#parts.now();
    this.#statistics.fetches += 1;
    const promise = this.#call(slot, read, startedAt).finally(() => {
      if (slot.flight?.promise === promise) slot.flight = undefined;
    });
    slot.flight = { promise, startedAt };
    return promise;
  }

  async #call(slot: CacheSlot, read: Omit<CacheRead, 'force'>, startedAt: number): Promise<CachedVersion> {
    const { now, observe, explain, maxAgeMilliseconds } = this.#parts;
    try {
      const fetched = await read.fetch(AbortSignal.timeout(this.#timeoutMilliseconds(slot)));
      // A call that began earlier never overwrites the value of a later one.
      if (slot.version && slot.version.fetchedAt > startedAt) return slot.version;
      const wanted = read.maxAge === undefined ? maxAgeMilliseconds : read.maxAge * 1000;
      const age = Math.min(wanted, fetched.maxAgeMilliseconds ?? wanted);
      const before = slot.version;
      const changed = before?.versionId !== fetched.versionId;
      // A read with a shorter age does not shorten the age for other reads.
      const isOvertaken =
        slot.invalidatedTo && startedAt < slot.invalidatedTo.at && slot.invalidatedTo.versionId !== fetched.versionId;
      const expiresAt = isOvertaken ? startedAt : Math.max(startedAt + age, before && !changed ? before.expiresAt : 0);
      slot.version = newVersion(fetched, startedAt, expiresAt);
      slot.otherNames = fetched.otherNames;
      slot.failures = 0;
      slot.lastError = undefined;
      const milliseconds = now() - startedAt;
      observe({ event: 'fetched', secretId: read.name, versionId: fetched.versionId, changed, milliseconds });
      return slot.version;
    } catch (error) {
      if (slot.version && slot.version.fetchedAt > startedAt) return slot.version;
      const explained = explain(read.name, error);
      this.#statistics.failures += 1;
      slot.failures += 1;
      slot.lastError = explained;
      slot.retryAt = now() + backOffMilliseconds(slot.failures, this.#parts.random);
      observe({ event: 'fetch-failed', secretId: read.name, error: explained.code });
      throw explained;
    }
  }

  #timeoutMilliseconds({ version }: CacheSlot): number {
    return this.#parts.timeoutMilliseconds * (version ? 1 : COLD_TIMEOUT_FACTOR);
  }

  /** An outage is bridged. A refusal or a missing secret is not, because a person may have decided it. */
  #mayServeStale({ version, lastError }: CacheSlot, now: number): boolean {
    return (
      version !== undefined && lastError?.retryable === true && now < version.expiresAt + this.#parts.staleMilliseconds
    );
  }

  #serveStale(slot: CacheSlot, version: CachedVersion): CachedVersion {
    this.#statistics.staleServes += 1;
    this.#parts.observe({
      event: 'served-stale',
      secretId: slot.name,
      versionId: version.versionId,
      ageSeconds: Math.round((this.#parts.now() - version.fetchedAt) / 1000),
      error: slot.lastError?.code ?? 'unknown',
    });
    return version;
  }

  #slot(key: string, name: string): CacheSlot {
    const existing = this.#slots.get(key);
    if (existing) return existing;
    const made = emptySlot(name, key === name);
    this.#slots.set(key, made);
    return made;
  }
}

function newVersion(
  { value, versionId }: Omit<Fetched, 'otherNames'>,
  fetchedAt: number,
  expiresAt: number,
): CachedVersion {
  const refreshAt = fetchedAt + (expiresAt - fetchedAt) * REFRESH_AHEAD;
  return { value, versionId, fetchedAt, expiresAt, refreshAt, transformed: {} };
}

/** Transforms a version's value. Each transform runs once per version. @throws TransformParameterError */
export function transformed(name: string, version: CachedVersion, transform: Transform | undefined): unknown {
  if (transform === undefined || version.value === undefined) return version.value;
  const known = version.transformed[transform];
  if (known !== undefined) return known;
  const value = transformSecret(name, version.value, transform);
  version.transformed[transform] = value;
  return value;
}

/** Wraps a result in a promise without the turns of the event loop that an async function adds. */
export function promised<Value>(make: () => Value): Promise<Value> {
  try {
    return Promise.resolve(make());
  } catch (error) {
    return Promise.reject(error);
  }
}
