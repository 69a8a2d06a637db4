import { AWSCURRENT } from '../contracts/labels.ts';
import { restoreCurrent } from './restore-current.ts';
import type { Step } from './rotation-function.ts';
import { candidateVersions } from './set-secret.ts';
import { currentVersionId, isCurrent, isInFlight } from './version-labels.ts';

/**
 * Promotes: moves AWSCURRENT to the candidate, naming the version that it was seen on, so that a writer who came
 * between is not overwritten. Secrets Manager then drops AWSPENDING by itself and sets AWSPREVIOUS.
 *
 * No label can be moved on the condition of another one. So when the in-flight label is gone afterwards, the candidate was
 * given up between this step's first look and its write: the target has forgotten what is AWSCURRENT now, and accepts it again.
 * It may also be gone because it was rolled back already: then AWSCURRENT is elsewhere, and there is nothing to fix.
 */
export async function finishSecret(step: Step): Promise<void> {
  const { rotationFunction, secret, rotation } = step;
  await rotationFunction.store.moveStage({
    secretArn: secret.arn,
    stage: AWSCURRENT,
    to: rotation.token,
    from: currentVersionId(secret),
  });
  const after = await rotationFunction.store.describe(secret.arn);
  if (isInFlight(after, rotation.token) || !isCurrent(after, rotation.token)) return;
  const { current, pending } = await candidateVersions(step);
  await restoreCurrent(rotationFunction, rotation, { failed: current, current: pending });
}
