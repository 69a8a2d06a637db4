import { AWSCURRENT, AWSPREVIOUS, WORKFLOW_TOKEN_PREFIX } from '../contracts/labels.ts';
import { VersionsUnrelated } from './errors.ts';
import { hasFailed, isCurrent, isInFlight, isPending, type VersionLabels, wasPromoted } from './version-labels.ts';

/**
 * How the versions of a request have to stand to one another, operation by operation, and in which other states the operation
 * has ended already or is no longer the caller's. Pure; every other state is refused with `VersionsUnrelated`, and nothing is
 * written. An operation that was cut off finds its versions in one of the states that are accepted here.
 */
type Labels = VersionLabels & { readonly name: string };

/**
 * Abandon gives up a candidate: 1. AWSPENDING, or only in flight since another writer took AWSPENDING from it.
 * 2. Without a label: given up already, and what it left outside may still be there.
 * `promoted`: consumers have read it, and the target keeps it. `rolled-back`: it failed its checks, and the roll-back sees to the
 * target. A roll-back that was cut off, or another value, may leave AWSPENDING on either.
 */
export function standingOfCandidate(secret: Labels, versionId: string): 'candidate' | 'promoted' | 'rolled-back' {
  const stages = secret.stagesOf(versionId);
  if (isCurrent(secret, versionId)) return 'promoted';
  if (hasFailed(secret, versionId)) return 'rolled-back';
  if (wasPromoted(secret, versionId)) return 'promoted';
  if (stages.length === 0 || isPending(secret, versionId) || isInFlight(secret, versionId)) return 'candidate';
  throw unrelated(secret, `version ${versionId} carries ${stages.join(', ')} and is no candidate.`);
}

/**
 * RollBack moves AWSCURRENT from the version that failed to AWSPREVIOUS. `finish`: AWSCURRENT is there already, and AWSPREVIOUS
 * and the mark of a roll-back that was cut off rest on the version that failed. `moved`: the same without the mark, and the
 * version that failed is the later one (`isFailedLater`): another writer has moved AWSCURRENT back. A value that replaces
 * another is the later one of the two. `superseded`: another value is current.
 */
export function standingOfRollBack(
  secret: Labels,
  { failed, previous }: { readonly failed: string; readonly previous: string },
  isFailedLater: boolean,
): 'begin' | 'finish' | 'moved' | 'superseded' {
  expectTwo(secret, failed, previous);
  if (isCurrent(secret, failed)) {
    if (isPrevious(secret, previous)) return 'begin';
    throw unrelated(secret, `${isNot(secret, previous, AWSPREVIOUS)} Nothing else is put back.`);
  }
  if (!isCurrent(secret, previous)) return 'superseded';
  if (hasFailed(secret, failed) && isPrevious(secret, failed)) return 'finish';
  if (isPrevious(secret, failed) && isFailedLater) return 'moved';
  throw unrelated(secret, `${isNot(secret, failed, AWSCURRENT)} No roll-back of it has begun.`);
}

/** GatherEvidence and Retire are about AWSPREVIOUS, on behalf of AWSCURRENT. `superseded`: AWSCURRENT has moved on. */
export function standingOfRetirement(
  secret: Labels,
  { current, previous }: { readonly current: string; readonly previous: string },
): 'retirable' | 'superseded' {
  expectTwo(secret, current, previous);
  if (!isCurrent(secret, current)) {
    if (!isPending(secret, current) || wasPromoted(secret, current) || hasFailed(secret, current)) return 'superseded';
    throw unrelated(secret, `version ${current} is AWSPENDING and was not promoted. Nothing is retired on its behalf.`);
  }
  if (isPrevious(secret, previous)) return 'retirable';
  throw unrelated(secret, `${isNot(secret, previous, AWSPREVIOUS)} Nothing else is retired.`);
}

/** Verify and Repair look at AWSCURRENT, and at AWSPREVIOUS where it comes along. `moved-on`: another version is current. */
export function standingOfVerification(
  secret: Labels,
  { current, previous }: { readonly current: string; readonly previous: string | undefined },
): 'current' | 'moved-on' {
  if (previous !== undefined) expectTwo(secret, current, previous);
  if (!isCurrent(secret, current)) return 'moved-on';
  if (previous === undefined || isPrevious(secret, previous)) return 'current';
  throw unrelated(secret, `${isNot(secret, previous, AWSPREVIOUS)} It is not asked about.`);
}

/**
 * A rotation that Secrets Manager began by itself is adopted while its token is a candidate, also one that has lost its labels
 * meanwhile, and once it is AWSCURRENT and in flight. Answers the version that a roll-back goes back to.
 */
export function previousOfAdopted(secret: Labels, versionId: string): string | undefined {
  if (versionId.startsWith(WORKFLOW_TOKEN_PREFIX)) {
    throw unrelated(
      secret,
      `version ${versionId} is a rotation of the workflow's own. Its own execution has it in hands.`,
    );
  }
  if (isCurrent(secret, versionId)) {
    if (isInFlight(secret, versionId) && !hasFailed(secret, versionId)) return secret.versionWith(AWSPREVIOUS);
    throw unrelated(secret, `version ${versionId} is AWSCURRENT, and no rotation to it is under way.`);
  }
  if (standingOfCandidate(secret, versionId) === 'candidate') return secret.versionWith(AWSCURRENT);
  throw unrelated(
    secret,
    `${isNot(secret, versionId, AWSCURRENT)} It was current before and is no rotation under way.`,
  );
}

/** A token that the workflow chose for this execution: not chosen by another one that was promoted and replaced since. */
export function expectUnspent(secret: Labels, token: string): void {
  if (isCurrent(secret, token) ? !hasFailed(secret, token) : standingOfCandidate(secret, token) === 'candidate') return;
  throw unrelated(secret, `the rotation ${token} of this execution is over. Start another execution.`);
}

function expectTwo(secret: Labels, one: string, other: string): void {
  if (one === other) throw unrelated(secret, `the request names version ${one} twice, and needs two versions.`);
}

function isPrevious(labels: VersionLabels, versionId: string): boolean {
  return labels.stagesOf(versionId).includes(AWSPREVIOUS);
}

function isNot(secret: Labels, versionId: string, stage: string): string {
  const stages = secret.stagesOf(versionId);
  const carried = stages.length === 0 ? 'no label' : stages.join(', ');
  return `version ${versionId} carries ${carried}; ${stage} is on ${secret.versionWith(stage) ?? 'no version'}.`;
}

function unrelated({ name }: Labels, what: string): VersionsUnrelated {
  return new VersionsUnrelated(`${name}: ${what} Look at the labels again: keyturn status.`);
}
