import { WORKFLOW_TOKEN_PREFIX } from '../contracts/labels.ts';
import { RotationInGrace, SecretUnusable } from './errors.ts';
import { readVersion, requireVersion, type Step } from './rotation-function.ts';
import { sweep } from './sweep.ts';
import { currentVersionId, isInFlight } from './version-labels.ts';

/**
 * Stores the candidate, once for a token. In this order:
 * 1. A secret that an AWS service owns is never rotated by us.
 * 2. The previous rotation's credential has not been retired: refuse. The step that fails for good clears the way for the next
 *    RotateSecret, which an empty version under AWSPENDING would block.
 * 3. A rotation that Secrets Manager began by itself is given to the workflow before anything is made.
 * 4. The candidate is there already: done. A second password for one token would lock the first one out.
 * 5. What an earlier attempt left outside is removed: it was killed between making a credential and storing it.
 * 6. Make it and store it.
 */
export async function createSecret(step: Step): Promise<void> {
  const { rotationFunction, secret, rotation } = step;
  if (secret.owningService) {
    throw new SecretUnusable(
      `${secret.name} is owned by ${secret.owningService}, which rotates it. Remove it from the manifest.`,
    );
  }
  await refuseInsideGrace(step);
  if (!rotation.token.startsWith(WORKFLOW_TOKEN_PREFIX)) {
    await rotationFunction.adopt({ secretArn: secret.arn, token: rotation.token });
  }
  const current = await requireVersion(rotationFunction, secret.arn, currentVersionId(secret));
  if (await readVersion(rotationFunction, secret.arn, rotation.token)) return;

  await sweep(rotationFunction, secret, rotation);
  const candidate = await rotationFunction.rotator.create(rotation, { current });
  await rotationFunction.store.putCandidate({
    secretArn: secret.arn,
    token: rotation.token,
    value: rotationFunction.rotator.serialize(candidate),
    rotationToken: rotation.rotationToken,
  });
}

async function refuseInsideGrace({ rotationFunction, secret, settings, rotation }: Step): Promise<void> {
  const current = currentVersionId(secret);
  // An emergency does not wait for those who still use what is compromised.
  if (rotation.emergency) return;
  if (!isInFlight(secret, current)) return;
  // LastChangedDate is that of the label which RotateSecret has just moved.
  const promotedAt = await rotationFunction.store.createdAt(secret.arn, current);
  throw new RotationInGrace(describeGrace(secret.name, promotedAt, settings.gracePeriodSeconds));
}

/** One wording for every caller: the native rotation, the workflow, the command line. */
export function describeGrace(secretName: string, promotedAt: Date | undefined, gracePeriodSeconds: number): string {
  const until = promotedAt
    ? new Date(promotedAt.getTime() + gracePeriodSeconds * 1000).toISOString()
    : 'its retirement';
  return (
    `${secretName} was rotated, and its previous credential is kept for roll-back and slow consumers until ${until}. ` +
    'Another rotation now would reset it. Wait, or retire it now with evidence: keyturn rotate ' +
    `${secretName} --retire-now; in an emergency: keyturn rotate ${secretName} --emergency.`
  );
}
