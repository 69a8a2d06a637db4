import { ParameterNotFoundError } from '@aws-lambda-powertools/parameters/errors';
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import type {
  GetMaybeUndefined,
  SecretsGetOptions,
  SecretsGetOutput,
  SecretsProviderOptions,
} from '@aws-lambda-powertools/parameters/secrets/types';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { explainReadError, SecretError } from './errors.ts';
import { type Observe, observeToLog } from './observe.ts';
import {
  backOffMilliseconds,
  type CachedVersion,
  type CacheSlot,
  type CacheStatistics,
  cacheKey,
  emptySlot,
} from './secret-cache.ts';
import { type Transform, transformSecret } from './transform-secret.ts';

const DEFAULT_MAX_AGE_SECONDS = 300;
const DEFAULT_STALE_SECONDS = 3_600;
const DEFAULT_REFETCH_COOLDOWN_SECONDS = 5;

export type RotatingSecretsProviderOptions = SecretsProviderOptions & {
  /** Age of a value when a read does not say: SECRET_CACHE_TTL, else POWERTOOLS_PARAMETERS_MAX_AGE, else 300. */
  maxAgeSeconds?: number;
  /** How long past its age a value is served while Secrets Manager fails. @default 3600 */
  staleSeconds?: number;
  /** At least this long between two reads that proof of staleness asked for. @default 5 */
  refetchCooldownSeconds?: number;
  observe?: Observe;
  now?: () => number;
  random?: () => number;
};

/** A value with the version that it is. */
export interface VersionedSecret<Value = string> {
  readonly value: Value;
  readonly versionId: string | undefined;
}

/** What an environment holds: names and version ids, never values. */
export interface HeldVersion {
  readonly secretId: string;
  readonly versionId: string | undefined;
  readonly fetchedAt: string;
  readonly expiresAt: string;
}

type ReadOptions = {
  maxAge?: number;
  forceFetch?: boolean;
  transform?: Transform;
  throwOnMissing?: boolean;
  sdkOptions?: Record<string, unknown>;
};

/**
 * Powertools' SecretsProvider, made for secrets that rotate. All of its options keep working; beyond them each value
 * comes with its version, concurrent misses share one call whatever their transforms, a value outlives an outage of
 * Secrets Manager for a bounded time, and proof of staleness refetches at most once per cooldown.
 */
