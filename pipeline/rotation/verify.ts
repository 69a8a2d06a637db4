import type { VerifyAnswer } from '../contracts/audit.ts';
import { parse } from '../contracts/parse.ts';
import { VerificationRequest } from '../contracts/verification-request.ts';
import type { RetirementVersions, Rotation } from '../rotators/rotator.ts';
import { describeBlocker } from './gather-evidence.ts';
import { guarded } from './guard.ts';
import { openVerification, type VerificationFunction } from './open-verification.ts';
import type { RotationFunction } from './rotation-function.ts';
import { isCurrent } from './version-labels.ts';

/** One invocation of a verification function. It knows one operation, and another one is refused. */
export async function serveVerification(verification: VerificationFunction, event: unknown): Promise<VerifyAnswer> {
  return verify(verification, parse('The verification request', VerificationRequest, event));
}

/** Asks the target whether the credentials that are meant to work do. Reads only; may be called as often as one likes. */
async function verify(verification: VerificationFunction, request: VerificationRequest): Promise<VerifyAnswer> {
  const { rotator } = verification;
  const { rotation, versions, unreadablePrevious } = await openVerification(verification, request);
  const reading = guarded(verification, rotation, (now) => !isCurrent(now, request.versionId));
  const { current, previous } = versions;
  const promotedAt = request.promotedAt && new Date(request.promotedAt);
  const blockers = promotedAt &&
    previous && { blockers: await usersOf(rotator, reading, { current, previous, promotedAt }) };
  if (!rotator.verify) return { supported: false, ...blockers };
  const verdict = await rotator.verify(reading, versions);
  if (!unreadablePrevious) return { supported: true, ...verdict, ...blockers };
  const { message: reason } = unreadablePrevious;
  return { supported: true, ...verdict, previous: { works: false, reason, isUnreadable: true } };
}

async function usersOf(
  rotator: RotationFunction['rotator'],
  reading: Rotation<unknown>,
  versions: RetirementVersions<unknown>,
): Promise<string[]> {
  const evidence = await rotator.gatherEvidence(reading, versions);
  return evidence.blockers.map(describeBlocker);
}
