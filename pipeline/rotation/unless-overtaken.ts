import { RotationAbandoned } from '../rotators/errors.ts';
import type { RefuseOvertaken } from '../rotators/rotator.ts';

/** Writes to the target, unless it was overtaken when the target let nobody else in. Answers whether it was written. */
export async function unlessOvertaken(
  isOvertaken: () => Promise<boolean>,
  write: (refuseOvertaken: RefuseOvertaken) => Promise<void>,
): Promise<boolean> {
  let wasOvertaken = false;
  try {
    await write(async () => {
      wasOvertaken = await isOvertaken();
      if (wasOvertaken) throw new RotationAbandoned('Another rotation has taken over. Nothing was changed.');
    });
    return true;
  } catch (error) {
    if (!wasOvertaken) throw error;
    return false;
  }
}