export class RotatingSecretsProvider extends SecretsProvider {
  readonly #slots = new Map<string, CacheSlot>();
  readonly #maxAgeMilliseconds: number;
  readonly #staleMilliseconds: number;
  readonly #cooldownMilliseconds: number;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly observe: Observe;
  readonly #statistics: CacheStatistics = {
    hits: 0,
    misses: 0,
    fetches: 0,
    failures: 0,
    refetches: 0,
    staleServes: 0,
    invalidations: 0,
  };
  #fetchNumber = 0;

  constructor(options: RotatingSecretsProviderOptions = {}) {
    super(options);
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#maxAgeMilliseconds = (options.maxAgeSeconds ?? defaultMaxAgeSeconds()) * 1000;
    this.#staleMilliseconds = (options.staleSeconds ?? DEFAULT_STALE_SECONDS) * 1000;
    this.#cooldownMilliseconds = (options.refetchCooldownSeconds ?? DEFAULT_REFETCH_COOLDOWN_SECONDS) * 1000;
    this.observe = options.observe ?? observeToLog((line) => void process.stdout.write(`${line}\n`), this.#now);
  }

  /** As Powertools' get. @throws SecretError | ParameterNotFoundError (throwOnMissing) | TransformParameterError */
  override get<
    ExplicitUserProvidedType = undefined,
    InferredFromOptionsType extends SecretsGetOptions | undefined = SecretsGetOptions,
  >(
    name: string,
    options?: NonNullable<InferredFromOptionsType & SecretsGetOptions>,
  ): Promise<
    GetMaybeUndefined<SecretsGetOutput<ExplicitUserProvidedType, InferredFromOptionsType>, InferredFromOptionsType>
  > {
    const read = options as ReadOptions | undefined;
    const version = read?.forceFetch ? undefined : this.#fresh(name, read?.sdkOptions);
    if (version) {
      this.#statistics.hits += 1;
      return Promise.resolve(transformed(name, version, read?.transform)) as never;
    }
    return this.#readMiss(name, read) as never;
  }

  /** The value with its version id. */
  async getVersioned<Value = string>(name: string, options?: ReadOptions): Promise<VersionedSecret<Value>> {
    const warm = options?.forceFetch ? undefined : this.#fresh(name, options?.sdkOptions);
    const version = warm ?? (await this.#fetch(name, options));
    return { value: transformed(name, version, options?.transform) as Value, versionId: version.versionId };
  }

  /**
   * The warm value at once, parsed where `transform` says so; undefined where nothing is warm. A value past its age is
   * still answered within the stale bound while it is refreshed in the background.
   */
  current<Value = string>(name: string, transform?: Transform): Value | undefined {
    const version = this.#slots.get(name)?.version;
    if (version === undefined) return undefined;
    const now = this.#now();
    if (now >= version.expiresAt) {
      if (now >= version.expiresAt + this.#staleMilliseconds) return undefined;
      this.#refreshInBackground(name);
    }
    return transformed(name, version, transform) as Value;
  }

  /**
   * Asked with proof that `seenVersionId` no longer works. Answers the newest value: the cached one where somebody has
   * refetched since, or where the last refetch is younger than the cooldown.
   */
  async refetch<Value = string>(
    name: string,
    proof: { seenVersionId: string | undefined; reason: string; transform?: Transform },
  ): Promise<VersionedSecret<Value> & { changed: boolean }> {
    const slot = this.#slot(name);
    const now = this.#now();
    const held = slot.version;
    const isNews = held !== undefined && held.versionId !== proof.seenVersionId;
    const isCooling = held !== undefined && now - slot.lastRefetchAt < this.#cooldownMilliseconds;
    let version = held;
    if (!isNews && !isCooling) {
      slot.lastRefetchAt = now;
      this.#statistics.refetches += 1;
      version = await this.#fetch(name, { forceFetch: true });
      this.observe({
        event: 'refetched',
        secretId: name,
        reason: proof.reason,
        changed: version.versionId !== proof.seenVersionId,
      });
    }
    const newest = version as CachedVersion;
    return {
      value: transformed(name, newest, proof.transform) as Value,
      versionId: newest.versionId,
      changed: newest.versionId !== proof.seenVersionId,
    };
  }

  /**
   * Lets the next read fetch. With a version id, only where another version is held. The old value stays as what is
   * served if Secrets Manager fails just then.
   */
  invalidate(name: string, versionId?: string): boolean {
    let any = false;
    for (const [key, slot] of this.#slots) {
      if (key !== name && !key.startsWith(`${name}\n`)) continue;
      if (!slot.version || (versionId !== undefined && slot.version.versionId === versionId)) continue;
      slot.version.expiresAt = Math.min(slot.version.expiresAt, this.#now());
      slot.retryAt = 0;
      any = true;
      this.#statistics.invalidations += 1;
      this.observe({ event: 'invalidated', secretId: name, versionId: slot.version.versionId });
    }
    return any;
  }

  /** Which versions this environment holds. */
  held(): HeldVersion[] {
    return [...this.#slots].flatMap(([key, { version }]) =>
      version
        ? [
            {
              secretId: key.split('\n')[0] as string,
              versionId: version.versionId,
              fetchedAt: new Date(version.fetchedAt).toISOString(),
              expiresAt: new Date(version.expiresAt).toISOString(),
            },
          ]
        : [],
    );
  }

  statistics(): Readonly<CacheStatistics> {
    return { ...this.#statistics };
  }

  override clearCache(): void {
    super.clearCache();
    this.#slots.clear();
  }

  #fresh(name: string, sdkOptions?: Record<string, unknown>): CachedVersion | undefined {
    const version = this.#slots.get(sdkOptions === undefined ? name : cacheKey(name, sdkOptions))?.version;
    return version !== undefined && this.#now() < version.expiresAt ? version : undefined;
  }

  async #readMiss(name: string, options: ReadOptions | undefined): Promise<unknown> {
    this.#statistics.misses += 1;
    try {
      return transformed(name, await this.#fetch(name, options), options?.transform);
    } catch (error) {
      const isMissing = error instanceof SecretError && error.code === 'SecretNotFoundError';
      if (isMissing && options?.throwOnMissing) {
        throw new ParameterNotFoundError(`Parameter ${name} not found in the store`, { cause: error });
      }
      throw error;
    }
  }

  /**
   * 1. A forced read starts a call of its own unless one is under way that began after the value at hand was fetched.
   * 2. After a failure, within the back-off: the stale value, or the last error, without a call.
   * 3. A call under way is shared.
   * 4. Otherwise a call.
   */
  async #fetch(name: string, options: ReadOptions | undefined): Promise<CachedVersion> {
    const slot = this.#slot(cacheKey(name, options?.sdkOptions));
    if (slot.flight) return slot.flight.promise;
    const now = this.#now();
    if (slot.lastError && now < slot.retryAt) return this.#serveStale(name, slot, slot.lastError);
    this.#fetchNumber += 1;
    const fetchNumber = this.#fetchNumber;
    const promise = this.#call(name, options, slot, fetchNumber).finally(() => {
      if (slot.flight?.fetchNumber === fetchNumber) slot.flight = undefined;
    });
    slot.flight = { promise, fetchNumber };
    return promise;
  }

  async #call(
    name: string,
    options: ReadOptions | undefined,
    slot: CacheSlot,
    fetchNumber: number,
  ): Promise<CachedVersion> {
    const startedAt = this.#now();
    this.#statistics.fetches += 1;
    try {
      const client = this.client as SecretsManagerClient;
      const answer = await client.send(new GetSecretValueCommand({ ...options?.sdkOptions, SecretId: name }));
      const fetchedAt = this.#now();
      const version: CachedVersion = {
        value: answer.SecretString ?? answer.SecretBinary ?? '',
        versionId: answer.VersionId,
        fetchedAt,
        // The age counts from when the call began: the value may have been replaced while the answer was under way.
        expiresAt: startedAt + (options?.maxAge === undefined ? this.#maxAgeMilliseconds : options.maxAge * 1000),
        transformed: new Map(),
        fetchNumber,
      };
      this.#keep(name, slot, version, fetchedAt - startedAt);
      return version;
    } catch (error) {
      return this.#serveStale(name, slot, this.#noteFailure(name, slot, error));
    }
  }

  #keep(name: string, slot: CacheSlot, version: CachedVersion, milliseconds: number): void {
    slot.failures = 0;
    slot.lastError = undefined;
    const changed = slot.version?.versionId !== version.versionId;
    if (!slot.version || slot.version.fetchNumber < version.fetchNumber) slot.version = version;
    this.observe({ event: 'fetched', secretId: name, versionId: version.versionId, changed, milliseconds });
  }

  #noteFailure(name: string, slot: CacheSlot, error: unknown): SecretError {
    const explained = explainReadError(name, error);
    this.#statistics.failures += 1;
    slot.failures += 1;
    slot.lastError = explained;
    slot.retryAt = this.#now() + backOffMilliseconds(slot.failures, this.#random);
    this.observe({ event: 'fetch-failed', secretId: name, error: explained.code });
    return explained;
  }

  /** An outage is bridged; a refusal or a missing secret is not: that is somebody's decision. */
  #serveStale(name: string, slot: CacheSlot, error: Error): CachedVersion {
    const { version } = slot;
    const isOutage = error instanceof SecretError && error.retryable;
    const now = this.#now();
    if (!version || !isOutage || now >= version.expiresAt + this.#staleMilliseconds) throw error;
    this.#statistics.staleServes += 1;
    const ageSeconds = Math.round((now - version.fetchedAt) / 1000);
    this.observe({
      event: 'served-stale',
      secretId: name,
      versionId: version.versionId,
      ageSeconds,
      error: error.name,
    });
    return version;
  }

  #refreshInBackground(name: string): void {
    const slot = this.#slot(name);
    if (slot.flight || this.#now() < slot.retryAt) return;
    // Its failure was observed and is the next read's to throw; here nobody waits for it.
    this.#fetch(name, undefined).catch(() => undefined);
  }

  #slot(key: string): CacheSlot {
    const existing = this.#slots.get(key);
    if (existing) return existing;
    const made = emptySlot();
    this.#slots.set(key, made);
    return made;
  }
}

function transformed(name: string, version: CachedVersion, transform: Transform | undefined): unknown {
  if (transform === undefined) return version.value;
  const known = version.transformed.get(transform);
  if (known !== undefined) return known;
  const value = transformSecret(name, version.value, transform);
  version.transformed.set(transform, value);
  return value;
}

function defaultMaxAgeSeconds(): number {
  for (const name of ['SECRET_CACHE_TTL', 'POWERTOOLS_PARAMETERS_MAX_AGE']) {
    const value = Number(process.env[name]);
    if (process.env[name] && Number.isFinite(value) && value >= 0) return value;
  }
  return DEFAULT_MAX_AGE_SECONDS;
}
