import { ParameterNotFoundError } from '@aws-lambda-powertools/parameters/errors';
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
import type { CacheStatistics } from './cache-slot.ts';
import { throughProxy } from './client-proxy.ts';
import { registerCache } from './environment-caches.ts';
import { explainReadError, SecretError } from './errors.ts';
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
  type VersionedReader,
  type VersionedSecret,
} from './versioned-reader.ts';

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
 * Powertools' SecretsProvider, made for secrets that rotate. All of its options keep working; beyond them each value
 * comes with its version, concurrent misses share one call whatever their transforms, a value outlives an outage of
 * Secrets Manager for a bounded time, and proof of staleness refetches at most once per cooldown.
 */
export class RotatingSecretsProvider extends SecretsProvider implements VersionedReader {
  readonly observe: Observe;
  readonly #cache: VersionedCache;

  constructor(options: RotatingSecretsProviderOptions = {}) {
    super(
      options.awsSdkV3Client
        ? options
        : { clientConfig: throughProxy<SecretsManagerClientConfig>(options.clientConfig) },
    );
    const parts = cacheParts(options, (name, error) => explainReadError(words, name, error));
    this.observe = parts.observe;
    this.#cache = new VersionedCache(parts);
    registerCache(this);
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
    const read = options as SecretReadOptions | undefined;
    const version = read?.forceFetch ? undefined : this.#cache.fresh(keyOf(name, read?.sdkOptions), read?.maxAge);
    return (version ? promised(() => transformed(name, version, read?.transform)) : this.#get(name, read)) as never;
  }

  /** The value with its version id. @throws as get */
  async getVersioned<Value = string>(name: string, options: SecretReadOptions = {}): Promise<VersionedSecret<Value>> {
    const version = await this.#cache.read(this.#read(name, options));
    return { value: transformed(name, version, options.transform) as Value, versionId: version.versionId };
  }

  /**
   * The warm value at once, parsed where `transform` says so, and refreshed in the background before it expires;
   * undefined where nothing is warm: then `get` waits for it. The parsed object is the same for everybody: do not change it.
   */
  current<Value = string>(name: string, transform?: Transform): Value | undefined {
    const version = this.#cache.warm(name) ?? this.#cache.current(this.#read(name, {}));
    if (version === undefined) return undefined;
    return transformed(name, version, transform) as Value;
  }

  /** Asked with proof that a version no longer works: answers the newest value that can be had. @throws SecretError */
  async refetch<Value = string>(
    name: string,
    proof: RefetchProof,
  ): Promise<VersionedSecret<Value> & { changed: boolean }> {
    const version = await this.#cache.refetch(this.#read(name, {}), proof);
    return {
      value: transformed(name, version, proof.transform) as Value,
      versionId: version.versionId,
      changed: version.versionId !== proof.seenVersionId,
    };
  }

  /** Lets the next read fetch; with a version id, only where another version is held. By name or ARN. */
  invalidate(name: string, versionId?: string): boolean {
    return this.#cache.invalidate(name, versionId);
  }

  /** Which versions this environment holds. */
  held(): HeldVersion[] {
    return heldVersions(this.#cache);
  }

  statistics(): Readonly<CacheStatistics> {
    return this.#cache.statistics();
  }

  /** How the secrets that this environment reads are doing. Makes no call. */
  healthCheck(): Health {
    return healthOf(this.#cache);
  }

  /** Reads a secret anew and says whether that worked, and if not, what to try. Never throws. */
  testConnection(name: string): Promise<ConnectionTest> {
    return testRead(() => this.getVersioned(name, { forceFetch: true }));
  }

  override clearCache(): void {
    super.clearCache();
    this.#cache.clear();
  }

  /** Powertools' own: puts a value into the cache by hand, under `name` or `name,transform`. */
  override addToCache(key: string, value: unknown, maxAge: number): void {
    if (maxAge <= 0) return;
    const { name, transform } = splitPowertoolsKey(key);
    const text = transform === 'json' ? JSON.stringify(value) : value;
    const stored = transform === 'binary' ? Buffer.from(String(value)).toString('base64') : text;
    this.#cache.put(name, name, { value: stored as string | Uint8Array, versionId: undefined }, maxAge);
  }

  /** Powertools' own. */
  override hasKeyExpiredInCache(key: string): boolean {
    return this.#cache.fresh(splitPowertoolsKey(key).name) === undefined;
  }

  async #get(name: string, options: SecretReadOptions = {}): Promise<unknown> {
    try {
      const version = await this.#cache.read(this.#read(name, options));
      if (version.value !== undefined || !options.throwOnMissing) return transformed(name, version, options.transform);
    } catch (error) {
      const isMissing = error instanceof SecretError && error.code === 'SecretNotFoundError';
      if (!isMissing || !options.throwOnMissing) throw error;
      throw new ParameterNotFoundError(`Parameter ${name} not found in the store`, { cause: error });
    }
    throw new ParameterNotFoundError(`Parameter ${name} not found in the store`);
  }

  #read(name: string, { stage, maxAge, forceFetch, ...options }: SecretReadOptions): CacheRead {
    const sdkOptions = stage === undefined ? options.sdkOptions : { ...options.sdkOptions, VersionStage: stage };
    return {
      key: keyOf(name, sdkOptions),
      name,
      ...(maxAge !== undefined && { maxAge }),
      ...(forceFetch && { force: true }),
      fetch: async (abortSignal) => {
        const client = this.client as SecretsManagerClient;
        const command = new GetSecretValueCommand({ ...sdkOptions, SecretId: name });
        const answer = await client.send(command, { abortSignal });
        return {
          value: answer.SecretString ?? answer.SecretBinary,
          versionId: answer.VersionId,
          otherNames: [answer.ARN, answer.Name].filter((other) => other !== undefined),
        };
      },
    };
  }
}

/** Which value of a secret a read is about. The released Powertools leaves stage and version out of its key. */
function keyOf(name: string, sdkOptions: SdkOptions | undefined): string {
  const versionId = sdkOptions?.VersionId;
  const stage = sdkOptions?.VersionStage;
  if (versionId === undefined && (stage === undefined || stage === 'AWSCURRENT')) return name;
  return `${name}\n${versionId ?? ''}\n${stage ?? ''}`;
}

/** Powertools joins name and transform with a comma, which no name has. */
function splitPowertoolsKey(key: string): { name: string; transform: string | undefined } {
  const [name, transform] = key.split(',');
  return { name: name as string, transform: transform || undefined };
}
