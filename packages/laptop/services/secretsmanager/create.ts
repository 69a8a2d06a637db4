import { randomUUID } from 'node:crypto';
import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { arnOf, requestTagKeys } from './access.ts';
import { keyOf, requireEncryption } from './keys.ts';
import { attachStages } from './labels.ts';
import { type ReplicaRegions, type Replication, replicationStatus } from './replication.ts';
import type { Secret, SecretState, Tag } from './state.ts';
import { checkTags } from './tags.ts';
import { invalidRequest, requireToken, validateName, validateRequest } from './validation.ts';
import { givenValue, isSameValue, type ValueInput } from './values.ts';
import { addVersion, tokenTaken } from './versions.ts';

interface CreateInput extends ValueInput {
  Name: string;
  Description?: string;
  KmsKeyId?: string;
  Tags?: Tag[];
  AddReplicaRegions?: ReplicaRegions;
  ForceOverwriteReplicaSecret?: boolean;
  Type?: string;
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html */
export function createOperation(state: SecretState, replication: Replication): Operation<CreateInput> {
  return {
    validate: (input, call) => {
      validateRequest({ ...input });
      validateName(input.Name);
      requireToken(input, call);
      checkTags(input.Tags);
      replication.checkRegions(call.region, input.AddReplicaRegions);
    },
    access: (input, call) => [
      {
        action: 'secretsmanager:CreateSecret',
        resource: arnOf(call, input.Name),
        shownAs: input.Name,
        context: {
          'secretsmanager:Name': input.Name,
          ...(input.Description !== undefined && { 'secretsmanager:Description': input.Description }),
          ...(input.KmsKeyId && { 'secretsmanager:KmsKeyId': input.KmsKeyId }),
          ...requestTagKeys(input.Tags),
        },
      },
    ],
    handle: async (input, call) => {
      const value = givenValue(input);
      const arn = state.newArn(call.region, input.Name);
      if (!state.byName(call.region, input.Name)) {
        await requireEncryption({ arn, region: call.region }, input.KmsKeyId, call);
      }
      const token = input.ClientRequestToken ?? randomUUID();
      const existing = state.byName(call.region, input.Name);
      if (existing) return answerExisting(existing, token, value);
      const secret = newSecret(state, arn, input, call);
      state.add(secret);
      if (value) attachStages(state, secret, addVersion(state, secret, token, value), ['AWSCURRENT']);
      replication.add(secret, input.AddReplicaRegions ?? [], input.ForceOverwriteReplicaSecret === true);
      return {
        ARN: secret.arn,
        Name: secret.name,
        ...(value && { VersionId: token }),
        ...(secret.replicas.length > 0 && { ReplicationStatus: replicationStatus(state, secret) }),
      };
    },
  };
}

function newSecret(state: SecretState, arn: string, input: CreateInput, call: Call): Secret {
  const now = state.cloud.clock.now();
  return {
    arn,
    name: input.Name,
    region: call.region,
    createdAt: now,
    lastChangedAt: now,
    description: input.Description || undefined,
    kmsKeyId: keyOf(input.KmsKeyId),
    type: input.Type,
    versions: new Map(),
    tags: input.Tags,
    replicas: [],
  };
}

/** The same token with the same value is the same request again. */
function answerExisting(
  existing: Secret,
  token: string,
  value: ReturnType<typeof givenValue>,
): Record<string, unknown> {
  if (existing.deletedAt) {
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const version = existing.versions.get(token);
  if (version?.value && isSameValue(version.value, value)) {
    return { ARN: existing.arn, Name: existing.name, VersionId: token };
  }
  if (version) throw tokenTaken(existing, token);
  throw new AwsError(
    'ResourceExistsException',
    `The operation failed because the secret ${existing.name} already exists.`,
  );
}
