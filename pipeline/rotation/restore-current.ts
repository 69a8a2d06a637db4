import type { Rotation, SecretVersion } from '../rotators/rotator.ts';
import type { RotationFunction } from './rotation-function.ts';
import { unlessOvertaken } from './unless-overtaken.ts';
import { isCurrent } from './version-labels.ts';

/** The target had forgotten what is AWSCURRENT after all, a candidate or the version before: it accepts it again, while it is AWSCURRENT. */
export async function restoreCurrent(
  { rotator, store }: RotationFunction,
  rotation: Rotation<unknown>,
  { failed, current }: { failed: SecretVersion<unknown>; current: SecretVersion<unknown> },
): Promise<void> {
  await unlessOvertaken(
    async () => !isCurrent(await store.describe(rotation.secretArn), current.versionId),
    (refuseOvertaken) => rotator.restore(rotation, { failed, previous: current }, refuseOvertaken),
  );
}
