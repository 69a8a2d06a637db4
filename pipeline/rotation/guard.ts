import { RotationAbandoned, TargetRefused } from '../rotators/errors.ts';
import type { Rotation } from '../rotators/rotator.ts';
import { RollBackUnderWay } from './errors.ts';
import type { RotationFunction, UnguardedRotation } from './rotation-function.ts';
import type { SecretDescription } from './secret-store.ts';
import { isBeingRolledBack, isStepOvertaken } from './version-labels.ts';

/**
 * From a roll-back's last look for an emergency until it has moved AWSCURRENT; one that was killed looks again, and gives
 * way. An emergency that is older than this finds the mark of a roll-back that has died: it does not wait for it.
 */
const ROLL_BACK_MILLISECONDS = 10_000;

/** Gives a rotation the guard of one operation. `isOvertaken` judges what Secrets Manager says at each look, uncached. */
export function guarded<Settings>(
  { store }: Pick<RotationFunction, 'store'>,
  rotation: UnguardedRotation<Settings>,
  isOvertaken: (now: SecretDescription) => boolean | Promise<boolean>,
): Rotation<Settings> {
  return {
    ...rotation,
    async assertNotOvertaken() {
      if (!(await isOvertaken(await store.describe(rotation.secretArn)))) return;
      throw new RotationAbandoned(
        `${rotation.secretName}: another rotation, a roll-back or a value put by hand has taken over from version ${rotation.token}. Nothing more is changed at the target.`,
      );
    },
  };
}

/**
 * The guard of createSecret, setSecret and testSecret. An emergency also gives way to a roll-back, which is about to put the
 * credential back into use that the emergency replaces; Secrets Manager tries the step again.
 */
export function guardStep<Settings>(
  rotationFunction: Pick<RotationFunction, 'store' | 'now'>,
  rotation: UnguardedRotation<Settings>,
  before: SecretDescription,
): Rotation<Settings> {
  const { store, now } = rotationFunction;
  return guarded(rotationFunction, rotation, async (secret) => {
    if (isStepOvertaken(before, secret, rotation.token)) return true;
    if (!rotation.emergency || !isBeingRolledBack(secret)) return false;
    const madeAt = await store.createdAt(rotation.secretArn, rotation.token);
    if (now().getTime() - madeAt.getTime() >= ROLL_BACK_MILLISECONDS) return false;
    throw new RollBackUnderWay(
      `${rotation.secretName}: a roll-back puts the credential back into use that emergency ${rotation.token} replaces. Nothing was changed; Secrets Manager tries again.`,
    );
  });
}

/**
 * Writes to the target, unless the operation was overtaken by the time that the rotator looked. Answers what the writing did,
 * if it was not. Where the target refuses, one more look follows: what has overtaken may be why.
 */
export async function unlessOvertaken<Settings, Written>(
  rotationFunction: Pick<RotationFunction, 'store'>,
  rotation: UnguardedRotation<Settings>,
  isOvertaken: (now: SecretDescription) => boolean,
  write: (rotation: Rotation<Settings>) => Promise<Written>,
): Promise<{ overtaken: true } | { overtaken: false; written: Written }> {
  let wasOvertaken = false;
  const guardedRotation = guarded(rotationFunction, rotation, (now) => {
    wasOvertaken = isOvertaken(now);
    return wasOvertaken;
  });
  try {
    return { overtaken: false, written: await write(guardedRotation) };
  } catch (error) {
    const isExplained =
      wasOvertaken ||
      (error instanceof TargetRefused && isOvertaken(await rotationFunction.store.describe(rotation.secretArn)));
    if (!isExplained) throw error;
    return { overtaken: true };
  }
}
