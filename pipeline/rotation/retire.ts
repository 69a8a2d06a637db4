import { AWSCURRENT, KEYTURN_FAILED, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { TargetRefused } from '../rotators/errors.ts';
import { openRetirement } from './gather-evidence.ts';
import { unlessOvertaken } from './guard.ts';
import { restoreCurrent } from './restore-current.ts';
import type { RotationFunction } from './rotation-function.ts';
import type { SecretDescription } from './secret-store.ts';
import { sweep } from './sweep.ts';
import { isCurrent, isInFlight, isRetirementOvertaken } from './version-labels.ts';
import { standingOfRetirement } from './version-relations.ts';

export type Retirement = { retired: true } | { retired: false; reason: 'superseded' };

/**
 * Makes the target refuse the previous credential and sweeps up, then closes the rotation by taking the in-flight label
 * away: the third and last write of a rotation. Until then no other rotation begins, so nothing that is swept is in use. May be called twice; killed between the two, the next call goes on.
 */
export async function retire(
  rotationFunction: RotationFunction,
  request: Extract<WorkflowRequest, { operation: 'Retire' }>,
): Promise<Retirement> {
  const secret = await rotationFunction.store.describe(request.secretArn);
  const standing = standingOfRetirement(secret, { current: request.versionId, previous: request.previousVersionId });
  if (standing === 'superseded') return { retired: false, reason: 'superseded' };
  const { rotation, versions } = await openRetirement(rotationFunction, secret, request);
  const attempt = await unlessOvertaken(
    rotationFunction,
    rotation,
    (now) => isRetirementOvertaken(secret, now, request.versionId),
    (guarded) => rotationFunction.rotator.retire(guarded, versions),
  );
  if (attempt.overtaken) return { retired: false, reason: 'superseded' };
  const after = await rotationFunction.store.describe(request.secretArn);
  if (!isCurrent(after, request.versionId)) {
    if (attempt.written) await afterRollBack(rotationFunction, after, { rotation, versions });
    return { retired: false, reason: 'superseded' };
  }
  await sweep(rotationFunction, after, rotation);
  if (isInFlight(after, request.versionId)) {
    await rotationFunction.store.moveStage({
      secretArn: secret.arn,
      stage: KEYTURN_IN_FLIGHT,
      from: request.versionId,
    });
  }
  return { retired: true };
}

/**
 * A roll-back has moved AWSCURRENT back between the last look and the target's answer. Where the target accepts the previous
 * credential again, it stays; where it is gone for good, AWSCURRENT goes on to the version that failed its checks and works.
 */
async function afterRollBack(
  rotationFunction: RotationFunction,
  after: SecretDescription,
  { rotation, versions }: Awaited<ReturnType<typeof openRetirement>>,
): Promise<void> {
  const { current: failed, previous } = versions;
  if (!isCurrent(after, previous.versionId)) return;
  try {
    await restoreCurrent(rotationFunction, rotation, { failed, current: previous });
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    const { store } = rotationFunction;
    await store.moveStage({ secretArn: after.arn, stage: AWSCURRENT, to: failed.versionId, from: previous.versionId });
    await store.moveStage({ secretArn: after.arn, stage: KEYTURN_FAILED, from: failed.versionId });
  }
}
