import { AWSCURRENT, AWSPENDING, KEYTURN_FAILED, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { KeyturnError } from '../errors.ts';
import type { SecretVersion } from '../rotators/rotator.ts';
import { unlessOvertaken } from './guard.ts';
import { openRotation, type RotationFunction, requireVersion, type UnguardedRotation } from './rotation-function.ts';
import type { SecretDescription } from './secret-store.ts';
import { hasFailed, isCurrent, isInFlight, isRestoreOvertaken, isRollBackOvertaken } from './version-labels.ts';
import { standingOfRollBack } from './version-relations.ts';

export type RollBackResult =
  /** `wasMoved`: another writer had moved AWSCURRENT back already. */
  { rolledBack: true; restoredVersionId: string; wasMoved?: true } | { rolledBack: false; reason: 'superseded' };

/** The version to go back to is gone, failed itself, or was never recorded. */
export class RollBackImpossible extends KeyturnError {
  readonly code = 'RollBackImpossible';
}

/**
 * Puts the previous credential back after a failed check. A previous value that cannot be read is refused before anything
 * is changed. Then in this order, so that each crash leaves a state from which the next call goes on:
 * 1. Label the failed version: from now on nothing promotes it again, and no rotation that looks spends the previous one.
 * 2. A rotation that has looked before may be spending the previous credential just now: it goes first, the label comes off.
 * 3. The target accepts the previous credential again.
 * 4. AWSCURRENT moves back, naming the version it is taken from: a value put by hand meanwhile is not overwritten.
 * 5. AWSPENDING, if it is still attached, and the in-flight label are detached from the failed version.
 * Where AWSCURRENT is on the previous version before the rotation was closed, its move may be another writer's, which does
 * not reach the target: step 3 is done there, too, and the mark of step 1 follows it.
 * May be called twice. When AWSCURRENT rests on neither version, another value was put: nothing is done.
 */
export async function rollBack(
  rotationFunction: RotationFunction,
  request: Extract<WorkflowRequest, { operation: 'RollBack' }>,
): Promise<RollBackResult> {
  const { store } = rotationFunction;
  const { secretArn, versionId: failed, previousVersionId: previous } = request;
  const secret = await store.describe(secretArn);
  refuseImpossible(secret, previous);
  const versions = { failed, previous };
  const standing = standingOfRollBack(secret, versions, await isFailedLater(store, secret, versions));
  if (standing === 'superseded') return { rolledBack: false, reason: 'superseded' };
  const isMoved = standing === 'begin' ? moveBack : restoreMoved;
  if (!(await isMoved(rotationFunction, secret, versions))) return { rolledBack: false, reason: 'superseded' };
  const stages = secret.stagesOf(failed);
  for (const stage of [AWSPENDING, KEYTURN_IN_FLIGHT]) {
    if (stages.includes(stage)) await store.moveStage({ secretArn, stage, from: failed });
  }
  return { rolledBack: true, restoredVersionId: previous, ...(standing === 'moved' && { wasMoved: true }) };
}

/** A move of AWSCURRENT and a value that was put leave the same labels. Only the versions' dates differ. */
async function isFailedLater(
  store: RotationFunction['store'],
  secret: SecretDescription,
  { failed, previous }: Versions,
): Promise<boolean> {
  if (failed === previous || !isCurrent(secret, previous) || hasFailed(secret, failed)) return false;
  const [failedAt, previousAt] = [
    await store.createdAt(secret.arn, failed),
    await store.createdAt(secret.arn, previous),
  ];
  return failedAt > previousAt;
}

interface Versions {
  readonly failed: string;
  readonly previous: string;
}

/** Steps 1 to 4. Answers whether AWSCURRENT is on the previous version: another call may have moved it there. */
async function moveBack(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  { failed, previous }: Versions,
): Promise<boolean> {
  const { store, rotator } = rotationFunction;
  const { rotation, versions } = await readRestorable(rotationFunction, secret, { failed, previous });
  await attach(rotationFunction, secret, KEYTURN_FAILED, failed);
  const isOvertaken = (now: SecretDescription) => isRollBackOvertaken(now, { failed, previous });
  const write = () =>
    unlessOvertaken(rotationFunction, rotation, isOvertaken, (guarded) => rotator.restore(guarded, versions));
  if (isOvertaken(await store.describe(secret.arn)) || (await write()).overtaken) {
    const now = await store.describe(secret.arn);
    if (isCurrent(now, previous)) return restoreMoved(rotationFunction, now, { failed, previous });
    await store.moveStage({ secretArn: secret.arn, stage: KEYTURN_FAILED, from: failed });
    return false;
  }
  await store.moveStage({ secretArn: secret.arn, stage: AWSCURRENT, to: previous, from: failed });
  return true;
}

/**
 * AWSCURRENT has moved back: steps 3 and 1, unless the rotation was closed, which is done after them. Answers whether AWSCURRENT
 * is there still. Another rotation over a version without the mark goes first: it gives the target its own credential.
 */
async function restoreMoved(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  { failed, previous }: Versions,
): Promise<boolean> {
  if (hasFailed(secret, failed) && !isInFlight(secret, failed)) return true;
  const { store, rotator } = rotationFunction;
  const { rotation, versions } = await readRestorable(rotationFunction, secret, { failed, previous });
  const isOvertaken = (now: SecretDescription) => isRestoreOvertaken(now, { failed, previous });
  const attempt = await unlessOvertaken(rotationFunction, rotation, isOvertaken, (guarded) =>
    rotator.restore(guarded, versions),
  );
  if (attempt.overtaken) return hasFailed(secret, failed) && isCurrent(await store.describe(secret.arn), previous);
  await attach(rotationFunction, secret, KEYTURN_FAILED, failed);
  return true;
}

function refuseImpossible(secret: SecretDescription, previous: string): void {
  if (!secret.stagesByVersion.has(previous)) {
    throw new RollBackImpossible(
      `${secret.name}: version ${previous}, which was current before, carries no label any more and may be pruned. ` +
        'Put a working value by hand (PutSecretValue); the pipeline then propagates and checks it.',
    );
  }
  if (hasFailed(secret, previous)) {
    throw new RollBackImpossible(
      `${secret.name}: version ${previous} failed its checks itself and is not restored. Put a working value by hand.`,
    );
  }
}

async function attach(
  { store }: RotationFunction,
  secret: SecretDescription,
  stage: string,
  to: string,
): Promise<void> {
  const holder = secret.versionWith(stage);
  if (holder === to) return;
  await store.moveStage({ secretArn: secret.arn, stage, to, from: holder });
}

async function readRestorable(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  { failed: failedId, previous: previousId }: Versions,
): Promise<{
  rotation: UnguardedRotation;
  versions: { failed: SecretVersion<unknown>; previous: SecretVersion<unknown> };
}> {
  const settings = await rotationFunction.readSettings(secret.arn);
  const rotation = openRotation({
    secretArn: secret.arn,
    secretName: secret.name,
    token: failedId,
    settings: settings.rotator,
  });
  const previous = await requireVersion(rotationFunction, secret.arn, previousId);
  const failed = await requireVersion(rotationFunction, secret.arn, failedId);
  return { rotation, versions: { failed, previous } };
}
