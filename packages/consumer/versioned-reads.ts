import { ParameterNotFoundError } from '@aws-lambda-powertools/parameters/errors';
import type { CacheStatistics, Fetched } from './cache-slot.ts';
import { explainReadError, SecretError, type StoreWords } from './errors.ts';
import type { Observe } from './observe.ts';
import { type CacheOptions, cacheParts } from './provider-options.ts';
import type { Transform } from './transform-secret.ts';
import { type CacheRead, promised, transformed, VersionedCache } from './versioned-cache.ts';
import {
  type ConnectionTest,
  type Health,
  type HeldVersion,
  healthOf,
  heldVersions,
  type RefetchProof,
  testRead,
  type VersionedSecret,
} from './versioned-reader.ts';

/** What a read of either store may ask for. */
export interface StoreReadOptions {
  /** Seconds. */
  maxAge?: number;
  forceFetch?: boolean;
  transform?: Transform;
  throwOnMissing?: boolean;
}

/** Where the values come from: Secrets Manager or Parameter Store. */
export interface VersionedStore<Options extends StoreReadOptions> {
  readonly words: StoreWords;
  /** Which value of an item a read is about. The current value's key is the item's name. */
  keyOf(name: string, options: Options): string;
  load(name: string, options: Options, signal: AbortSignal): Promise<Fetched>;
}

/**
 * The reads of a provider, through one cache. A provider extends a class of Powertools, so it holds these reads and passes
 * its calls on to them.
 */
export class VersionedReads<Options extends StoreReadOptions> {
  readonly cache: VersionedCache;
  readonly observe: Observe;
  readonly #store: VersionedStore<Options>;

  constructor(options: CacheOptions, store: VersionedStore<Options>) {
    const parts = cacheParts(options, (name, error) => explainReadError(store.words, name, error));
    this.cache = new VersionedCache(parts);
    this.observe = parts.observe;
    this.#store = store;
  }

  /** As Powertools' `get`. A warm value is answered without a turn of the event loop. */
  get(name: string, options: Options): Promise<unknown> {
    const { forceFetch, maxAge, transform } = options;
    const version = forceFetch ? undefined : this.cache.fresh(this.#store.keyOf(name, options), maxAge);
    return version ? promised(() => transformed(name, version, transform)) : this.#getCold(name, options);
  }

  async getVersioned<Value>(name: string, options: Options): Promise<VersionedSecret<Value>> {
    const version = await this.cache.read(this.#read(name, options));
    return { value: transformed(name, version, options.transform) as Value, versionId: version.versionId };
  }

  current<Value>(name: string, transform: Transform | undefined): Value | undefined {
    const version = this.cache.warm(name) ?? this.cache.current(this.#read(name, {} as Options));
    if (version === undefined) return undefined;
    return transformed(name, version, transform) as Value;
  }

  async refetch<Value>(name: string, proof: RefetchProof): Promise<VersionedSecret<Value> & { changed: boolean }> {
    const version = await this.cache.refetch(this.#read(name, {} as Options), proof);
    return {
      value: transformed(name, version, proof.transform) as Value,
      versionId: version.versionId,
      changed: version.versionId !== proof.seenVersionId,
    };
  }

  invalidate(name: string, versionId: string | undefined): boolean {
    return this.cache.invalidate(name, versionId);
  }

  held(): HeldVersion[] {
    return heldVersions(this.cache);
  }

  statistics(): Readonly<CacheStatistics> {
    return this.cache.statistics();
  }

  healthCheck(): Health {
    return healthOf(this.cache);
  }

  testConnection(name: string): Promise<ConnectionTest> {
    return testRead(() => this.getVersioned(name, { forceFetch: true } as Options));
  }

  async #getCold(name: string, options: Options): Promise<unknown> {
    const missing = (cause?: unknown) =>
      new ParameterNotFoundError(
        `Parameter ${name} not found in the store`,
        cause === undefined ? undefined : { cause },
      );
    try {
      const version = await this.cache.read(this.#read(name, options));
      if (version.value !== undefined || !options.throwOnMissing) return transformed(name, version, options.transform);
    } catch (error) {
      const isMissing = error instanceof SecretError && error.code === 'SecretNotFoundError';
      throw isMissing && options.throwOnMissing ? missing(error) : error;
    }
    throw missing();
  }

  #read(name: string, options: Options): CacheRead {
    return {
      key: this.#store.keyOf(name, options),
      name,
      maxAge: options.maxAge,
      force: options.forceFetch,
      fetch: (signal) => this.#store.load(name, options, signal),
    };
  }
}
