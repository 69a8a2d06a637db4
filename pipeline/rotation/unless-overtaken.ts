import { RotationAbandoned, TargetRefused } from '../rotators/errors.ts';
import type { RefuseOvertaken } from '../rotators/rotator.ts';

/**
 * Writes to the target, unless it was overtaken when the target let nobody else in. Answers what the writing did, if it was
 * not. A target that refuses is looked at once more: whoever has overtaken may be why.
 */
export async function unlessOvertaken<Written>(
  isOvertaken: () => Promise<boolean>,
  write: (refuseOvertaken: RefuseOvertaken) => Promise<Written>,
): Promise<{ overtaken: true } | { overtaken: false; written: Written }> {
  let wasOvertaken = false;
  try {
    const written = await write(async () => {
      wasOvertaken = await isOvertaken();
      if (wasOvertaken) throw new RotationAbandoned('Another rotation has taken over. Nothing was changed.');
    });
    return { overtaken: false, written };
  } catch (error) {
    const isExplained = wasOvertaken || (error instanceof TargetRefused && (await isOvertaken()));
    if (!isExplained) throw error;
    return { overtaken: true };
  }
}
