import {
  AWSCURRENT,
  AWSPENDING,
  EMERGENCY_TOKEN_PREFIX,
  KEYTURN_FAILED,
  KEYTURN_IN_FLIGHT,
} from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { TargetRefused } from '../rotators/errors.ts';
import { openRetirement, stillCurrent } from './gather-evidence.ts';
import { restoreCurrent } from './restore-current.ts';
import type { RotationFunction } from './rotation-function.ts';
import type { SecretDescription } from './secret-store.ts';
import { sweep } from './sweep.ts';
import { unlessOvertaken } from './unless-overtaken.ts';

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
  const isOvertaken = async () =>
    isTakenOver(secret, await rotationFunction.store.describe(request.secretArn), request);
  const attempt = await unlessOvertaken(isOvertaken, (refuseOvertaken) =>
    rotationFunction.rotator.retire(rotation, versions, refuseOvertaken),
  );
  if (attempt.overtaken) return { retired: false, reason: 'superseded' };
  const after = await rotationFunction.store.describe(request.secretArn);
  if (!stillCurrent(after, request)) {
    if (attempt.written) await afterRollBack(rotationFunction, after, { rotation, versions });
    return { retired: false, reason: 'superseded' };
  }
  await sweep(rotationFunction, after, rotation);
  if (after.stagesOf(request.versionId).includes(KEYTURN_IN_FLIGHT)) {
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
  if (after.versionWith(AWSCURRENT) !== previous.versionId) return;
  try {
    await restoreCurrent(rotationFunction, rotation, { failed, current: previous });
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    const { store } = rotationFunction;
    await store.moveStage({ secretArn: after.arn, stage: AWSCURRENT, to: failed.versionId, from: previous.versionId });
    await store.moveStage({ secretArn: after.arn, stage: KEYTURN_FAILED, from: failed.versionId });
  }
}

/**
 * A retirement that comes twice may come late: the first one has closed the rotation, and the next one gives the credential
 * that is retired here a new password.
 * 1. Another version is current. 2. A roll-back has begun: it goes back to what would be retired. 3. The rotation was open when
 * it was looked at, and is closed. 4. An emergency is under way, or, where nothing was open, any rotation.
 */
function isTakenOver(
  before: SecretDescription,
  now: SecretDescription,
  request: Extract<WorkflowRequest, { operation: 'Retire' }>,
): boolean {
  if (!stillCurrent(now, request)) return true;
  if (now.stagesOf(request.versionId).includes(KEYTURN_FAILED)) return true;
  const wasOpen = before.stagesOf(request.versionId).includes(KEYTURN_IN_FLIGHT);
  if (wasOpen && !now.stagesOf(request.versionId).includes(KEYTURN_IN_FLIGHT)) return true;
  const pending = now.versionWith(AWSPENDING);
  if (pending === undefined || pending === request.versionId) return false;
  return pending.startsWith(EMERGENCY_TOKEN_PREFIX) || !wasOpen;
}
