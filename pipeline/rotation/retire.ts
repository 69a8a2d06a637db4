import { KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { openRetirement, stillCurrent } from './gather-evidence.ts';
import type { RotationFunction } from './rotation-function.ts';
import { sweep } from './sweep.ts';

export type Retirement = { retired: true } | { retired: false; reason: 'superseded' };

/**
 * Makes the target refuse the previous credential and sweeps up, then closes the rotation by taking the in-flight label
 * away: the third and last write of a rotation. Until then no other rotation begins, so what is swept is nobody's. May be called twice; killed between the two, the next call goes on.
 */
export async function retire(
  rotationFunction: RotationFunction,
  request: Extract<WorkflowRequest, { operation: 'Retire' }>,
): Promise<Retirement> {
  const secret = await rotationFunction.store.describe(request.secretArn);
  if (!stillCurrent(secret, request)) return { retired: false, reason: 'superseded' };
  const { rotation, versions } = await openRetirement(rotationFunction, secret, request);
  await rotationFunction.rotator.retire(rotation, versions);
  await sweep(rotationFunction, secret, rotation);
  if (secret.stagesOf(request.versionId).includes(KEYTURN_IN_FLIGHT)) {
    await rotationFunction.store.moveStage({
      secretArn: secret.arn,
      stage: KEYTURN_IN_FLIGHT,
      from: request.versionId,
    });
  }
  return { retired: true };
}
