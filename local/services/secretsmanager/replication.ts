import type { Call, Operation } from '../../service.ts';
import { accessTo } from './access.ts';
import { replicationStatus } from './read.ts';
import type { Secret, SecretState } from './state.ts';
import { invalidParameter, validateRequest } from './validation.ts';
import { refuseReplica } from './write.ts';

type Regions = { Region?: string; KmsKeyId?: string }[] | undefined;

/**
 * Replicas: a secret of the same name and suffix in another region, read-only, that follows its primary.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
 */
export class Replication {
  readonly #state: SecretState;

  constructor(state: SecretState) {
    this.#state = state;
  }

  operations(): Record<string, Operation> {
    const on = (
      action: string,
      run: (secret: Secret, input: any, call: Call) => Record<string, unknown>,
    ): Operation => ({
      validate: validateRequest,
      access: (input, call) => accessTo(this.#state, action, input.SecretId, call),
      handle: (input, call) => run(this.#state.requireLive(call.region, input.SecretId), input, call),
    });
    return {
      ReplicateSecretToRegions: on('ReplicateSecretToRegions', (secret, input) => {
        refuseReplica(secret);
        this.add(secret, input.AddReplicaRegions, input.ForceOverwriteReplicaSecret === true);
        return { ARN: secret.arn, ReplicationStatus: replicationStatus(secret) };
      }),
      RemoveRegionsFromReplication: on(
        'RemoveRegionsFromReplication',
        (secret, input: { RemoveReplicaRegions: string[] }) => {
          refuseReplica(secret);
          for (const region of input.RemoveReplicaRegions) this.#remove(secret, region);
          return { ARN: secret.arn, ReplicationStatus: replicationStatus(secret) };
        },
      ),
      StopReplicationToReplica: on('StopReplicationToReplica', (secret) => {
        const primary = secret.primaryRegion && this.#state.byName(secret.primaryRegion, secret.name);
        if (primary) primary.replicas = primary.replicas.filter((replica) => replica.region !== secret.region);
        secret.primaryRegion = undefined;
        return { ARN: secret.arn };
      }),
    };
  }

  add(secret: Secret, regions: Regions, force: boolean): void {
    for (const { Region: region, KmsKeyId: kmsKeyId } of regions ?? []) {
      if (!region || region === secret.region) throw invalidParameter('Invalid replica region.');
      const existing = this.#state.byName(region, secret.name);
      const isTaken = existing !== undefined && existing.primaryRegion !== secret.region && !force;
      secret.primaryRegion = secret.region;
      secret.replicas = secret.replicas.filter((replica) => replica.region !== region);
      secret.replicas.push({
        region,
        kmsKeyId,
        status: isTaken ? 'Failed' : 'InSync',
        ...(isTaken && { statusMessage: `Replication failed: Secret name simple already exists in region ${region}.` }),
      });
    }
    this.replicate(secret);
  }

  /** Copies the primary into its regions. */
  replicate(secret: Secret): void {
    for (const replica of secret.replicas.filter(({ status }) => status === 'InSync')) {
      const known = this.#state.byName(replica.region, secret.name);
      this.#state.add({
        ...secret,
        arn: secret.arn.replace(`:${secret.region}:`, `:${replica.region}:`),
        region: replica.region,
        kmsKeyId: replica.kmsKeyId,
        versions: new Map(
          [...secret.versions].map(([id, version]) => [id, { ...version, stages: new Set(version.stages) }]),
        ),
        lastAccessedAt: known?.lastAccessedAt,
        replicas: [],
        policy: known?.policy,
        rotationEnabled: undefined,
        rotationLambdaArn: undefined,
        nextRotationAt: undefined,
      });
    }
  }

  #remove(secret: Secret, region: string): void {
    const copy = this.#state.byName(region, secret.name);
    if (copy?.primaryRegion === secret.region) this.#state.remove(copy);
    secret.replicas = secret.replicas.filter((replica) => replica.region !== region);
  }
}
