import type { Finding } from '../contracts/audit.ts';
import { AWSCURRENT, AWSPREVIOUS, WORKFLOW_TOKEN_PREFIX } from '../contracts/labels.ts';
import { convergenceBoundSeconds } from '../contracts/settings/secret.ts';
import { candidateVersionId, hasFailed, isInFlight } from '../rotation/version-labels.ts';
import { whyRollBackIsImpossible } from '../workflow/decide.ts';
import { ageOf, finding, howLong, putValue, type Rule, SETTLING_MILLISECONDS } from './finding.ts';
import type { ObservedSecret } from './observed.ts';

/** Another tool may take its time over a rotation; after a day it is not coming back. */
const FOREIGN_PENDING_MILLISECONDS = 24 * 3_600_000;
/** People look once a day. */
const RETIREMENT_TOLERANCE_MILLISECONDS = 24 * 3_600_000;

/** AWSCURRENT rests on a version, and on one that did not fail its checks. A roll-back is advised only where one can succeed. */
export const findCurrent: Rule = (observed) => {
  const { secret } = observed;
  const current = secret.versionWith(AWSCURRENT);
  if (!current) {
    const message = 'no version is AWSCURRENT. Put a first value.';
    return [finding(observed, 'CurrentMissing', message, { person: putValue(secret.name) })];
  }
  if (observed.isRotating || !hasFailed(secret, current)) return [];
  const message = `version ${current} is AWSCURRENT although it failed its checks: a roll-back was cut off, or another writer moved the label back.`;
  const { target } = observed;
  const impossible = whyRollBackIsImpossible(
    secret,
    target && 'supported' in target && target.supported ? target.previous : undefined,
  );
  if (impossible === undefined && target && 'unreachable' in target) {
    const person = `Restore what the message names, then: keyturn doctor ${secret.name} --repair`;
    const away = `${message} A roll-back cannot succeed at present: ${target.unreachable}`;
    return [finding(observed, 'CurrentFailed', away, { person }, current)];
  }
  if (impossible === undefined) {
    const wayOut = { repair: { action: 'roll-back', versionId: current }, isSafe: false } as const;
    return [finding(observed, 'CurrentFailed', message, wayOut, current)];
  }
  return [finding(observed, 'CurrentFailed', `${message} ${impossible}`, { person: putValue(secret.name) }, current)];
};

/**
 * AWSPENDING on another version than AWSCURRENT's refuses every rotation.
 * 1. An execution is about it, or it is younger than a rotation may take: it is under way.
 * 2. It is ours (labelled, or a token of the workflow's): the rotation function gives it up.
 * 3. Another tool's, or an empty version of a rotation that never began: the label is detached; safe after a day.
 */
export const findPending: Rule = (observed, now) => {
  const { secret, settings } = observed;
  const versionId = candidateVersionId(secret);
  if (!versionId || observed.isRotating) return [];
  const age = ageOf(observed.pendingSince, now);
  if (age < settings.promotionTimeoutSeconds * 1000 + SETTLING_MILLISECONDS) return [];
  const isOurs = isInFlight(secret, versionId) || versionId.startsWith(WORKFLOW_TOKEN_PREFIX);
  const refuses = 'no rotation can begin while it is there';
  if (isOurs && secret.rotationFunctionArn) {
    const message = `version ${versionId} has been AWSPENDING for ${howLong(age)}, and no execution is about it: ${refuses}.`;
    const { rotationFunctionArn } = secret;
    return [
      finding(
        observed,
        'PendingStuck',
        message,
        { repair: { action: 'abandon-candidate', rotationFunctionArn, versionId }, isSafe: true },
        versionId,
      ),
    ];
  }
  const message = `version ${versionId} was put under AWSPENDING by another tool ${howLong(age)} ago: ${refuses}.`;
  const isSafe = age >= FOREIGN_PENDING_MILLISECONDS;
  const wayOut = { repair: { action: 'detach-pending', versionId }, isSafe } as const;
  return [finding(observed, 'PendingForeign', message, wayOut, versionId)];
};

