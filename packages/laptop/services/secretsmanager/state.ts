import { randomBytes } from 'node:crypto';
import { AwsError, type Cloud } from '../../cloud.ts';
import { invalidRequest } from './validation.ts';

export type Value = { string: string } | { binary: Uint8Array };

export interface Version {
  readonly versionId: string;
  readonly createdAt: Date;
  /** Undefined while empty: RotateSecret makes such a version for its candidate. */
  value: Value | undefined;
  readonly stages: Set<string>;
  lastAccessedAt?: Date;
  /** The key that the version is encrypted with, latest first; earlier ones still decrypt it. */
  kmsKeyId?: string;
  earlierKmsKeyIds?: (string | undefined)[];
}

export interface RotationRules {
  AutomaticallyAfterDays?: number;
  Duration?: string;
  ScheduleExpression?: string;
}

export interface Replica {
  region: string;
  kmsKeyId?: string;
  status: 'InSync' | 'Failed' | 'InProgress';
  statusMessage?: string;
}

export interface Tag {
  Key?: string;
  Value?: string;
}

export interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly region: string;
  readonly createdAt: Date;
  description?: string;
  kmsKeyId?: string;
  readonly versions: Map<string, Version>;
  /** Undefined until the secret gets its first: what was tagged once answers an empty list afterwards. */
  tags?: Tag[];
  policy?: string;
  lastChangedAt: Date;
  lastAccessedAt?: Date;
  lastRotatedAt?: Date;
  nextRotationAt?: Date;
  rotationEnabled?: boolean;
  rotationLambdaArn?: string;
  rotationRules?: RotationRules;
  deletedAt?: Date;
  deletesAt?: Date;
  owningService?: string;
  type?: string;
  primaryRegion?: string;
  replicas: Replica[];
}

const SUFFIX = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Every secret of every region. Values live here and nowhere else. */
export class SecretState {
  readonly cloud: Cloud;
  /** What follows a secret about: its replicas. */
  onChange: (secret: Secret) => void = () => {};
  readonly #byRegion = new Map<string, Map<string, Secret>>();

  constructor(cloud: Cloud) {
    this.cloud = cloud;
  }

  clear(): void {
    this.#byRegion.clear();
  }

  /** In the order in which they were made. */
  all(region: string): Secret[] {
    this.#purge(region);
    return [...this.#secrets(region).values()];
  }

  regions(): string[] {
    return [...this.#byRegion.keys()];
  }

  newArn(region: string, name: string): string {
    const suffix = [...randomBytes(6)].map((byte) => SUFFIX[byte % SUFFIX.length]).join('');
    return `arn:aws:secretsmanager:${region}:${this.cloud.accountId}:secret:${name}-${suffix}`;
  }

  add(secret: Secret): void {
    this.#secrets(secret.region).set(secret.name, secret);
  }

  remove(secret: Secret): void {
    this.#secrets(secret.region).delete(secret.name);
  }

  /** Whether this very secret is still there, rather than one of the same name. */
  holds(secret: Secret): boolean {
    return this.#secrets(secret.region).get(secret.name) === secret;
  }

  /** Notes that a secret was modified "in any way", and brings its replicas along. */
  changed(secret: Secret): void {
    secret.lastChangedAt = this.cloud.clock.now();
    this.onChange(secret);
  }

  byName(region: string, name: string): Secret | undefined {
    this.#purge(region);
    return this.#secrets(region).get(name);
  }

  /**
   * 1. A name.
   * 2. A whole ARN.
   * 3. An ARN without its hyphen and six random characters. One that ends in a hyphen and six characters is taken for a
   *    whole ARN, whatever it was meant to be.
   *
   * An endpoint knows the secrets of its own region only.
   * https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
   */
  find(region: string, secretId: string): Secret | undefined {
    if (!secretId.startsWith('arn:')) return this.byName(region, secretId);
    const [, , service, arnRegion, account, kind, ...rest] = secretId.split(':');
    if (service !== 'secretsmanager' || arnRegion !== region || account !== this.cloud.accountId || kind !== 'secret') {
      return undefined;
    }
    const name = rest.join(':');
    const isWhole = /-[A-Za-z0-9]{6}$/.test(name);
    const secret = this.byName(region, isWhole ? name.slice(0, -7) : name);
    return isWhole && secret?.arn !== secretId ? undefined : secret;
  }

  require(region: string, secretId: string): Secret {
    const secret = this.find(region, secretId);
    if (secret) return secret;
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  /** As `require`, and refused while the secret waits for its deletion. */
  requireLive(region: string, secretId: string): Secret {
    const secret = this.require(region, secretId);
    if (!secret.deletedAt) return secret;
    throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
  }

  #purge(region: string): void {
    const now = this.cloud.clock.now();
    const secrets = this.#secrets(region);
    for (const secret of secrets.values()) {
      if (secret.deletesAt && secret.deletesAt <= now) secrets.delete(secret.name);
    }
  }

  #secrets(region: string): Map<string, Secret> {
    const existing = this.#byRegion.get(region);
    if (existing) return existing;
    const made = new Map<string, Secret>();
    this.#byRegion.set(region, made);
    return made;
  }
}

export function versionWith(secret: Secret, stage: string): Version | undefined {
  return [...secret.versions.values()].find((version) => version.stages.has(stage));
}

export function versionIdsToStages(secret: Secret): Record<string, string[]> {
  const labelled = [...secret.versions.values()].filter((version) => version.stages.size > 0);
  return Object.fromEntries(labelled.map((version) => [version.versionId, [...version.stages]]));
}
