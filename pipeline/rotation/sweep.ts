import type { SecretVersion } from '../rotators/rotator.ts';
import { unlessOvertaken } from './guard.ts';
import { type RotationFunction, readVersion, requireVersion, type UnguardedRotation } from './rotation-function.ts';
import type { SecretDescription } from './secret-store.ts';
import { currentVersionId, isSweepOvertaken, spentVersionIds } from './version-labels.ts';

/**
 * Has the rotator remove what exists outside and belongs to no version. While another rotation may be making its candidate nothing is
 * done: what that one has made and not stored yet would look like an orphan. May be called twice.
 */
export async function sweep(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  rotation: UnguardedRotation,
): Promise<void> {
  const { rotator, store, readSettings } = rotationFunction;
  const sweepOutside = rotator.sweep?.bind(rotator);
  if (!sweepOutside) return;
  const currentId = currentVersionId(secret);
  const seen = { token: rotation.token, current: currentId };
  if (isSweepOvertaken(secret, seen)) return;

  const { gracePeriodSeconds } = (await readSettings(secret.arn)).secret;
  const current = await requireVersion(rotationFunction, secret.arn, currentId);
  const known = await readKnown(rotationFunction, secret, current);
  const currentSince = await store.createdAt(secret.arn, currentId);
  const settledAt = currentSince.getTime() + gracePeriodSeconds * 1000;
  const isSettled = rotation.emergency || settledAt <= rotationFunction.now().getTime();
  const spentIds = spentVersionIds(secret, { token: rotation.token, isSettled, emergency: rotation.emergency });
  const spent = known.filter((version) => spentIds.includes(version.versionId));
  const swept = { current, known, spent, currentSince, isSettled };
  await unlessOvertaken(
    rotationFunction,
    rotation,
    (now) => isSweepOvertaken(now, seen),
    (guarded) => sweepOutside(guarded, swept),
  );
}

async function readKnown(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  current: SecretVersion<unknown>,
): Promise<SecretVersion<unknown>[]> {
  const known = [current];
  for (const versionId of secret.stagesByVersion.keys()) {
    if (versionId === current.versionId) continue;
    const version = await readVersion(rotationFunction, secret.arn, versionId);
    if (version) known.push(version);
  }
  return known;
}
