import type { SecretVersion } from '../rotators/rotator.ts';
import { unlessOvertaken } from './guard.ts';
import type { RotationFunction, UnguardedRotation } from './rotation-function.ts';
import { isCurrent } from './version-labels.ts';

/** The target had forgotten what is AWSCURRENT after all, a candidate or the version before: it accepts it again, while it is AWSCURRENT. */
export async function restoreCurrent(
  rotationFunction: RotationFunction,
  rotation: UnguardedRotation,
  { failed, current }: { failed: SecretVersion<unknown>; current: SecretVersion<unknown> },
): Promise<void> {
  await unlessOvertaken(
    rotationFunction,
    rotation,
    (now) => !isCurrent(now, current.versionId),
    (guarded) => rotationFunction.rotator.restore(guarded, { failed, previous: current }),
  );
}
