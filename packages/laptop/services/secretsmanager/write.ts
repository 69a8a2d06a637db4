import { randomUUID } from 'node:crypto';
import type { Call, Operation } from '../../cloud.ts';
import { accessTo } from './access.ts';
import { keyOf, requireDecryption, requireEncryption } from './keys.ts';
import { attachStages } from './labels.ts';
import { refuseReplica } from './replication.ts';
import { isScheduledByDays } from './schedule.ts';
import { type Secret, type SecretState, versionWith } from './state.ts';
import { invalidRequest, requireToken, validateRequest } from './validation.ts';
import { givenValue, type ValueInput } from './values.ts';
import { alreadyPut, putVersion } from './versions.ts';

interface PutInput extends ValueInput {
  SecretId: string;
  VersionStages?: string[];
}

interface UpdateInput extends ValueInput {
  SecretId: string;
  Description?: string;
  KmsKeyId?: string;
  Type?: string;
}

/** PutSecretValue, UpdateSecret. `rearm` moves the schedule of a secret whose days count from its last new value. */
export function writeOperations(state: SecretState, rearm: (secret: Secret) => void): Record<string, Operation> {
  return {
    PutSecretValue: {
      validate: (input: PutInput, call) => {
        validateRequest({ ...input });
        requireToken(input, call);
        if (!givenValue(input)) throw invalidRequest('You must provide either SecretString or SecretBinary.');
      },
      access: (input: PutInput, call) => accessTo(state, 'PutSecretValue', input.SecretId, call),
      handle: (input: PutInput, call) => putSecretValue(state, input, call, rearm),
    },
    UpdateSecret: {
      validate: (input: UpdateInput, call) => {
        validateRequest({ ...input });
        requireToken(input, call);
        givenValue(input);
      },
      access: (input: UpdateInput, call) =>
        accessTo(state, 'UpdateSecret', input.SecretId, call, {
          ...(input.Description !== undefined && { 'secretsmanager:Description': input.Description }),
          ...(input.KmsKeyId && { 'secretsmanager:KmsKeyId': input.KmsKeyId }),
        }),
      handle: (input: UpdateInput, call) => updateSecret(state, input, call, rearm),
    },
  };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html */
async function putSecretValue(
  state: SecretState,
  input: PutInput,
  call: Call,
  rearm: (secret: Secret) => void,
): Promise<Record<string, unknown>> {
  const secret = state.requireLive(call.region, input.SecretId);
  refuseReplica(secret);
  const value = givenValue(input)!;
  await requireEncryption(secret, secret.kmsKeyId, call);
  const token = input.ClientRequestToken ?? randomUUID();
  const answer = { ARN: secret.arn, Name: secret.name, VersionId: token };
  const same = alreadyPut(secret, token, value);
  if (same) return { ...answer, VersionStages: [...same.stages] };
  // The first value is current whatever labels it comes with.
  const given = input.VersionStages ?? ['AWSCURRENT'];
  const stages = versionWith(secret, 'AWSCURRENT') ? given : [...new Set([...given, 'AWSCURRENT'])];
  const version = putVersion(state, secret, { token, value, stages });
  attachStages(state, secret, version, stages);
  if (version.stages.has('AWSCURRENT') && isScheduledByDays(secret.rotationRules)) rearm(secret);
  state.changed(secret);
  return { ...answer, VersionStages: [...version.stages] };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html */
async function updateSecret(
  state: SecretState,
  input: UpdateInput,
  call: Call,
  rearm: (secret: Secret) => void,
): Promise<Record<string, unknown>> {
  const secret = state.requireLive(call.region, input.SecretId);
  refuseReplica(secret);
  const value = givenValue(input);
  const token = input.ClientRequestToken ?? randomUUID();
  const kmsKeyId = input.KmsKeyId === undefined ? secret.kmsKeyId : keyOf(input.KmsKeyId);
  if (value || kmsKeyId !== secret.kmsKeyId) await requireEncryption(secret, kmsKeyId, call);
  const same = value && alreadyPut(secret, token, value);
  if (same) return { ARN: secret.arn, Name: secret.name, VersionId: token };
  if (kmsKeyId !== secret.kmsKeyId) await changeKey(secret, kmsKeyId, call);
  if (input.Description !== undefined) secret.description = input.Description || undefined;
  if (input.Type !== undefined) secret.type = input.Type;
  if (value) {
    const version = putVersion(state, secret, { token, value, stages: ['AWSCURRENT'] });
    attachStages(state, secret, version, ['AWSCURRENT']);
    if (isScheduledByDays(secret.rotationRules)) rearm(secret);
  }
  state.changed(secret);
  return { ARN: secret.arn, Name: secret.name, ...(value && { VersionId: token }) };
}

/**
 * The versions under AWS's own labels are encrypted with the new key too, where the caller may decrypt them; the
 * earlier key goes on to open them.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_update-encryption-key.html
 */
async function changeKey(secret: Secret, kmsKeyId: string | undefined, call: Call): Promise<void> {
  const labelled = ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'].map((stage) => versionWith(secret, stage));
  secret.kmsKeyId = kmsKeyId;
  for (const version of new Set(labelled)) {
    if (!version?.value || !(await mayDecrypt(secret, version, call))) continue;
    version.earlierKmsKeyIds = [version.kmsKeyId, ...(version.earlierKmsKeyIds ?? [])];
    version.kmsKeyId = kmsKeyId;
  }
}

async function mayDecrypt(secret: Secret, version: Parameters<typeof requireDecryption>[1], call: Call) {
  try {
    await requireDecryption(secret, version, call);
    return true;
  } catch (error) {
    // Only a refusal is an answer here; anything else is a fault of ours.
    if ((error as { code?: string }).code === undefined) throw error;
    return false;
  }
}
