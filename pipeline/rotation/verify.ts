import type { VerifyAnswer } from '../contracts/audit.ts';
import { AWSCURRENT } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import type { VerifiedVersions } from '../rotators/rotator.ts';
import { StepRefused } from './errors.ts';
import { guarded } from './guard.ts';
import {
  openRotation,
  type RotationFunction,
  readVersion,
  requireVersion,
  type UnguardedRotation,
} from './rotation-function.ts';
import { isCurrent } from './version-labels.ts';
import { standingOfVerification } from './version-relations.ts';

type Request = Extract<WorkflowRequest, { operation: 'Verify' | 'Repair' }>;

/** Asks the target whether the credentials that are meant to work do. Reads only; may be called as often as one likes. */
export async function verify(rotationFunction: RotationFunction, request: Request): Promise<VerifyAnswer> {
  const { rotator } = rotationFunction;
  if (!rotator.verify) return { supported: false };
  const { rotation, versions } = await openVerification(rotationFunction, request);
  const reading = guarded(rotationFunction, rotation, (now) => !isCurrent(now, request.versionId));
  return { supported: true, ...(await rotator.verify(reading, versions)) };
}

/** @throws StepRefused where AWSCURRENT has moved on: what was asked is not the case any more. VersionsUnrelated for other versions */
export async function openVerification(
  rotationFunction: RotationFunction,
  request: Request,
): Promise<{ rotation: UnguardedRotation; versions: VerifiedVersions<unknown> }> {
  const secret = await rotationFunction.store.describe(request.secretArn);
  const versions = { current: request.versionId, previous: request.previousVersionId };
  if (standingOfVerification(secret, versions) === 'moved-on') {
    const current = secret.versionWith(AWSCURRENT);
    throw new StepRefused(
      `${secret.name}: AWSCURRENT is on version ${current ?? 'none'}, not on ${request.versionId}. Look again.`,
    );
  }
  const settings = await rotationFunction.readSettings(secret.arn);
  const rotation = openRotation({
    secretArn: secret.arn,
    secretName: secret.name,
    token: request.versionId,
    settings: settings.rotator,
  });
  const previous = request.previousVersionId
    ? await readVersion(rotationFunction, secret.arn, request.previousVersionId)
    : undefined;
  return {
    rotation,
    versions: {
      current: await requireVersion(rotationFunction, secret.arn, request.versionId),
      ...(previous && { previous }),
    },
  };
}
