import { createHash, randomUUID } from 'node:crypto';
import { AwsError, type Call, type Operation } from '../../service.ts';
import { accessTo, keyAccess } from './access.ts';
import { attachStages, detachStage } from './labels.ts';
import { type Secret, type SecretState, type Version, versionWith } from './state.ts';
import { invalidParameter, invalidRequest, validateName, validateRequest } from './validation.ts';

interface ValueInput {
  ClientRequestToken?: string;
  SecretString?: string;
  SecretBinary?: Uint8Array;
}

interface CreateInput extends ValueInput {
  Name: string;
  Description?: string;
  KmsKeyId?: string;
  Tags?: Secret['tags'];
  AddReplicaRegions?: { Region?: string; KmsKeyId?: string }[];
  Type?: string;
}

/** CreateSecret, PutSecretValue, UpdateSecret, UpdateSecretVersionStage. `replicate` brings replicas along. */
export function writeOperations(
  state: SecretState,
  replication: {
    replicate(secret: Secret): void;
    add(secret: Secret, regions: CreateInput['AddReplicaRegions'], force: boolean): void;
  },
): Record<string, Operation> {
  const write = (action: string, run: (input: any, call: Call) => Record<string, unknown>): Operation => ({
    validate: validateRequest,
    access: (input, call) => {
      const secret = state.find(call.region, input.SecretId);
      const touchesValue = input.SecretString !== undefined || input.SecretBinary !== undefined;
      return [
        ...accessTo(state, action, input.SecretId, call),
        ...(secret && touchesValue ? keyAccess(secret, ['GenerateDataKey', 'Decrypt'], call) : []),
      ];
    },
    handle: (input, call) => {
      const answer = run(input, call);
      const secret = state.find(call.region, input.SecretId);
      if (secret) replication.replicate(secret);
      return answer;
    },
  });
  return {
    CreateSecret: {
      validate: (input: CreateInput) => {
        validateRequest(input as unknown as Record<string, unknown>);
        validateName(input.Name);
      },
      access: (input: CreateInput, call) => [
        {
          action: 'secretsmanager:CreateSecret',
          resource: `arn:aws:secretsmanager:${call.region}:${call.accountId}:secret:${input.Name}-??????`,
          context: { 'secretsmanager:Name': input.Name },
        },
      ],
      handle: (input: CreateInput, call) => {
        const answer = createSecret(state, input, call);
        const secret = state.require(call.region, input.Name);
        if (input.AddReplicaRegions) replication.add(secret, input.AddReplicaRegions, false);
        return answer;
      },
    },
    PutSecretValue: write('PutSecretValue', (input, call) => putSecretValue(state, input, call)),
    UpdateSecret: write('UpdateSecret', (input, call) => updateSecret(state, input, call)),
    UpdateSecretVersionStage: write('UpdateSecretVersionStage', (input, call) =>
      updateSecretVersionStage(state, input, call),
    ),
  };
}

function createSecret(state: SecretState, input: CreateInput, call: Call): Record<string, unknown> {
  const token = input.ClientRequestToken ?? randomUUID();
  const existing = state.byName(call.region, input.Name);
  if (existing) return answerExisting(existing, input, token);
  const now = state.cloud.clock.now();
  const secret: Secret = {
    arn: state.newArn(call.region, input.Name),
    name: input.Name,
    region: call.region,
    createdAt: now,
    lastChangedAt: now,
    description: input.Description,
    kmsKeyId: input.KmsKeyId,
    type: input.Type,
    versions: new Map(),
    tags: input.Tags ?? [],
    replicas: [],
  };
  state.add(secret);
  const value = newValue(input);
  if (!value) return { ARN: secret.arn, Name: secret.name };
  const version = addVersion(state, secret, token, value);
  attachStages(state, secret, version, ['AWSCURRENT']);
  return { ARN: secret.arn, Name: secret.name, VersionId: token };
}

