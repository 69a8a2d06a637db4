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
 * Powertools' SecretsProvider, made for secrets that rotate. All of its options keep working; beyond them each value
 * comes with its version, concurrent misses share one call whatever their transforms, a value outlives an outage of
 * Secrets Manager for a bounded time, and proof of staleness refetches at most once per cooldown.
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
      fetch: (name, read, signal) => this.#fetch(name, read, signal),
    });
    this.observe = this.#reads.observe;
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
    return this.#reads.get(name, (options ?? {}) as SecretReadOptions) as never;
  }

  /** The value with its version id. @throws as get */
  getVersioned<Value = string>(name: string, options: SecretReadOptions = {}): Promise<VersionedSecret<Value>> {
    return this.#reads.getVersioned(name, options);
  }

  /**
   * The warm value at once, parsed where `transform` says so, and refreshed in the background before it expires;
   * undefined where nothing is warm: then `get` waits for it. The parsed object is the same for everybody: do not change it.
   */
  current<Value = string>(name: string, transform?: Transform): Value | undefined {
    return this.#reads.current(name, transform);
  }

  /** Asked with proof that a version no longer works: answers the newest value that can be had. @throws SecretError */
  refetch<Value = string>(name: string, proof: RefetchProof): Promise<VersionedSecret<Value> & { changed: boolean }> {
    return this.#reads.refetch(name, proof);
  }

  /** Lets the next read fetch; with a version id, only where another version is held. By name or ARN. */
  invalidate(name: string, versionId?: string): boolean {
    return this.#reads.invalidate(name, versionId);
  }

  /** Which versions this environment holds. */
  held(): HeldVersion[] {
    return this.#reads.held();
  }

  statistics(): Readonly<CacheStatistics> {
    return this.#reads.statistics();
  }

  /** How the secrets that this environment reads are doing. Makes no call. */
  healthCheck(): Health {
    return this.#reads.healthCheck();
  }

  /** Reads a secret anew and says whether that worked, and if not, what to try. Never throws. */
  testConnection(name: string): Promise<ConnectionTest> {
    return this.#reads.testConnection(name);
  }

  override clearCache(): void {
    super.clearCache();
    this.#reads.cache.clear();
  }

  /** Powertools' own: puts a value into the cache by hand, under `name` or `name,transform`. */
  override addToCache(key: string, value: unknown, maxAge: number): void {
    if (maxAge <= 0) return;
    const { name, transform } = splitPowertoolsKey(key);
    const text = transform === 'json' ? JSON.stringify(value) : value;
    const stored = transform === 'binary' ? Buffer.from(String(value)).toString('base64') : text;
    this.#reads.cache.put(name, name, { value: stored as string | Uint8Array, versionId: undefined }, maxAge);
  }

  /** Powertools' own. */
  override hasKeyExpiredInCache(key: string): boolean {
    return this.#reads.cache.fresh(splitPowertoolsKey(key).name) === undefined;
  }

  async #fetch(name: string, options: SecretReadOptions, abortSignal: AbortSignal): Promise<Fetched> {
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

/** Which value of a secret a read is about. The released Powertools leaves stage and version out of its key. */
function keyOf(name: string, options: SecretReadOptions): string {
  const { VersionId: versionId, VersionStage: stage } = sdkOptionsOf(options) ?? {};
  if (versionId === undefined && (stage === undefined || stage === 'AWSCURRENT')) return name;
  return `${name}\n${versionId ?? ''}\n${stage ?? ''}`;
}

/** Powertools joins name and transform with a comma, which no name has. */
function splitPowertoolsKey(key: string): { name: string; transform: string | undefined } {
  const [name, transform] = key.split(',');
  return { name: name as string, transform: transform || undefined };
}
