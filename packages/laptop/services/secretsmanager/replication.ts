import type { Call, Operation } from '../../cloud.ts';
import { accessTo } from './access.ts';
import { startOfDay } from './dates.ts';
import type { Secret, SecretState, Version } from './state.ts';
import { invalidParameter, invalidRequest, validateRequest } from './validation.ts';

export type ReplicaRegions = readonly { Region?: string; KmsKeyId?: string }[];

/**
 * Replicas: a secret of the same name and suffix in another region, read-only, that follows its primary: values,
 * labels, description, tags, resource policy. On the laptop they follow at once.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
 */
export class Replication {
  readonly #state: SecretState;

  constructor(state: SecretState) {
    this.#state = state;
    state.onChange = (secret) => this.#copy(secret);
  }

  operations(): Record<string, Operation> {
    const on = (
      action: string,
      run: (secret: Secret, input: any, call: Call) => Record<string, unknown>,
    ): Operation => ({
      validate: (input) => validateRequest({ ...input }),
      access: (input, call) => accessTo(this.#state, action, input.SecretId, call),
      handle: (input, call) => run(this.#state.requireLive(call.region, input.SecretId), input, call),
    });
    const answer = (secret: Secret) => ({
      ARN: secret.arn,
      ReplicationStatus: replicationStatus(this.#state, secret),
    });
    return {
      ReplicateSecretToRegions: on('ReplicateSecretToRegions', (secret, input) => {
        refuseReplica(secret);
        this.checkRegions(secret.region, input.AddReplicaRegions);
        this.add(secret, input.AddReplicaRegions, input.ForceOverwriteReplicaSecret === true);
        return answer(secret);
      }),
      RemoveRegionsFromReplication: on('RemoveRegionsFromReplication', (secret, input) => {
        refuseReplica(secret);
        for (const region of input.RemoveReplicaRegions) this.#remove(secret, region);
        this.#state.changed(secret);
        return answer(secret);
      }),
      StopReplicationToReplica: on('StopReplicationToReplica', (secret) => this.#promote(secret)),
    };
  }

  /** @throws InvalidParameterException for a region that no replica can be in */
  checkRegions(own: string, regions: ReplicaRegions | undefined): void {
    for (const { Region: region } of regions ?? []) {
      if (region !== undefined && region !== own && /^([a-z]+-)+\d+$/.test(region)) continue;
      throw invalidParameter('Invalid replica region.');
    }
  }

  /** A region that has a secret of this name answers Failed, unless it may be overwritten. */
  add(secret: Secret, regions: ReplicaRegions, force: boolean): void {
    if (regions.length === 0) return;
    secret.primaryRegion = secret.region;
    for (const { Region: region, KmsKeyId: kmsKeyId } of regions as { Region: string; KmsKeyId?: string }[]) {
      const existing = this.#state.byName(region, secret.name);
      const isTaken = existing !== undefined && existing.primaryRegion !== secret.region && !force;
      const statusMessage = `Replication failed: Secret name ${secret.name} already exists in region ${region}.`;
      secret.replicas = secret.replicas.filter((replica) => replica.region !== region);
      secret.replicas.push(
        isTaken ? { region, kmsKeyId, status: 'Failed', statusMessage } : { region, kmsKeyId, status: 'InSync' },
      );
    }
    this.#state.changed(secret);
  }

  #copy(secret: Secret): void {
    for (const { region, kmsKeyId } of secret.replicas.filter(({ status }) => status === 'InSync')) {
      const known = this.#state.byName(region, secret.name);
      const copyVersion = (version: Version): Version => ({
        ...version,
        stages: new Set(version.stages),
        lastAccessedAt: known?.versions.get(version.versionId)?.lastAccessedAt,
        kmsKeyId,
        earlierKmsKeyIds: undefined,
      });
      this.#state.add({
        ...secret,
        arn: secret.arn.replace(`:${secret.region}:`, `:${region}:`),
        region,
        kmsKeyId,
        versions: new Map([...secret.versions].map(([id, version]) => [id, copyVersion(version)])),
        lastAccessedAt: known?.lastAccessedAt,
        replicas: [],
        rotationEnabled: undefined,
        rotationLambdaArn: undefined,
        rotationRules: undefined,
        nextRotationAt: undefined,
      });
    }
  }

  #remove(secret: Secret, region: string): void {
    const copy = this.#state.byName(region, secret.name);
    if (copy?.primaryRegion === secret.region) this.#state.remove(copy);
    secret.replicas = secret.replicas.filter((replica) => replica.region !== region);
  }

  /** The replica becomes a secret of its own. */
  #promote(replica: Secret): Record<string, unknown> {
    if (!isReplica(replica)) throw invalidRequest('Operation is only permitted on a replica secret.');
    const primary = this.#state.byName(replica.primaryRegion!, replica.name);
    if (primary) primary.replicas = primary.replicas.filter(({ region }) => region !== replica.region);
    replica.primaryRegion = undefined;
    this.#state.changed(replica);
    return { ARN: replica.arn };
  }
}

export function replicationStatus(state: SecretState, secret: Secret): Record<string, unknown>[] {
  return secret.replicas.map((replica) => {
    const accessed = state.byName(replica.region, secret.name)?.lastAccessedAt;
    return {
      Region: replica.region,
      KmsKeyId: replica.kmsKeyId || 'alias/aws/secretsmanager',
      Status: replica.status,
      StatusMessage: replica.statusMessage,
      LastAccessedDate: replica.status === 'InSync' && accessed ? startOfDay(accessed) : undefined,
    };
  });
}

const isReplica = (secret: Secret) => secret.primaryRegion !== undefined && secret.primaryRegion !== secret.region;

export function refuseReplica(secret: Secret): void {
  if (!isReplica(secret)) return;
  throw invalidParameter("Operation not permitted on a replica secret. Call must be made in primary secret's region.");
}
