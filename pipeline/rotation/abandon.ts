import { AWSPENDING, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { PayloadInvalid } from '../rotators/errors.ts';
import { unlessOvertaken } from './guard.ts';
import { restoreCurrent } from './restore-current.ts';
import {
  openRotation,
  type RotationFunction,
  readVersion,
  requireVersion,
  type UnguardedRotation,
} from './rotation-function.ts';
import type { SecretDescription } from './secret-store.ts';
import { sweep } from './sweep.ts';
import {
  currentVersionId,
  isAbandonmentOvertaken,
  isCurrent,
  isInFlight,
  isPending,
  wasPromoted,
} from './version-labels.ts';
import { standingOfCandidate } from './version-relations.ts';

export type Abandonment = { abandoned: true; detachedPending: boolean } | { abandoned: false; reason: 'promoted' };

/**
 * Gives a candidate up before promotion. Another version is refused: what it holds may be in use at the target. Secrets Manager may be trying the rotation again at this very moment, so in this
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
  const standing = standingOfCandidate(found, token);
  // Secrets Manager is about to take it from AWSCURRENT itself; nothing takes it from a version that was promoted and replaced.
  const detachedPending = isPending(found, token) && !isCurrent(found, token);
  if (detachedPending) await store.moveStage({ secretArn, stage: AWSPENDING, from: token });
  if (standing === 'promoted') return { abandoned: false, reason: 'promoted' };
  if (standing === 'rolled-back') return { abandoned: true, detachedPending };
  const secret = detachedPending ? await store.describe(secretArn) : found;
  if (wasPromoted(secret, token)) return { abandoned: false, reason: 'promoted' };

  const settings = await rotationFunction.readSettings(secret.arn);
  const rotation = openRotation({
    secretArn: secret.arn,
    secretName: secret.name,
    token,
    settings: settings.rotator,
  });
  await forgetCandidate(rotationFunction, secret, rotation);

  const after = await store.describe(secretArn);
  if (isCurrent(after, token)) {
    const failed = await requireVersion(rotationFunction, secretArn, currentVersionId(secret));
    const current = await requireVersion(rotationFunction, secretArn, token);
    await restoreCurrent(rotationFunction, rotation, { failed, current });
    return { abandoned: false, reason: 'promoted' };
  }
  if (isInFlight(after, token)) {
    await store.moveStage({ secretArn: secret.arn, stage: KEYTURN_IN_FLIGHT, from: token });
  }
  return { abandoned: true, detachedPending };
}

/**
 * 1. A candidate without a value: `create` did not end, and nothing after it began. The target knows nothing of it; what
 *    `create` may have left outside is swept up, unless AWSCURRENT itself cannot be read, which is why `create` failed.
 * 2. A candidate with a value may have reached the target.
 */
async function forgetCandidate(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  rotation: UnguardedRotation,
): Promise<void> {
  const candidate = secret.stagesByVersion.has(rotation.token)
    ? await readVersion(rotationFunction, secret.arn, rotation.token)
    : undefined;
  try {
    const current = await requireVersion(rotationFunction, secret.arn, currentVersionId(secret));
    if (candidate) {
      await unlessOvertaken(
        rotationFunction,
        rotation,
        (now) => isAbandonmentOvertaken(secret, now, rotation.token),
        (guarded) => rotationFunction.rotator.abandon(guarded, { current, candidate }),
      );
    }
    await sweep(rotationFunction, secret, rotation);
  } catch (error) {
    if (candidate || !(error instanceof PayloadInvalid)) throw error;
  }
}
