import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import type {
  GetMaybeUndefined,
  SecretsGetOptions,
  SecretsGetOutput,
  SecretsProviderOptions,
} from '@aws-lambda-powertools/parameters/secrets/types';
import {
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  type SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import type { CacheStatistics, Fetched } from './cache-slot.ts';
import { throughProxy } from './client-proxy.ts';
import { registerCache } from './environment-caches.ts';
import type { Observe } from './observe.ts';
import type { CacheOptions } from './provider-options.ts';
import type { Transform } from './transform-secret.ts';
import type {
  ConnectionTest,
  Health,
  HeldVersion,
  RefetchProof,
  VersionedReader,
  VersionedSecret,
} from './versioned-reader.ts';
import { VersionedReads } from './versioned-reads.ts';

export type RotatingSecretsProviderOptions = SecretsProviderOptions & CacheOptions;

type SdkOptions = Omit<Partial<GetSecretValueCommandInput>, 'SecretId'>;

export interface SecretReadOptions {
  /** Seconds. */
  maxAge?: number;
  forceFetch?: boolean;
  transform?: Transform;
  throwOnMissing?: boolean;
  sdkOptions?: SdkOptions;
  /** Short for `sdkOptions: { VersionStage }`. */
  stage?: string;
}

const words = { item: 'Secret', store: 'Secrets Manager', action: 'secretsmanager:GetSecretValue' };

/**
 * Reads secrets that rotate. It is Powertools' SecretsProvider, and all options of that keep working. In addition each
 * value comes with its version, concurrent misses share one call, an expired value is served for a bounded time while
 * Secrets Manager fails, and a refused value is read again at most once per cooldown.
 *
 * @example
 * ```ts
 * import { RotatingSecretsProvider } from '@keyturn/consumer';
 *
 * const secrets = new RotatingSecretsProvider({ maxAgeSeconds: 300, staleSeconds: 3_600 });
 *
 * export const handler = async () => {
 *   const { value, versionId } = await secrets.getVersioned<{ url: string }>('shop/search', { transform: 'json' });
 *   return { url: value.url, versionId };
 * };
 * ```
 */
export class RotatingSecretsProvider extends SecretsProvider implements VersionedReader {
  readonly observe: Observe;
  readonly #reads: VersionedReads<SecretReadOptions>;

  constructor(options: RotatingSecretsProviderOptions = {}) {
    super(
      options.awsSdkV3Client
        ? options
        : { clientConfig: throughProxy<SecretsManagerClientConfig>(options.clientConfig) },
    );
    this.#reads = new VersionedReads(options, {
      words,
      keyOf,
      load: (name, read, signal) => this.#load(name, read, signal),
    });
    this.observe = this.#reads.observe;
    registerCache(this);
  }

  /** Reads a value as Powertools' get does. @throws SecretError | ParameterNotFoundError (throwOnMissing) | TransformParameterError */
  override get<
    ExplicitUserProvidedType = undefined,
    InferredFromOptionsType extends SecretsGetOptions | undefined = SecretsGetOptions,
  >(
    name: string,
    options?: NonNullable<InferredFromOptionsType & SecretsGetOptions>,
  ): Promise<
    GetMaybeUndefined<SecretsGetOutput<ExplicitUserProvidedType, InferredFromOptionsType>, InferredFromOptionsType>
  > {
    return this.#reads.get(name, (options ?? {}) as SecretReadOptions) as never;
  }

  /** Reads a value with its version id. @throws as get */
  getVersioned<Value = string>(name: string, options: SecretReadOptions = {}): Promise<VersionedSecret<Value>> {
    return this.#reads.getVersioned(name, options);
  }

  /**
   * Returns the cached value at once, and refreshes it in the background before it expires. Undefined: the cache has no
   * value that is fresh, so call `get`. All callers get the same parsed object. Do not change it.
   */
  current<Value = string>(name: string, transform?: Transform): Value | undefined {
    return this.#reads.current(name, transform);
  }

  /** Reads the newest value after a version was refused, at most once per cooldown. @throws SecretError */
  refetch<Value = string>(name: string, proof: RefetchProof): Promise<VersionedSecret<Value> & { changed: boolean }> {
    return this.#reads.refetch(name, proof);
  }

  /** Expires a value, by name or ARN, so that the next read fetches it. With a version id: only where another version is held. */
  invalidate(name: string, versionId?: string): boolean {
    return this.#reads.invalidate(name, versionId);
  }

  /** Lists the versions that this environment holds. */
  held(): HeldVersion[] {
    return this.#reads.held();
  }

  statistics(): Readonly<CacheStatistics> {
    return this.#reads.statistics();
  }

  /** Returns the state of the secrets that this environment has read. It makes no call. */
  healthCheck(): Health {
    return this.#reads.healthCheck();
  }

  /** Reads a secret again and returns whether the read worked. A failed read does not throw. */
  testConnection(name: string): Promise<ConnectionTest> {
    return this.#reads.testConnection(name);
  }

  override clearCache(): void {
    super.clearCache();
    this.#reads.cache.clear();
  }

  /** Puts a value into the cache, under `name` or `name,transform`, as Powertools does. */
  override addToCache(key: string, value: unknown, maxAge: number): void {
    if (maxAge <= 0) return;
    const { name, transform } = splitPowertoolsKey(key);
    const text = transform === 'json' ? JSON.stringify(value) : value;
    const stored = transform === 'binary' ? Buffer.from(String(value)).toString('base64') : text;
    this.#reads.cache.put(name, name, { value: stored as string | Uint8Array, versionId: undefined }, maxAge);
  }

  /** Whether a value is missing or expired, by the key that Powertools uses. */
  override hasKeyExpiredInCache(key: string): boolean {
    return this.#reads.cache.fresh(splitPowertoolsKey(key).name) === undefined;
  }

  async #load(name: string, options: SecretReadOptions, abortSignal: AbortSignal): Promise<Fetched> {
    const client = this.client as SecretsManagerClient;
    const answer = await client.send(new GetSecretValueCommand({ ...sdkOptionsOf(options), SecretId: name }), {
      abortSignal,
    });
    return {
      value: answer.SecretString ?? answer.SecretBinary,
      versionId: answer.VersionId,
      otherNames: [answer.ARN, answer.Name].filter((other) => other !== undefined),
    };
  }
}

function sdkOptionsOf({ stage, sdkOptions }: SecretReadOptions): SdkOptions | undefined {
  return stage === undefined ? sdkOptions : { ...sdkOptions, VersionStage: stage };
}

/** The cache key of a read. It holds stage and version, which Powertools 2.35 leaves out. */
function keyOf(name: string, options: SecretReadOptions): string {
  const { VersionId: versionId, VersionStage: stage } = sdkOptionsOf(options) ?? {};
  if (versionId === undefined && (stage === undefined || stage === 'AWSCURRENT')) return name;
  return `${name}\n${versionId ?? ''}\n${stage ?? ''}`;
}

/** Powertools joins name and transform with a comma, which no secret's name has. */
function splitPowertoolsKey(key: string): { name: string; transform: string | undefined } {
  const [name, transform] = key.split(',');
  return { name: name as string, transform: transform || undefined };
}
