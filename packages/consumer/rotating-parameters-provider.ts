import { ParameterNotFoundError } from '@aws-lambda-powertools/parameters/errors';
import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import type {
  GetMaybeUndefined,
  SSMGetOptions,
  SSMGetOutput,
  SSMProviderOptions,
} from '@aws-lambda-powertools/parameters/ssm/types';
import { GetParameterCommand, type GetParameterCommandInput, type SSMClientConfig } from '@aws-sdk/client-ssm';
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

export type RotatingParametersProviderOptions = SSMProviderOptions &
  CacheOptions & {
    /** Whether reads that do not say decrypt a SecureString. @default - POWERTOOLS_PARAMETERS_SSM_DECRYPT, else false */
    decrypt?: boolean;
  };

export interface ParameterReadOptions {
  /** Seconds. */
  maxAge?: number;
  forceFetch?: boolean;
  transform?: Transform;
  throwOnMissing?: boolean;
  /** Of a SecureString. @default - the provider's */
  decrypt?: boolean;
  sdkOptions?: Partial<GetParameterCommandInput>;
  /** A label of the parameter: short for `name:label`. */
  stage?: string;
}

const words = { item: 'Parameter', store: 'Parameter Store', action: 'ssm:GetParameter' };

/**
 * Powertools' SSMProvider, made for parameters that change: `get` as RotatingSecretsProvider has it, the version being
 * the parameter's version number. `getMultiple`, `getParametersByName` and `set` are Powertools' own, with its own cache,
 * which an invalidation empties too.
 */
export class RotatingParametersProvider extends SSMProvider implements VersionedReader {
  readonly observe: Observe;
  readonly #cache: VersionedCache;
  readonly #decrypts: boolean;

  constructor(options: RotatingParametersProviderOptions = {}) {
    super(options.awsSdkV3Client ? options : { clientConfig: throughProxy<SSMClientConfig>(options.clientConfig) });
    const parts = cacheParts(options, (name, error) => explainReadError(words, name, error));
    this.observe = parts.observe;
    this.#cache = new VersionedCache(parts);
    this.#decrypts = options.decrypt ?? this.resolveDecryptionConfigValue({}) === true;
    registerCache(this);
  }

  /** As Powertools' get. @throws SecretError | ParameterNotFoundError (throwOnMissing) | TransformParameterError */
  override get<
    ExplicitUserProvidedType = undefined,
    InferredFromOptionsType extends SSMGetOptions | undefined = SSMGetOptions,
  >(
    name: string,
    options?: NonNullable<InferredFromOptionsType & SSMGetOptions>,
  ): Promise<
    GetMaybeUndefined<SSMGetOutput<ExplicitUserProvidedType, InferredFromOptionsType>, InferredFromOptionsType>
  > {
    const read = (options ?? {}) as ParameterReadOptions;
    const version = read.forceFetch ? undefined : this.#cache.fresh(this.#key(name, read), read.maxAge);
    return (version ? promised(() => transformed(name, version, read.transform)) : this.#get(name, read)) as never;
  }

  /** The value with its version number. @throws as get */
  async getVersioned<Value = string>(
    name: string,
    options: ParameterReadOptions = {},
  ): Promise<VersionedSecret<Value>> {
    const version = await this.#cache.read(this.#read(name, options));
    return { value: transformed(name, version, options.transform) as Value, versionId: version.versionId };
  }

  /** As RotatingSecretsProvider's. */
  current<Value = string>(name: string, transform?: Transform): Value | undefined {
    const version = this.#cache.warm(name) ?? this.#cache.current(this.#read(name, {}));
    if (version === undefined) return undefined;
    return transformed(name, version, transform) as Value;
  }

  /** As RotatingSecretsProvider's. @throws SecretError */
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

  /** Lets the next read fetch; with a version, only where another one is held. By name or ARN. */
  invalidate(name: string, versionId?: string): boolean {
    for (const key of this.store.keys()) {
      const [item] = key.split(',') as [string];
      // A path that was read as a whole may hold it.
      if (item === name || name.startsWith(item.endsWith('/') ? item : `${item}/`)) this.store.delete(key);
    }
    return this.#cache.invalidate(name, versionId);
  }

  held(): HeldVersion[] {
    return heldVersions(this.#cache);
  }

  statistics(): Readonly<CacheStatistics> {
    return this.#cache.statistics();
  }

  healthCheck(): Health {
    return healthOf(this.#cache);
  }

  /** Reads a parameter anew and says whether that worked, and if not, what to try. Never throws for a read that fails. */
  testConnection(name: string): Promise<ConnectionTest> {
    return testRead(() => this.getVersioned(name, { forceFetch: true }));
  }

  override clearCache(): void {
    super.clearCache();
    this.#cache.clear();
  }

  async #get(name: string, options: ParameterReadOptions): Promise<unknown> {
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

  #read(name: string, options: ParameterReadOptions): CacheRead {
    const { maxAge, forceFetch, sdkOptions } = options;
    const WithDecryption = this.#decryptsNow(options);
    return {
      key: this.#key(name, options),
      name,
      ...(maxAge !== undefined && { maxAge }),
      ...(forceFetch && { force: true }),
      fetch: async (abortSignal) => {
        const Name = options.stage === undefined ? name : `${name}:${options.stage}`;
        const command = new GetParameterCommand({ ...sdkOptions, Name, WithDecryption });
        const { Parameter } = await this.client.send(command, { abortSignal });
        return {
          value: Parameter?.Value,
          versionId: Parameter?.Version?.toString(),
          // A label or a number behind the name is of the same parameter: labels move too.
          otherNames: [Parameter?.ARN, Parameter?.Name, name.replace(/:[^:/]+$/, '')].filter(
            (other) => other !== undefined,
          ),
        };
      },
    };
  }

  /** The plain text of a SecureString and its ciphertext are different values. */
  #key(name: string, options: ParameterReadOptions): string {
    const key = options.stage === undefined ? name : `${name}:${options.stage}`;
    const decrypts = this.#decryptsNow(options);
    return decrypts === this.#decrypts ? key : `${key}\n${decrypts}`;
  }

  #decryptsNow({ decrypt, sdkOptions }: ParameterReadOptions): boolean {
    return decrypt ?? sdkOptions?.WithDecryption ?? this.#decrypts;
  }
}
