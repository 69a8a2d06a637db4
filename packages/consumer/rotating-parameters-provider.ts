import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import type {
  GetMaybeUndefined,
  SSMGetOptions,
  SSMGetOutput,
  SSMProviderOptions,
} from '@aws-lambda-powertools/parameters/ssm/types';
import { GetParameterCommand, type GetParameterCommandInput, type SSMClientConfig } from '@aws-sdk/client-ssm';
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
  readonly #reads: VersionedReads<ParameterReadOptions>;
  readonly #decrypts: boolean;

  constructor(options: RotatingParametersProviderOptions = {}) {
    super(options.awsSdkV3Client ? options : { clientConfig: throughProxy<SSMClientConfig>(options.clientConfig) });
    this.#reads = new VersionedReads(options, {
      words,
      keyOf: (name, read) => this.#key(name, read),
      fetch: (name, read, signal) => this.#fetch(name, read, signal),
    });
    this.observe = this.#reads.observe;
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
    return this.#reads.get(name, (options ?? {}) as ParameterReadOptions) as never;
  }

  /** The value with its version number. @throws as get */
  getVersioned<Value = string>(name: string, options: ParameterReadOptions = {}): Promise<VersionedSecret<Value>> {
    return this.#reads.getVersioned(name, options);
  }

  /** As RotatingSecretsProvider's. */
  current<Value = string>(name: string, transform?: Transform): Value | undefined {
    return this.#reads.current(name, transform);
  }

  /** As RotatingSecretsProvider's. @throws SecretError */
  refetch<Value = string>(name: string, proof: RefetchProof): Promise<VersionedSecret<Value> & { changed: boolean }> {
    return this.#reads.refetch(name, proof);
  }

  /** Lets the next read fetch; with a version, only where another one is held. By name or ARN. */
  invalidate(name: string, versionId?: string): boolean {
    for (const key of this.store.keys()) {
      const [item] = key.split(',') as [string];
      // A path that was read as a whole may hold it.
      if (item === name || name.startsWith(item.endsWith('/') ? item : `${item}/`)) this.store.delete(key);
    }
    return this.#reads.invalidate(name, versionId);
  }

  held(): HeldVersion[] {
    return this.#reads.held();
  }

  statistics(): Readonly<CacheStatistics> {
    return this.#reads.statistics();
  }

  healthCheck(): Health {
    return this.#reads.healthCheck();
  }

  /** Reads a parameter anew and says whether that worked, and if not, what to try. Never throws for a read that fails. */
  testConnection(name: string): Promise<ConnectionTest> {
    return this.#reads.testConnection(name);
  }

  override clearCache(): void {
    super.clearCache();
    this.#reads.cache.clear();
  }

  async #fetch(name: string, options: ParameterReadOptions, abortSignal: AbortSignal): Promise<Fetched> {
    const { stage, sdkOptions } = options;
    const Name = stage === undefined ? name : `${name}:${stage}`;
    const command = new GetParameterCommand({ ...sdkOptions, Name, WithDecryption: this.#decryptsNow(options) });
    const { Parameter } = await this.client.send(command, { abortSignal });
    return {
      value: Parameter?.Value,
      versionId: Parameter?.Version?.toString(),
      // A label or a number behind the name is of the same parameter: labels move too.
      otherNames: [Parameter?.ARN, Parameter?.Name, name.replace(/:[^:/]+$/, '')].filter(
        (other) => other !== undefined,
      ),
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
