import { createHash } from 'node:crypto';
import type { CredentialVerdict, FindingCode } from '../contracts/audit.ts';
import type { RotationRequest } from '../contracts/execution.ts';
import { AWSCURRENT, AWSPREVIOUS, EMERGENCY_TOKEN_PREFIX, WORKFLOW_TOKEN_PREFIX } from '../contracts/labels.ts';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { describeGrace } from '../rotation/create-secret.ts';
import { RotationInGrace, RotationInProgress, SecretUnusable, VersionsUnrelated } from '../rotation/errors.ts';
import { RollBackImpossible } from '../rotation/roll-back.ts';
import type { SecretDescription } from '../rotation/secret-store.ts';
import {
  candidateVersionId,
  hasFailed,
  isInFlight,
  isPending,
  unretiredVersionId,
} from '../rotation/version-labels.ts';
import { expectUnspent, previousOfAdopted } from '../rotation/version-relations.ts';

/** How an execution goes on after Prepare. */
export type Path =
  /** The workflow asks Secrets Manager to rotate. */
  | 'requested'
  /** Secrets Manager began by itself and handed the rotation over. */
  | 'adopted'
  /** A value was put by hand or by another tool: it is propagated and checked. */
  | 'promoted-by-hand'
  /** A person wants the version before back. */
  | 'roll-back'
  /** A person asks whether the current value works. */
  | 'checks-only'
  /** A person wants a finding of the audit repaired. */
  | 'repair'
  /** Another execution reports this version already, or there is nothing to report. */
  | 'nothing-to-do';

export interface Decision {
  readonly path: Path;
  /** The version that the story is about. */
  readonly versionId: string;
  /** What a roll-back goes back to. */
  readonly previousVersionId?: string;
  /** The rotation before, whose previous credential is to be retired first, if the evidence shows no use of it. */
  readonly retireFirst?: { readonly versionId: string; readonly previousVersionId: string };
  /** A candidate that another rotation left under AWSPENDING, to be given up first. */
  readonly clearVersionId?: string;
  /** What the rotation function is asked, to repair. */
  readonly repair?: Extract<WorkflowRequest, { operation: 'Abandon' | 'Repair' }>;
  readonly reason: string;
}

/**
 * Decides, from labels alone, what an execution is about. Pure.
 *
 * 1. A label event: the version that AWSCURRENT came to rest on.
 *    a. AWSCURRENT rests elsewhere by now: a later event reports that.
 *    b. It carries one of our labels: a rotation has it in hands. A version that was put over a rotation in flight
 *       does not, although the version it was taken from does.
 *    c. The version it was taken from failed its checks: a roll-back has it in hands.
 *    d. It is the secret's first value: no consumer holds another.
 *    e. Else: promoted by hand.
 * 2. A native rotation (its token comes along): adopted while the token is a candidate, or AWSCURRENT and in flight.
 *    A schedule of a rate runs for the first time when it is made: nothing to do.
 *    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 * 3. A request to check, or to roll back: see decideRollBack.
 * 4. A request to rotate:
 *    a. Prepare ran before in this execution: it goes on.
 *    b. in flight on AWSCURRENT: refused with the time and the way out, unless it is an emergency, or the previous
 *       credential is to be retired first.
 *    c. AWSPENDING on another version than AWSCURRENT's: a rotation is under way (or stuck: `doctor` says which); refused
 *       unless it is to be given up.
 *    d. Else: requested, with a token that the execution's name determines, so that Prepare may run twice.
 */
export function decide(
  request: RotationRequest,
  secret: SecretDescription,
  settings: { gracePeriodSeconds: number; rotated: boolean; isFirstRun?: boolean },
  executionName: string,
): Decision {
  if (request.startedBy === 'hand') return decideByHand(request.versionId, secret);
  const current = secret.versionWith(AWSCURRENT);
  if (request.startedBy === 'native') {
    return {
      path: 'adopted',
      versionId: request.versionId,
      previousVersionId: previousOfAdopted(secret, request.versionId),
      reason: 'Secrets Manager began this rotation',
    };
  }
  if (settings.isFirstRun) {
    const reason = 'a rate schedule runs when it is made, and a first deployment never rotates';
    return { path: 'nothing-to-do', versionId: current ?? 'none', reason };
  }
  if (request.operation === 'check') {
    if (!current) throw new SecretUnusable(`${secret.name} has no AWSCURRENT version. Put a first value.`);
    return { path: 'checks-only', versionId: current, reason: 'a check was asked for' };
  }
  if (request.operation === 'repair') return decideRepair(secret, request);
  if (request.operation === 'roll-back') return decideRollBack(secret, request.expectedVersionId);
  refuseUnrotatable(secret, settings);
  return decideRotation(request, secret, settings, executionName);
}

