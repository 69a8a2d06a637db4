import { randomBytes } from 'node:crypto';
import type { Cloud } from '../../cloud.ts';
import { AwsError } from '../../service.ts';

export interface Version {
  readonly versionId: string;
  readonly createdAt: Date;
  /** Undefined while empty: RotateSecret makes such a version for its candidate. */
  value: { string: string } | { binary: Uint8Array } | undefined;
  readonly stages: Set<string>;
  lastAccessedAt?: Date;
  kmsKeyId?: string;
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
  lastAccessedAt?: Date;
}

export interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly region: string;
  readonly createdAt: Date;
  description?: string;
  kmsKeyId?: string;
  readonly versions: Map<string, Version>;
  tags: { Key?: string; Value?: string }[];
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
  readonly #byRegion = new Map<string, Map<string, Secret>>();

  constructor(cloud: Cloud) {
    this.cloud = cloud;
  }

  clear(): void {
    this.#byRegion.clear();
  }

  all(region: string): Secret[] {
    const now = this.cloud.clock.now();
    const secrets = this.#secrets(region);
    for (const secret of secrets.values()) {
      if (secret.deletesAt && secret.deletesAt <= now) secrets.delete(secret.name);
    }
    return [...secrets.values()];
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

  byName(region: string, name: string): Secret | undefined {
    return this.all(region).find((secret) => secret.name === name);
  }

  /**
   * By name, whole ARN, or ARN without its random suffix. A name that itself looks like it ends in a suffix is first
   * taken as a name. https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
   */
  find(region: string, secretId: string): Secret | undefined {
    if (!secretId.startsWith('arn:')) return this.byName(region, secretId);
    const [, , service, arnRegion, account, , ...rest] = secretId.split(':');
    if (service !== 'secretsmanager' || account !== this.cloud.accountId) return undefined;
    const name = rest.join(':');
    const secrets = this.all(arnRegion || region);
    return secrets.find((secret) => secret.arn === secretId) ?? secrets.find((secret) => secret.name === name);
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
    throw new AwsError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
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