/** The same token with the same value is the same request again. */
function answerExisting(existing: Secret, input: CreateInput, token: string): Record<string, unknown> {
  if (existing.deletedAt) {
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const version = existing.versions.get(token);
  if (input.ClientRequestToken && version?.value && sameValue(version.value, newValue(input))) {
    return { ARN: existing.arn, Name: existing.name, VersionId: token };
  }
  throw new AwsError(
    'ResourceExistsException',
    `The operation failed because the secret ${input.Name} already exists.`,
  );
}

function putSecretValue(
  state: SecretState,
  input: ValueInput & { SecretId: string; VersionStages?: string[] },
  call: Call,
): Record<string, unknown> {
  const secret = state.requireLive(call.region, input.SecretId);
  refuseReplica(secret);
  const value = newValue(input);
  if (!value) throw invalidParameter('You must provide either SecretString or SecretBinary.');
  const token = input.ClientRequestToken ?? randomUUID();
  // The first value is current whatever labels it comes with.
  const stages = input.VersionStages ?? ['AWSCURRENT'];
  const version = putVersion(state, secret, token, value);
  const wanted = versionWith(secret, 'AWSCURRENT') ? stages : [...new Set([...stages, 'AWSCURRENT'])];
  attachStages(state, secret, version, wanted);
  return { ARN: secret.arn, Name: secret.name, VersionId: token, VersionStages: [...version.stages] };
}

/**
 * The same token and value: the same request again. Another value under a token: refused. An empty version, which
 * RotateSecret made, is filled. A value under another token than the candidate's abandons the rotation.
 */
function putVersion(state: SecretState, secret: Secret, token: string, value: NonNullable<Version['value']>): Version {
  const existing = secret.versions.get(token);
  if (existing?.value) {
    if (sameValue(existing.value, value)) return existing;
    throw new AwsError(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }
  const pending = versionWith(secret, 'AWSPENDING');
  if (pending && pending.versionId !== token && pending !== versionWith(secret, 'AWSCURRENT')) {
    detachStage(state, secret, pending, 'AWSPENDING');
  }
  if (existing) {
    existing.value = value;
    secret.lastChangedAt = state.cloud.clock.now();
    return existing;
  }
  return addVersion(state, secret, token, value);
}

export function addVersion(state: SecretState, secret: Secret, versionId: string, value: Version['value']): Version {
  const version: Version = {
    versionId,
    createdAt: state.cloud.clock.now(),
    value,
    stages: new Set(),
    kmsKeyId: secret.kmsKeyId,
  };
  secret.versions.set(versionId, version);
  secret.lastChangedAt = version.createdAt;
  return version;
}

function updateSecret(
  state: SecretState,
  input: ValueInput & { SecretId: string; Description?: string; KmsKeyId?: string; Type?: string },
  call: Call,
): Record<string, unknown> {
  const secret = state.requireLive(call.region, input.SecretId);
  refuseReplica(secret);
  const value = newValue(input);
  const token = input.ClientRequestToken ?? randomUUID();
  const version = value && putVersion(state, secret, token, value);
  if (input.Description !== undefined) secret.description = input.Description;
  if (input.KmsKeyId !== undefined) secret.kmsKeyId = input.KmsKeyId;
  if (input.Type !== undefined) secret.type = input.Type;
  secret.lastChangedAt = state.cloud.clock.now();
  if (version) attachStages(state, secret, version, ['AWSCURRENT']);
  return { ARN: secret.arn, Name: secret.name, ...(version && { VersionId: token }) };
}

/**
 * 1. The label is attached somewhere and RemoveFromVersionId does not name that version: refused, for every label.
 * 2. RemoveFromVersionId names a version that does not carry it: refused.
 * 3. AWSCURRENT can be moved, never removed.
 * 4. Moved, or detached.
 */
function updateSecretVersionStage(
  state: SecretState,
  input: { SecretId: string; VersionStage: string; MoveToVersionId?: string; RemoveFromVersionId?: string },
  call: Call,
): Record<string, unknown> {
  const secret = state.requireLive(call.region, input.SecretId);
  refuseReplica(secret);
  const { VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from } = input;
  const target = to === undefined ? undefined : requireVersion(secret, to);
  const source = from === undefined ? undefined : requireVersion(secret, from);
  const holder = versionWith(secret, stage);
  if (holder && !source && holder !== target) {
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.versionId}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
  if (source && holder !== source) {
    throw invalidParameter(
      holder
        ? `Staging label ${stage} is currently attached to version ${holder.versionId}, so you must explicitly reference that version in RemoveFromVersionId.`
        : `Staging label ${stage} isn't currently attached to version ${source.versionId}.`,
    );
  }
  if (!target && stage === 'AWSCURRENT') {
    throw invalidParameter(
      `You can only move staging label ${stage} to a different secret version. It can’t be completely removed.`,
    );
  }
  if (!target && !source)
    throw invalidParameter('You must provide a value for MoveToVersionId, RemoveFromVersionId, or both.');
  secret.lastChangedAt = state.cloud.clock.now();
  if (target) attachStages(state, secret, target, [stage]);
  else if (source) detachStage(state, secret, source, stage);
  return { ARN: secret.arn, Name: secret.name };
}

function requireVersion(secret: Secret, versionId: string): Version {
  const version = secret.versions.get(versionId);
  if (version) return version;
  throw new AwsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret version: ${versionId}.`,
  );
}

export function refuseReplica(secret: Secret): void {
  if (!secret.primaryRegion || secret.primaryRegion === secret.region) return;
  throw invalidRequest(
    "You can't perform this operation on a replica secret. Perform it on the primary secret instead.",
  );
}

function newValue(input: ValueInput): Version['value'] {
  if (input.SecretString !== undefined && input.SecretBinary !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (input.SecretString !== undefined) return { string: input.SecretString };
  if (input.SecretBinary !== undefined) return { binary: input.SecretBinary };
  return undefined;
}

function sameValue(a: NonNullable<Version['value']>, b: Version['value']): boolean {
  return b !== undefined && digest(a) === digest(b);
}

function digest(value: NonNullable<Version['value']>): string {
  const [kind, bytes] = 'string' in value ? ['string', Buffer.from(value.string)] : ['binary', value.binary];
  return createHash('sha256').update(kind).update(bytes).digest('hex');
}
