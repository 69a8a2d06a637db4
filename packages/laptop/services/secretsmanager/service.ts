import type { Cloud, Service } from '../../cloud.ts';
import { createOperation } from './create.ts';
import { deleteOperations } from './delete.ts';
import { listOperations } from './list.ts';
import { policyOperations } from './policies.ts';
import { passwordOperation } from './random-password.ts';
import { readOperations } from './read.ts';
import { Replication } from './replication.ts';
import { NativeRotation } from './rotation.ts';
import { stageOperation } from './stages.ts';
import { SecretState, versionWith } from './state.ts';
import { tagOperations } from './tags.ts';
import { writeOperations } from './write.ts';

export interface SecretsManagerService extends Service {
  readonly name: 'secretsmanager';
  readonly state: SecretState;
  readonly rotation: NativeRotation;
  readonly replication: Replication;
  /** Every value that exists or existed in this run's versions: what a leak scan looks for. */
  values(): string[];
  /** The string under a label, for what AWS reads inside. */
  read(region: string, secretId: string, stage?: string): string | undefined;
}

export default function createSecretsManagerService(cloud: Cloud): SecretsManagerService {
  const state = new SecretState(cloud);
  const rotation = new NativeRotation(state);
  const replication = new Replication(state);
  return {
    name: 'secretsmanager',
    state,
    rotation,
    replication,
    schemas: () => import('@aws-sdk/client-secrets-manager') as Promise<Record<string, unknown>>,
    operations: {
      CreateSecret: createOperation(state, replication),
      ...readOperations(state),
      ...listOperations(state),
      ...writeOperations(state, (secret) => rotation.rearm(secret)),
      UpdateSecretVersionStage: stageOperation(state),
      ...deleteOperations(state),
      ...tagOperations(state),
      ...policyOperations(state),
      GetRandomPassword: passwordOperation(state),
      ...rotation.operations(),
      ...replication.operations(),
    },
    values: () =>
      state
        .regions()
        .flatMap((region) =>
          state
            .all(region)
            .flatMap((secret) =>
              [...secret.versions.values()].flatMap(({ value }) => (value && 'string' in value ? [value.string] : [])),
            ),
        ),
    read: (region, secretId, stage = 'AWSCURRENT') => {
      const secret = state.find(region, secretId);
      const value = secret && versionWith(secret, stage)?.value;
      return value && 'string' in value ? value.string : undefined;
    },
    reset: () => {
      rotation.reset();
      state.clear();
    },
    close: () => rotation.reset(),
  };
}
