import type { FindingCode } from '../contracts/audit.ts';
import { AWSCURRENT, AWSPENDING, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { StepRefused } from './errors.ts';
import type { RotationFunction } from './rotation-function.ts';
import { unlessOvertaken } from './unless-overtaken.ts';
import { openVerification } from './verify.ts';

/**
 * Mends what Verify found under a code. The secret is not touched. May be called twice.
 * @throws StepRefused, or RotationAbandoned where the target tells it, when a rotation, a roll-back or the retirement has
 * come between, or a candidate lies under AWSPENDING: then nothing is what was found
 */
export async function repair(
  rotationFunction: RotationFunction,
  request: Extract<WorkflowRequest, { operation: 'Repair' }>,
): Promise<{ repaired: true }> {
  const { rotator } = rotationFunction;
  if (!rotator.repair) throw new StepRefused(`Secrets of kind ${rotator.kind} have no target that could be repaired.`);
  const { rotation, versions } = await openVerification(rotationFunction, request);
  const isOvertaken = async () => {
    const now = await rotationFunction.store.describe(request.secretArn);
    if (now.versionWith(AWSCURRENT) !== request.versionId) return true;
    // A candidate's password may be in the database already, and may be promoted any moment.
    const pending = now.versionWith(AWSPENDING);
    if (pending !== undefined && pending !== request.versionId) return true;
    return versions.previous !== undefined && !now.stagesOf(request.versionId).includes(KEYTURN_IN_FLIGHT);
  };
  const attempt = await unlessOvertaken(isOvertaken, async (refuseOvertaken) =>
    rotator.repair?.(rotation, versions, request.code as FindingCode, refuseOvertaken),
  );
  if (attempt.overtaken)
    throw new StepRefused(
      `${rotation.secretName} has moved on since it was looked at, or a rotation of it is under way. Look again.`,
    );
  return { repaired: true };
}
