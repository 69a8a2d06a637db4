import type { FindingCode } from '../contracts/audit.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { StepRefused } from './errors.ts';
import type { RotationFunction } from './rotation-function.ts';
import { openVerification } from './verify.ts';

/** Mends what Verify found under a code. The secret is not touched. May be called twice. */
export async function repair(
  rotationFunction: RotationFunction,
  request: Extract<WorkflowRequest, { operation: 'Repair' }>,
): Promise<{ repaired: true }> {
  const { rotator } = rotationFunction;
  if (!rotator.repair) throw new StepRefused(`Secrets of kind ${rotator.kind} have no target that could be repaired.`);
  const { rotation, versions } = await openVerification(rotationFunction, request);
  await rotator.repair(rotation, versions, request.code as FindingCode);
  return { repaired: true };
}
