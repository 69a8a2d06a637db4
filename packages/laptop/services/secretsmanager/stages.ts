import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { accessTo } from './access.ts';
import { attachStages, detachStage } from './labels.ts';
import { refuseReplica } from './replication.ts';
import { type Secret, type SecretState, type Version, versionWith } from './state.ts';
import { invalidParameter, validateRequest } from './validation.ts';

interface StageInput {
  SecretId: string;
  VersionStage: string;
  MoveToVersionId?: string;
  RemoveFromVersionId?: string;
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html */
export function stageOperation(state: SecretState): Operation<StageInput> {
  return {
    validate: (input) => validateRequest({ ...input }),
    access: (input, call) =>
      accessTo(state, 'UpdateSecretVersionStage', input.SecretId, call, {
        'secretsmanager:VersionStage': input.VersionStage,
      }),
    handle: (input, call) => updateSecretVersionStage(state, input, call),
  };
}

/**
 * 1. The label is attached somewhere and RemoveFromVersionId does not name that version: refused, for every label.
 * 2. RemoveFromVersionId names a version that does not carry it: refused.
 * 3. AWSCURRENT can be moved, never removed.
 * 4. Moved, or detached.
 */
function updateSecretVersionStage(state: SecretState, input: StageInput, call: Call): Record<string, unknown> {
  const secret = state.requireLive(call.region, input.SecretId);
  refuseReplica(secret);
  const { VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from } = input;
  const target = to === undefined ? undefined : requireVersion(secret, to);
  const source = from === undefined ? undefined : requireVersion(secret, from);
  const holder = versionWith(secret, stage);
  if (holder && !source && holder !== target) throw mustName(stage, holder);
  if (source && holder !== source) {
    throw holder
      ? mustName(stage, holder)
      : invalidParameter(`Staging label ${stage} isn't currently attached to version ${source.versionId}.`);
  }
  if (!target && stage === 'AWSCURRENT') {
    throw invalidParameter(
      `You can only move staging label ${stage} to a different secret version. It can’t be completely removed.`,
    );
  }
  if (!target && !source) {
    throw invalidParameter('You must provide a value for MoveToVersionId, RemoveFromVersionId, or both.');
  }
  if (target) attachStages(state, secret, target, [stage]);
  else if (source) detachStage(state, secret, source, stage);
  state.changed(secret);
  return { ARN: secret.arn, Name: secret.name };
}

const mustName = (stage: string, holder: Version) =>
  invalidParameter(
    `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.versionId}, so you must explicitly reference that version in RemoveFromVersionId.`,
  );

function requireVersion(secret: Secret, versionId: string): Version {
  const version = secret.versions.get(versionId);
  if (version) return version;
  throw new AwsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret version: ${versionId}.`,
  );
}
