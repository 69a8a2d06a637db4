import { AWSCURRENT, AWSPENDING, AWSPREVIOUS, KEYTURN_FAILED, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { Rotation, SecretVersion } from '../rotators/rotator.ts';
import { type RotationFunction, readVersion, requireVersion } from './rotation-function.ts';
import { currentVersionId, type SecretDescription } from './secret-store.ts';
import { unlessOvertaken } from './unless-overtaken.ts';

/**
 * Has the rotator remove what exists outside and is nobody's. While another rotation may be making its candidate nothing is
 * done: what that one has made and not stored yet would look like an orphan. May be called twice.
 */
export async function sweep(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  rotation: Rotation<unknown>,
): Promise<void> {
  const { rotator, store, readSettings } = rotationFunction;
  if (!rotator.sweep) return;
  const currentId = currentVersionId(secret);
  const isOvertakenIn = (now: SecretDescription) => {
    const pending = now.versionWith(AWSPENDING);
    const isAnotherPending = pending !== undefined && pending !== rotation.token && pending !== currentId;
    return isAnotherPending || currentVersionId(now) !== currentId;
  };
  if (isOvertakenIn(secret)) return;

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
    async () => isOvertakenIn(await store.describe(secret.arn)),
    (refuseOvertaken) => rotator.sweep?.(rotation, swept, refuseOvertaken) ?? Promise.resolve(),
  );
}

/**
 * Versions whose credential nobody is meant to use any more, from labels alone. Pure. Never AWSCURRENT, nor the rotation's own
 * candidate, nor another one that is AWSPENDING, nor what AWSCURRENT, which failed its checks, is about to go back to; of the
 * rest:
 * 1. An emergency spares nothing.
 * 2. It failed its checks, and AWSCURRENT was moved back.
 * 3. It is AWSPREVIOUS: while AWSCURRENT is in flight its retirement is under way; else when the grace is over that
 *    began with AWSCURRENT. (A value was put by hand, or the secret is new to us: no retirement is under way.)
 * 4. It is a candidate that was overtaken: only the in-flight label is left.
 */
export function spentVersionIds(
  secret: Pick<SecretDescription, 'stagesByVersion' | 'versionWith' | 'stagesOf'>,
  rotation: { token: string; emergency: boolean; isSettled: boolean },
): string[] {
  const current = secret.versionWith(AWSCURRENT);
  const isInFlight = current !== undefined && secret.stagesOf(current).includes(KEYTURN_IN_FLIGHT);
  const isFailed = current !== undefined && secret.stagesOf(current).includes(KEYTURN_FAILED);
  const isSpent = (versionId: string, stages: readonly string[]): boolean => {
    if (versionId === current || versionId === rotation.token || stages.includes(AWSPENDING)) return false;
    if (isFailed && stages.includes(AWSPREVIOUS)) return false;
    if (rotation.emergency || stages.includes(KEYTURN_FAILED)) return true;
    if (stages.includes(AWSPREVIOUS)) return !isInFlight && rotation.isSettled;
    return stages.length === 1 && stages[0] === KEYTURN_IN_FLIGHT;
  };
  return [...secret.stagesByVersion].filter(([id, stages]) => isSpent(id, stages)).map(([id]) => id);
}

async function readKnown(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  current: SecretVersion<unknown>,
): Promise<SecretVersion<unknown>[]> {
  const known = [current];
  for (const [versionId, stages] of secret.stagesByVersion) {
    if (versionId === current.versionId || stages.length === 0) continue;
    const version = await readVersion(rotationFunction, secret.arn, versionId);
    if (version) known.push(version);
  }
  return known;
}
