import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import type { RetirementVersions } from '../rotators/rotator.ts';
import { guarded } from './guard.ts';
import { openRotation, type RotationFunction, requireVersion, type UnguardedRotation } from './rotation-function.ts';
import type { SecretDescription } from './secret-store.ts';
import { isCurrent } from './version-labels.ts';
import { standingOfRetirement } from './version-relations.ts';

type RetirementRequest = Extract<WorkflowRequest, { operation: 'GatherEvidence' | 'Retire' }>;

/** What retirement goes by. `superseded`: AWSCURRENT has moved on, so this retirement has nothing left to do. */
export type Evidence =
  | { verdict: 'free'; observed: string; blockers: string[] }
  | { verdict: 'in-use'; observed: string; blockers: string[]; notBefore?: string }
  | { verdict: 'superseded'; observed: string; blockers: string[] };

/** Asks the target who still uses the previous credential. Reads only; may be called as often as one likes. */
export async function gatherEvidence(
  rotationFunction: RotationFunction,
  request: RetirementRequest,
): Promise<Evidence> {
  const secret = await rotationFunction.store.describe(request.secretArn);
  const versions = { current: request.versionId, previous: request.previousVersionId };
  if (standingOfRetirement(secret, versions) === 'superseded') {
    return {
      verdict: 'superseded',
      observed: `AWSCURRENT of ${secret.name} has moved on from ${request.versionId}`,
      blockers: [],
    };
  }
  const opened = await openRetirement(rotationFunction, secret, request);
  const { rotation } = opened;
  const reading = guarded(rotationFunction, rotation, (now) => !isCurrent(now, request.versionId));
  const evidence = await rotationFunction.rotator.gatherEvidence(reading, opened.versions);
  const blockers = evidence.blockers.map(describeBlocker);
  const early = evidence.notBefore && evidence.notBefore.getTime() > rotationFunction.now().getTime();
  if (blockers.length === 0 && !early) return { verdict: 'free', observed: evidence.observed, blockers };
  return {
    verdict: 'in-use',
    observed: evidence.observed,
    blockers,
    ...(early && evidence.notBefore && { notBefore: evidence.notBefore.toISOString() }),
  };
}

export async function openRetirement(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  request: RetirementRequest,
): Promise<{ rotation: UnguardedRotation; versions: RetirementVersions<unknown> }> {
  const settings = await rotationFunction.readSettings(secret.arn);
  const rotation = openRotation({
    secretArn: secret.arn,
    secretName: secret.name,
    token: request.versionId,
    settings: settings.rotator,
  });
  const current = await requireVersion(rotationFunction, secret.arn, request.versionId);
  const previous = await requireVersion(rotationFunction, secret.arn, request.previousVersionId);
  return { rotation, versions: { current, previous, promotedAt: new Date(request.promotedAt) } };
}

export function describeBlocker(blocker: { name: string; address?: string; since?: Date }): string {
  const address = blocker.address ? ` from ${blocker.address}` : '';
  const since = blocker.since ? ` since ${blocker.since.toISOString()}` : '';
  return `${blocker.name}${address}${since}`;
}
