import { AwsError } from '../../cloud.ts';
import { detachStage } from './labels.ts';
import { type Secret, type SecretState, type Value, type Version, versionWith } from './state.ts';
import { isSameValue } from './values.ts';

export function addVersion(state: SecretState, secret: Secret, versionId: string, value: Value | undefined): Version {
  const createdAt = state.cloud.clock.now();
  const version: Version = { versionId, createdAt, value, stages: new Set(), kmsKeyId: secret.kmsKeyId };
  secret.versions.set(versionId, version);
  return version;
}

/** The version that this very request made before; undefined when it is new. @throws ResourceExistsException */
export function alreadyPut(secret: Secret, token: string, value: Value): Version | undefined {
  const existing = secret.versions.get(token);
  if (!existing?.value) return undefined;
  if (isSameValue(existing.value, value)) return existing;
  throw tokenTaken(secret, token);
}

export function tokenTaken(secret: Secret, token: string): AwsError {
  return new AwsError(
    'ResourceExistsException',
    `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${secret.arn}.`,
  );
}

/**
 * Stores a value under a token that has none yet. An empty version, which RotateSecret made, is filled. A value under
 * another token than the candidate's abandons the rotation, and one that becomes AWSCURRENT takes AWSPENDING off
 * whatever version carries it.
 */
export function putVersion(
  state: SecretState,
  secret: Secret,
  put: { token: string; value: Value; stages: readonly string[] },
): Version {
  const pending = versionWith(secret, 'AWSPENDING');
  const isCandidate = pending !== undefined && pending !== versionWith(secret, 'AWSCURRENT');
  if (pending && pending.versionId !== put.token && (isCandidate || put.stages.includes('AWSCURRENT'))) {
    detachStage(state, secret, pending, 'AWSPENDING');
  }
  const existing = secret.versions.get(put.token);
  if (!existing) return addVersion(state, secret, put.token, put.value);
  existing.value = put.value;
  existing.kmsKeyId = secret.kmsKeyId;
  return existing;
}
