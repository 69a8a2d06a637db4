import type { FindingCode } from '../contracts/audit.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { StepRefused } from './errors.ts';
import { unlessOvertaken } from './guard.ts';
import { openVerification } from './open-verification.ts';
import type { RotationFunction } from './rotation-function.ts';

import { isRepairOvertaken } from './version-labels.ts';

/**
 * Repairs what Verify found under a code. The secret is not touched. May be called twice.
 * @throws StepRefused, or RotationAbandoned where the target shows it, when a rotation, a roll-back or the retirement has
 * come between, or a candidate lies under AWSPENDING: then nothing is what was found
 */
export async function repair(
  rotationFunction: RotationFunction,
  request: Extract<WorkflowRequest, { operation: 'Repair' }>,
): Promise<{ repaired: true }> {
  const { rotator } = rotationFunction;
  if (!rotator.repair) throw new StepRefused(`Secrets of kind ${rotator.kind} have no target that could be repaired.`);
  const { rotation, versions, unreadablePrevious } = await openVerification(rotationFunction, request);
  if (unreadablePrevious) throw unreadablePrevious;
  const seen = { current: request.versionId, previous: versions.previous?.versionId };
  const attempt = await unlessOvertaken(
    rotationFunction,
    rotation,
    (now) => isRepairOvertaken(now, seen),
    async (guarded) => rotator.repair?.(guarded, versions, request.code as FindingCode),
  );
  if (attempt.overtaken)
    throw new StepRefused(
      `${rotation.secretName} has moved on since it was looked at, or a rotation of it is under way. Look again.`,
    );
  return { repaired: true };
}
