import { AWSCURRENT, AWSPENDING, AWSPREVIOUS, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { PayloadInvalid } from '../rotators/errors.ts';
import { restoreCurrent } from './restore-current.ts';
import { openRotation, type RotationFunction, readVersion, requireVersion } from './rotation-function.ts';
import { currentVersionId, type SecretDescription } from './secret-store.ts';
import { sweep } from './sweep.ts';
import { unlessOvertaken } from './unless-overtaken.ts';

export type Abandonment = { abandoned: true; detachedPending: boolean } | { abandoned: false; reason: 'promoted' };

/**
 * Gives a candidate up before promotion. Secrets Manager may be trying the rotation again at this very moment, so in this
 * order:
 * 1. AWSPENDING is detached: steps that begin from now on are refused, and a `set` under way changes nothing.
 * 2. It was promoted meanwhile after all: the target knows it, and is left alone.
 * 3. The target forgets it and is repaired to AWSCURRENT, and what was made and never stored is swept up.
 * 4. A promotion that was under way in 1 came through: the target accepts it again.
 * 5. The in-flight label is detached: nothing of it is left to do.
 * May be called twice; killed between any two, the next call goes on.
 */
export async function abandon(
  rotationFunction: RotationFunction,
  request: Extract<WorkflowRequest, { operation: 'Abandon' }>,
): Promise<Abandonment> {
  const { store } = rotationFunction;
  const { secretArn, versionId: token } = request;
  const found = await store.describe(secretArn);
  if (wasPromoted(found, token)) return { abandoned: false, reason: 'promoted' };
  const isPending = found.stagesOf(token).includes(AWSPENDING);
  if (isPending) await store.moveStage({ secretArn, stage: AWSPENDING, from: token });
  const secret = isPending ? await store.describe(secretArn) : found;
  if (wasPromoted(secret, token)) return { abandoned: false, reason: 'promoted' };

  const settings = await rotationFunction.readSettings(secret.arn);
  const rotation = openRotation(rotationFunction, {
    secretArn: secret.arn,
    secretName: secret.name,
    token,
    settings: settings.rotator,
  });
  const isOvertaken = async () => isTakenOver(secret, await store.describe(secretArn), token);
  await forgetCandidate(rotationFunction, secret, { rotation, isOvertaken });

  const after = await store.describe(secretArn);
  if (after.stagesOf(token).includes(AWSCURRENT)) {
    const failed = await requireVersion(rotationFunction, secretArn, currentVersionId(secret));
    const current = await requireVersion(rotationFunction, secretArn, token);
    await restoreCurrent(rotationFunction, rotation, { failed, current });
    return { abandoned: false, reason: 'promoted' };
  }
  if (after.stagesOf(token).includes(KEYTURN_IN_FLIGHT)) {
    await store.moveStage({ secretArn: secret.arn, stage: KEYTURN_IN_FLIGHT, from: token });
  }
  return { abandoned: true, detachedPending: isPending };
}

/** It is current, or was until somebody put another value over it: consumers hold it, and its retirement is another's affair. */
function wasPromoted(secret: SecretDescription, token: string): boolean {
  return secret.stagesOf(token).some((stage) => stage === AWSCURRENT || stage === AWSPREVIOUS);
}

/**
 * An abandonment that comes twice may come late: the first one has closed the rotation, and the next one gives a single
 * login another password.
 * 1. AWSCURRENT has moved. 2. The rotation was open when it was looked at, and is closed. 3. Nothing was open, and another
 * candidate is under way.
 */
function isTakenOver(before: SecretDescription, now: SecretDescription, token: string): boolean {
  if (now.versionWith(AWSCURRENT) !== before.versionWith(AWSCURRENT)) return true;
  const isOpen = (secret: SecretDescription) => secret.stagesOf(token).includes(KEYTURN_IN_FLIGHT);
  if (isOpen(before)) return !isOpen(now);
  const pending = now.versionWith(AWSPENDING);
  return pending !== undefined && pending !== token;
}

/**
 * 1. A candidate without a value: `create` did not end, and nothing after it began. The target knows nothing of it; what
 *    `create` may have left outside is swept up, unless AWSCURRENT itself cannot be read, which is why `create` failed.
 * 2. A candidate with a value may have reached the target.
 */
async function forgetCandidate(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  { rotation, isOvertaken }: { rotation: ReturnType<typeof openRotation>; isOvertaken: () => Promise<boolean> },
): Promise<void> {
  const candidate = secret.stagesByVersion.has(rotation.token)
    ? await readVersion(rotationFunction, secret.arn, rotation.token)
    : undefined;
  try {
    const current = await requireVersion(rotationFunction, secret.arn, currentVersionId(secret));
    if (candidate) {
      await unlessOvertaken(isOvertaken, (refuseOvertaken) =>
        rotationFunction.rotator.abandon(rotation, { current, candidate }, refuseOvertaken),
      );
    }
    await sweep(rotationFunction, secret, rotation);
  } catch (error) {
    if (candidate || !(error instanceof PayloadInvalid)) throw error;
  }
}
