import type { VerifyAnswer } from '../contracts/audit.ts';
import { AWSCURRENT } from '../contracts/labels.ts';
import { parse } from '../contracts/parse.ts';
import { VerificationRequest, type WorkflowRequest } from '../contracts/rotation-event.ts';
import type { RetirementVersions, Rotation, VerifiedVersions } from '../rotators/rotator.ts';
import { StepRefused } from './errors.ts';
import { describeBlocker } from './gather-evidence.ts';
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

/** What a verification function works with: nothing of it writes. */
export type VerificationFunction = Pick<RotationFunction, 'store' | 'rotator' | 'readSettings' | 'now'>;

type Request = VerificationRequest | Extract<WorkflowRequest, { operation: 'Repair' }>;

/** One invocation of a verification function. It knows one operation, and another one is refused. */
export async function serveVerification(verification: VerificationFunction, event: unknown): Promise<VerifyAnswer> {
  return verify(verification, parse('The verification request', VerificationRequest, event));
}

/** Asks the target whether the credentials that are meant to work do. Reads only; may be called as often as one likes. */
async function verify(verification: VerificationFunction, request: VerificationRequest): Promise<VerifyAnswer> {
  const { rotator } = verification;
  const { rotation, versions } = await openVerification(verification, request);
  const reading = guarded(verification, rotation, (now) => !isCurrent(now, request.versionId));
  const { current, previous } = versions;
  const promotedAt = request.promotedAt && new Date(request.promotedAt);
  const blockers = promotedAt &&
    previous && { blockers: await usersOf(rotator, reading, { current, previous, promotedAt }) };
  if (!rotator.verify) return { supported: false, ...blockers };
  return { supported: true, ...(await rotator.verify(reading, versions)), ...blockers };
}

async function usersOf(
  rotator: RotationFunction['rotator'],
  reading: Rotation<unknown>,
  versions: RetirementVersions<unknown>,
): Promise<string[]> {
  const evidence = await rotator.gatherEvidence(reading, versions);
  return evidence.blockers.map(describeBlocker);
}

/** @throws StepRefused where AWSCURRENT has moved on: what was asked is not the case any more. VersionsUnrelated for other versions */
export async function openVerification(
  rotationFunction: VerificationFunction,
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