function decideRotation(
  request: Extract<RotationRequest, { operation: string }>,
  secret: SecretDescription,
  settings: { gracePeriodSeconds: number },
  executionName: string,
): Decision {
  const current = secret.versionWith(AWSCURRENT);
  const token = workflowToken(executionName, request.emergency);
  expectUnspent(secret, token);
  if (current === token || isPending(secret, token)) {
    // Prepare ran before in this execution, and RotateSecret with it.
    const previous = current === token ? secret.versionWith(AWSPREVIOUS) : current;
    return { path: 'requested', versionId: token, previousVersionId: previous, reason: 'this execution goes on' };
  }
  const candidate = candidateVersionId(secret);
  if (candidate !== undefined && !request.force) {
    throw new RotationInProgress(
      `${secret.name} is being rotated: version ${candidate} is AWSPENDING. Wait for it; if nothing is running, keyturn doctor ` +
        `says what left it, and keyturn rotate ${secret.name} --force gives it up.`,
    );
  }
  const previous = secret.versionWith(AWSPREVIOUS);
  const isInGrace = current !== undefined && isInFlight(secret, current);
  if (isInGrace && !request.emergency && !(request.retireNow && previous)) {
    throw new RotationInGrace(describeGrace(secret.name, secret.lastChangedAt, settings.gracePeriodSeconds));
  }
  const retiresFirst = isInGrace && !request.emergency && previous !== undefined;
  return {
    path: 'requested',
    versionId: token,
    previousVersionId: current,
    ...(retiresFirst && { retireFirst: { versionId: current, previousVersionId: previous } }),
    ...(candidate !== undefined && { clearVersionId: candidate }),
    reason: 'a rotation was asked for',
  };
}

/** By hand, back to the version before the current one. */
function decideRollBack(secret: SecretDescription, expectedVersionId?: string): Decision {
  const current = secret.versionWith(AWSCURRENT);
  if (expectedVersionId && current !== expectedVersionId) {
    throw new RollBackImpossible(
      `${secret.name}: version ${expectedVersionId} was to be rolled back, but ${current ?? 'no version'} is current by now. Look again.`,
    );
  }
  const versions = versionsOfRollBack(secret);
  if ('impossible' in versions) throw new RollBackImpossible(versions.impossible);
  return { path: 'roll-back', ...versions, reason: 'a roll-back was asked for' };
}

/**
 * Why a roll-back of the current version cannot succeed, by its labels and by `previous`, what a verification found of the
 * version before it, where one was made; undefined where it can. Pure.
 */
export function whyRollBackIsImpossible(
  secret: SecretDescription,
  previous: CredentialVerdict | undefined,
): string | undefined {
  const versions = versionsOfRollBack(secret);
  if ('impossible' in versions) return versions.impossible;
  if (!previous || previous.works || !previous.isUnreadable) return undefined;
  return `${secret.name}: version ${versions.previousVersionId} cannot be put back, because nothing can use its value: ${previous.reason} Put a working value by hand.`;
}

/**
 * 1. A rotation in flight: its previous credential has not been retired, so it can be restored.
 * 2. A value that was put by hand, or by another tool: the value that it replaced was never retired.
 * 3. Else the previous credential has been retired: there is nothing to go back to.
 */
function versionsOfRollBack(
  secret: SecretDescription,
): { versionId: string; previousVersionId: string } | { impossible: string } {
  const current = secret.versionWith(AWSCURRENT);
  const previous = secret.versionWith(AWSPREVIOUS);
  if (!current || !previous) {
    return { impossible: `${secret.name} has no previous version to go back to. Put a working value by hand.` };
  }
  if (!isInFlight(secret, current) && current.startsWith(WORKFLOW_TOKEN_PREFIX)) {
    return {
      impossible: `${secret.name}: the credential before ${current} has been retired: the target refuses it. Rotate again: keyturn rotate ${secret.name}.`,
    };
  }
  if (hasFailed(secret, previous)) {
    return {
      impossible: `${secret.name}: version ${previous} failed its checks itself and is not restored. Put a working value by hand.`,
    };
  }
  return { versionId: current, previousVersionId: previous };
}