/**
 * The previous credential waits for its retirement:
 * 1. An execution waits with it: late only when it takes a day longer than the grace period.
 * 2. None does: it was stopped, it failed for good, or the rotation's own execution was cut off before it began one.
 */
export const findRetirement: Rule = (observed, now) => {
  const { secret, settings } = observed;
  const versionId = secret.versionWith(AWSCURRENT);
  if (!versionId || observed.isRotating) return [];
  if (!isInFlight(secret, versionId) || hasFailed(secret, versionId)) return [];
  const promotedAt = promotionOf(observed);
  const age = ageOf(promotedAt, now);
  const previousVersionId = secret.versionWith(AWSPREVIOUS);
  if (!observed.isRetiring) {
    if (age < SETTLING_MILLISECONDS || !previousVersionId) return [];
    const message = `version ${versionId} was promoted ${howLong(age)} ago, and no execution retires the credential before it: rotations are refused until one has.`;
    const repair = {
      action: 'resume-retirement',
      versionId,
      previousVersionId,
      promotedAt: (promotedAt ?? now).toISOString(),
    } as const;
    return [finding(observed, 'RetirementLost', message, { repair, isSafe: true }, versionId)];
  }
  const bounds = settings.consumers.map(convergenceBoundSeconds);
  const graceMilliseconds = Math.max(settings.gracePeriodSeconds, ...bounds) * 1000;
  const late = age - graceMilliseconds;
  if (late < RETIREMENT_TOLERANCE_MILLISECONDS) return [];
  const users = observed.blockers?.length ? ` It is used by ${observed.blockers.join(', ')}.` : '';
  const message = `the previous credential should have been retired ${howLong(late)} ago.${users} End its use; it is then retired by itself.`;
  const person = `End that use. To revoke the credential at once, even while it is in use: keyturn rotate ${secret.name} --emergency --wait`;
  return [finding(observed, 'RetirementOverdue', message, { person }, versionId)];
};

/**
 * A value became current, and no consumer was notified. Not where
 * 1. it is younger than an event's delivery may take, or the secret was not ours yet when it was put;
 * 2. a rotation has it in hands (labels), or it is the first value of all;
 * 3. the history believes it to be current.
 */
export const findUnpropagated: Rule = (observed, now): Finding[] => {
  const { secret, dates, story } = observed;
  const versionId = secret.versionWith(AWSCURRENT);
  if (!versionId || observed.isRotating || !secret.versionWith(AWSPREVIOUS)) return [];
  if (isInFlight(secret, versionId) || hasFailed(secret, versionId)) return [];
  if (story.believedVersionId === versionId) return [];
  if (ageOf(secret.lastChangedAt, now) < SETTLING_MILLISECONDS) return [];
  const { currentMadeAt, managedSince } = dates;
  // Without a row that believes in another version, only what was put in our time counts: the rest was there before us.
  const isOfOurTime = currentMadeAt !== undefined && managedSince !== undefined && currentMadeAt >= managedSince;
  if (story.believedVersionId === undefined && !isOfOurTime) return [];
  const message = `version ${versionId} became current and no execution propagated and checked it: its event was lost.`;
  const isTold = versionId.startsWith(WORKFLOW_TOKEN_PREFIX);
  const repair = isTold
    ? ({ action: 'propagate', versionId } as const)
    : ({ action: 'adopt-value', versionId } as const);
  return [finding(observed, 'ValueUnpropagated', message, { repair, isSafe: true }, versionId)];
};

function promotionOf({ story, secret }: ObservedSecret): Date | undefined {
  const isTold = story.believedVersionId === secret.versionWith(AWSCURRENT);
  return (isTold ? story.promotedAt : undefined) ?? secret.lastChangedAt;
}
