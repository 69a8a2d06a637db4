import { AWSCURRENT, AWSPENDING, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { openRotation, type RotationFunction, readVersion, requireVersion } from './rotation-function.ts';
import { currentVersionId } from './secret-store.ts';
import { sweep } from './sweep.ts';

export type Abandonment = { abandoned: true; detachedPending: boolean } | { abandoned: false; reason: 'promoted' };

/**
 * Gives a candidate up before promotion: the target forgets it and is repaired to AWSCURRENT, what was made and never stored
 * is swept up, then AWSPENDING is detached so that the next rotation can begin. May be called twice; a candidate that was promoted after all is left alone.
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
  const current = await requireVersion(rotationFunction, secret.arn, currentVersionId(secret));
  const candidate = secret.stagesByVersion.has(token)
    ? await readVersion(rotationFunction, secret.arn, token)
    : undefined;
  await rotationFunction.rotator.abandon(rotation, { current, ...(candidate && { candidate }) });
  await sweep(rotationFunction, secret, rotation);

  const stages = secret.stagesOf(token);
  for (const stage of [AWSPENDING, KEYTURN_IN_FLIGHT]) {
    if (stages.includes(stage)) await rotationFunction.store.moveStage({ secretArn: secret.arn, stage, from: token });
  }
  return { abandoned: true, detachedPending: stages.includes(AWSPENDING) };
}