/**
 * 1. A stuck candidate is given up: it is the version under AWSPENDING beside AWSCURRENT.
 * 2. What the audit found at the target is repaired, as long as the version that it looked at is current.
 */
function decideRepair(
  secret: SecretDescription,
  { code, expectedVersionId: versionId }: { code?: FindingCode; expectedVersionId?: string },
): Decision {
  if (!code || !versionId) {
    throw new VersionsUnrelated(
      `${secret.name}: a repair names the finding, code, and its version, expectedVersionId.`,
    );
  }
  if (!secret.rotationFunctionArn) {
    throw new SecretUnusable(`${secret.name} has no rotation function that could repair anything.`);
  }
  const decision = { path: 'repair', versionId, reason: `a repair of ${code} was asked for` } as const;
  if (code === 'PendingStuck') {
    const candidate = candidateVersionId(secret);
    if (candidate === versionId)
      return { ...decision, repair: { operation: 'Abandon', secretArn: secret.arn, versionId } };
    throw new VersionsUnrelated(
      `${secret.name}: AWSPENDING is on ${candidate ?? 'no candidate'}, not on ${versionId}. Look again: keyturn doctor ${secret.name}.`,
    );
  }
  const current = secret.versionWith(AWSCURRENT);
  if (current !== versionId) {
    throw new VersionsUnrelated(
      `${secret.name}: AWSCURRENT is on ${current ?? 'no version'}, not on ${versionId}. Look again: keyturn doctor ${secret.name}.`,
    );
  }
  const previousVersionId = unretiredVersionId(secret);
  const repair = { operation: 'Repair', secretArn: secret.arn, versionId, previousVersionId, code } as const;
  return { ...decision, ...(previousVersionId && { previousVersionId }), repair };
}

function decideByHand(versionId: string, secret: SecretDescription): Decision {
  const current = secret.versionWith(AWSCURRENT);
  const previous = secret.versionWith(AWSPREVIOUS);
  if (current !== versionId) {
    return { path: 'nothing-to-do', versionId, reason: `AWSCURRENT is on ${current ?? 'no version'} by now` };
  }
  const isLabelled = isInFlight(secret, versionId) || hasFailed(secret, versionId);
  if (isLabelled || versionId.startsWith(WORKFLOW_TOKEN_PREFIX)) {
    return { path: 'nothing-to-do', versionId, reason: 'a rotation put this version and reports on it' };
  }
  if (previous && hasFailed(secret, previous)) {
    return { path: 'nothing-to-do', versionId, reason: `a roll-back put this version in the place of ${previous}` };
  }
  if (isPending(secret, versionId)) {
    return {
      path: 'nothing-to-do',
      versionId,
      reason: 'Secrets Manager is about to finish the rotation of this version',
    };
  }
  if (!previous)
    return { path: 'nothing-to-do', versionId, reason: 'the first value of a secret: no consumer holds another' };
  return {
    path: 'promoted-by-hand',
    versionId,
    previousVersionId: previous,
    reason: 'a value was put by hand or by another tool',
  };
}

function refuseUnrotatable(secret: SecretDescription, settings: { rotated: boolean }): void {
  if (!settings.rotated) {
    throw new SecretUnusable(
      `${secret.name} is watched, not rotated: the manifest says so. Put a new value; it is then propagated.`,
    );
  }
  if (secret.owningService) {
    throw new SecretUnusable(
      `${secret.name} is owned by ${secret.owningService}, which rotates it. Remove it from the manifest.`,
    );
  }
  if (!secret.rotationFunctionArn) {
    throw new SecretUnusable(
      `${secret.name} has no rotation function. Deploy the pipeline's stack for it, or turn rotation on again.`,
    );
  }
}

/** 32 to 64 characters, as ClientRequestToken asks; the same for each attempt of one execution. */
export function workflowToken(executionName: string, emergency = false): string {
  return `${emergency ? EMERGENCY_TOKEN_PREFIX : WORKFLOW_TOKEN_PREFIX}${createHash('sha256').update(executionName).digest('hex').slice(0, 40)}`;
}
