import { randomUUID } from 'node:crypto';
import type { Snapshot } from '../../environments/pool.ts';
import type { FunctionCode } from './code.ts';
import { functionNotFound } from './errors.ts';
import { functionArn } from './names.ts';

/** What a version runs with. Never changed in place: a change makes another one. */
export interface FunctionSettings {
  readonly description: string;
  readonly handler: string;
  readonly runtime: string;
  readonly roleArn: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly variables?: Readonly<Record<string, string>>;
  readonly kmsKeyArn?: string;
  /** Of the variables, under the customer's key; what GetFunctionConfiguration has to decrypt. */
  readonly sealed?: Uint8Array;
  readonly deadLetterArn?: string;
  readonly architecture: string;
  readonly ephemeralStorageMegabytes: number;
  readonly tracingMode: string;
  readonly logFormat: 'Text' | 'JSON';
  readonly logGroupName: string;
  readonly applicationLogLevel?: string;
  readonly systemLogLevel?: string;
  readonly vpc?: { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] };
  readonly code: FunctionCode;
}

export interface FunctionSnapshot extends Snapshot {
  readonly settings: FunctionSettings;
  readonly region: string;
}

export interface FunctionVersion {
  readonly version: string;
  /** Unqualified for `$LATEST`. */
  readonly arn: string;
  snapshot: FunctionSnapshot;
  revisionId: string;
  lastModified: Date;
  state: 'Pending' | 'Active';
  /** While an update is in progress: what old environments still answer with. */
  updating?: { readonly previous: FunctionSnapshot };
}

export interface Alias {
  readonly name: string;
  readonly arn: string;
  readonly functionVersion: string;
  readonly description: string;
  /** Version → share of the invocations. */
  readonly additionalWeights?: Readonly<Record<string, number>>;
  readonly revisionId: string;
}

export interface ProvisionedConcurrency {
  readonly requested: number;
  allocated: number;
  status: 'IN_PROGRESS' | 'READY' | 'FAILED';
  statusReason?: string;
  readonly lastModified: Date;
}

export interface Destination {
  readonly onSuccessArn?: string;
  readonly onFailureArn?: string;
}

export interface EventInvokeConfig {
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeSeconds?: number;
  readonly destination: Destination;
  readonly lastModified: Date;
}

export interface UrlConfig {
  readonly id: string;
  readonly functionArn: string;
  readonly qualifier?: string;
  readonly authType: 'NONE' | 'AWS_IAM';
  readonly cors?: UrlCors;
  readonly creationTime: Date;
  readonly lastModified: Date;
}

export interface UrlCors {
  readonly AllowCredentials?: boolean;
  readonly AllowHeaders?: string[];
  readonly AllowMethods?: string[];
  readonly AllowOrigins?: string[];
  readonly ExposeHeaders?: string[];
  readonly MaxAge?: number;
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: unknown;
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Record<string, Record<string, string>>;
}

export interface LambdaFunction {
  readonly name: string;
  readonly region: string;
  readonly arn: string;
  readonly latest: FunctionVersion;
  readonly versions: Map<string, FunctionVersion>;
  readonly aliases: Map<string, Alias>;
  nextVersion: number;
  /** By qualifier; '' is the function itself. */
  readonly policies: Map<string, PolicyStatement[]>;
  readonly tags: Map<string, string>;
  reservedConcurrency?: number;
  readonly provisioned: Map<string, ProvisionedConcurrency>;
  readonly eventInvokeConfigs: Map<string, EventInvokeConfig>;
  readonly urls: Map<string, UrlConfig>;
  /** Invocations at work now. */
  running: number;
}

export const newRevisionId = () => randomUUID();

/** Every function of every region. */
export class LambdaState {
  readonly #functions = new Map<string, LambdaFunction>();

  find(region: string, name: string): LambdaFunction | undefined {
    return this.#functions.get(`${region}/${name}`);
  }

  /** Throws AWS's ResourceNotFoundException. */
  get(scope: { region: string; accountId: string }, name: string, qualifier?: string): LambdaFunction {
    const found = this.find(scope.region, name);
    if (!found) throw functionNotFound(functionArn(scope, name, qualifier));
    return found;
  }

  add(fn: LambdaFunction): void {
    this.#functions.set(`${fn.region}/${fn.name}`, fn);
  }

  remove(fn: LambdaFunction): void {
    this.#functions.delete(`${fn.region}/${fn.name}`);
  }

  /** In the order of their names, as AWS pages through them. */
  list(region: string): LambdaFunction[] {
    return [...this.#functions.values()]
      .filter((fn) => fn.region === region)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  all(): LambdaFunction[] {
    return [...this.#functions.values()];
  }

  clear(): void {
    this.#functions.clear();
  }
}

/** The version that a qualifier means; an alias with weights answers one of its versions. */
export function resolveVersion(
  fn: LambdaFunction,
  qualifier: string | undefined,
  random: () => number,
): FunctionVersion {
  if (qualifier === undefined || qualifier === '$LATEST') return fn.latest;
  const alias = fn.aliases.get(qualifier);
  const number = alias ? chooseVersion(alias, random) : qualifier;
  const version = number === '$LATEST' ? fn.latest : fn.versions.get(number);
  if (!version) throw functionNotFound(`${fn.arn}:${qualifier}`);
  return version;
}

function chooseVersion(alias: Alias, random: () => number): string {
  let at = random();
  for (const [version, weight] of Object.entries(alias.additionalWeights ?? {})) {
    if (at < weight) return version;
    at -= weight;
  }
  return alias.functionVersion;
}

export function makeSnapshot(
  fn: { name: string; region: string; arn: string },
  version: string,
  settings: FunctionSettings,
  revisionId: string,
): FunctionSnapshot {
  return {
    key: randomUUID(),
    functionName: fn.name,
    functionArn: fn.arn,
    region: fn.region,
    version,
    configurationRevision: revisionId,
    settings,
  };
}
