import { AWSCURRENT, AWSPENDING, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { PayloadInvalid } from '../rotators/errors.ts';
import { openRotation, type RotationFunction, readVersion, requireVersion } from './rotation-function.ts';
import { currentVersionId, type SecretDescription } from './secret-store.ts';
import { sweep } from './sweep.ts';

export type Abandonment = { abandoned: true; detachedPending: boolean } | { abandoned: false; reason: 'promoted' };

/**
 * Gives a candidate up before promotion: the target forgets it and is repaired to AWSCURRENT, what was made and never
 * stored is swept up, then AWSPENDING and the in-flight label are detached, so that the next rotation can begin. May be
 * called twice; a candidate that was promoted after all is left alone.
 */
export async function abandon(
  rotationFunction: RotationFunction,
  request: Extract<WorkflowRequest, { operation: 'Abandon' }>,
): Promise<Abandonment> {
  const secret = await rotationFunction.store.describe(request.secretArn);
  const token = request.versionId;
  if (secret.stagesOf(token).includes(AWSCURRENT)) return { abandoned: false, reason: 'promoted' };

  const settings = await rotationFunction.readSettings(secret.arn);
  const rotation = openRotation(rotationFunction, {
    secretArn: secret.arn,
    secretName: secret.name,
    token,
    settings: settings.rotator,
  });
  await forgetCandidate(rotationFunction, secret, rotation);

  const stages = secret.stagesOf(token);
  for (const stage of [AWSPENDING, KEYTURN_IN_FLIGHT]) {
    if (stages.includes(stage)) await rotationFunction.store.moveStage({ secretArn: secret.arn, stage, from: token });
  }
  return { abandoned: true, detachedPending: stages.includes(AWSPENDING) };
}

/**
 * 1. A candidate without a value: `create` did not end, and nothing after it began. The target knows nothing of it; what
 *    `create` may have left outside is swept up, unless AWSCURRENT itself cannot be read, which is why `create` failed.
 * 2. A candidate with a value may have reached the target.
 */
async function forgetCandidate(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  rotation: ReturnType<typeof openRotation>,
): Promise<void> {
  const candidate = secret.stagesByVersion.has(rotation.token)
    ? await readVersion(rotationFunction, secret.arn, rotation.token)
    : undefined;
  try {
    const current = await requireVersion(rotationFunction, secret.arn, currentVersionId(secret));
    if (candidate) await rotationFunction.rotator.abandon(rotation, { current, candidate });
    await sweep(rotationFunction, secret, rotation);
  } catch (error) {
    if (candidate || !(error instanceof PayloadInvalid)) throw error;
  }
}
