import { createHmac, randomBytes } from 'node:crypto';
import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import type {
  GetMaybeUndefined,
  SSMGetOptions,
  SSMGetOutput,
  SSMProviderOptions,
} from '@aws-lambda-powertools/parameters/ssm/types';
import {
  GetParameterCommand,
  type GetParameterCommandInput,
  type Parameter,
  type SSMClientConfig,
} from '@aws-sdk/client-ssm';
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
    /** Whether reads decrypt a SecureString where they do not say. @default - POWERTOOLS_PARAMETERS_SSM_DECRYPT, else false */
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
 * Reads parameters that change. It is Powertools' SSMProvider, with `get` as RotatingSecretsProvider has it. The version of
 * a value is the parameter's version number. `getMultiple`, `getParametersByName` and `set` are Powertools' own, with
 * Powertools' own cache. An invalidation empties that cache too.
 *
 * @example
 * ```ts
 * import { RotatingParametersProvider } from '@keyturn/consumer/parameters';
 *
 * const parameters = new RotatingParametersProvider({ maxAgeSeconds: 60, decrypt: true });
 *
 * export const handler = async () => {
 *   const { value, versionId } = await parameters.getVersioned('/shop/banner');
 *   return { banner: value, versionId };
 * };
 * ```
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
      load: (name, read, signal) => this.#load(name, read, signal),
    });
    this.observe = this.#reads.observe;
    this.#decrypts = options.decrypt ?? this.resolveDecryptionConfigValue({}) === true;
    registerCache(this);
  }

  /** Reads a value as Powertools' get does. @throws SecretError | ParameterNotFoundError (throwOnMissing) | TransformParameterError */
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

  /** Reads a value with its version number. @throws as get */
  getVersioned<Value = string>(name: string, options: ParameterReadOptions = {}): Promise<VersionedSecret<Value>> {
    return this.#reads.getVersioned(name, options);
  }

  /** As `current` of RotatingSecretsProvider. */
  current<Value = string>(name: string, transform?: Transform): Value | undefined {
    return this.#reads.current(name, transform);
  }

  /** As `refetch` of RotatingSecretsProvider. @throws SecretError */
  refetch<Value = string>(name: string, proof: RefetchProof): Promise<VersionedSecret<Value> & { changed: boolean }> {
    return this.#reads.refetch(name, proof);
  }

  /** Expires a value, by name or ARN, so that the next read fetches it. With a version: only where another version is held. */
  invalidate(name: string, versionId?: string): boolean {
    for (const key of this.store.keys()) {
      const [item] = key.split(',') as [string];
      // The cached result of a path holds the parameters under it.
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

  /** Reads a parameter again and returns whether the read worked. A failed read does not throw. */
  testConnection(name: string): Promise<ConnectionTest> {
    return this.#reads.testConnection(name);
  }

  override clearCache(): void {
    super.clearCache();
    this.#reads.cache.clear();
  }

  async #load(name: string, options: ParameterReadOptions, abortSignal: AbortSignal): Promise<Fetched> {
    const { stage, sdkOptions } = options;
    const Name = stage === undefined ? name : `${name}:${stage}`;
    const command = new GetParameterCommand({ ...sdkOptions, Name, WithDecryption: this.#decryptsNow(options) });
    const { Parameter } = await this.client.send(command, { abortSignal });
    return {
      value: Parameter?.Value,
      versionId: versionOf(Parameter),
      // A name with a label or a number behind it is the same parameter. Labels move, so it is invalidated too.
      otherNames: [Parameter?.ARN, Parameter?.Name, name.replace(/:[^:/]+$/, '')].filter(
        (other) => other !== undefined,
      ),
    };
  }

  /** The cache key of a read. Plain text and ciphertext of a SecureString are different values. */
  #key(name: string, options: ParameterReadOptions): string {
    const key = options.stage === undefined ? name : `${name}:${options.stage}`;
    const decrypts = this.#decryptsNow(options);
    return decrypts === this.#decrypts ? key : `${key}\n${decrypts}`;
  }

  #decryptsNow({ decrypt, sdkOptions }: ParameterReadOptions): boolean {
    return decrypt ?? sdkOptions?.WithDecryption ?? this.#decrypts;
  }
}

/** Known to this process alone, so that a digest in a log or an event is no help in guessing the value. */
const digestKey = randomBytes(32);

/**
 * The number of a parameter's version. A secret that is read through Parameter Store always has version 0, so the digest of
 * its value stands for its version. https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
 */
function versionOf(parameter: Parameter | undefined): string | undefined {
  if (parameter?.Version === undefined) return undefined;
  if (parameter.Version > 0) return parameter.Version.toString();
  return createHmac('sha256', digestKey)
    .update(parameter.Value ?? '')
    .digest('hex')
    .slice(0, 16);
}
