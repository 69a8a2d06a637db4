import {
  AWSCURRENT,
  AWSPENDING,
  AWSPREVIOUS,
  EMERGENCY_TOKEN_PREFIX,
  KEYTURN_FAILED,
  KEYTURN_IN_FLIGHT,
} from '../contracts/labels.ts';
import { SecretUnusable } from './errors.ts';

/**
 * The staging labels of a secret's versions, as one look saw them. They are the state of a rotation, so every question about
 * that state is asked here. Pure: a question that needs two looks takes both.
 */
export interface VersionLabels {
  readonly stagesByVersion: ReadonlyMap<string, readonly string[]>;
  versionWith(stage: string): string | undefined;
  stagesOf(versionId: string): readonly string[];
}

/** `VersionIdsToStages` as DescribeSecret answers it; missing where a secret has no version yet. */
export function versionLabels(versionIdsToStages: Readonly<Record<string, readonly string[]>> = {}): VersionLabels {
  const stagesByVersion = new Map(Object.entries(versionIdsToStages));
  return {
    stagesByVersion,
    versionWith: (stage) => [...stagesByVersion].find(([, stages]) => stages.includes(stage))?.[0],
    stagesOf: (versionId) => stagesByVersion.get(versionId) ?? [],
  };
}

/** @throws SecretUnusable where no version is AWSCURRENT: the secret has never had a value */
export function currentVersionId(secret: VersionLabels & { readonly name: string }): string {
  const versionId = secret.versionWith(AWSCURRENT);
  if (versionId) return versionId;
  throw new SecretUnusable(`${secret.name} has no AWSCURRENT version. Put a first value before it is rotated.`);
}

export function isCurrent(labels: VersionLabels, versionId: string): boolean {
  return labels.stagesOf(versionId).includes(AWSCURRENT);
}

export function isPending(labels: VersionLabels, versionId: string): boolean {
  return labels.stagesOf(versionId).includes(AWSPENDING);
}

/** Its rotation is open: from the write that stores the candidate until the previous credential is retired. */
export function isInFlight(labels: VersionLabels, versionId: string): boolean {
  return labels.stagesOf(versionId).includes(KEYTURN_IN_FLIGHT);
}

export function hasFailed(labels: VersionLabels, versionId: string): boolean {
  return labels.stagesOf(versionId).includes(KEYTURN_FAILED);
}

/** AWSCURRENT failed its checks: a roll-back has begun, and has not moved AWSCURRENT yet. */
export function isBeingRolledBack(labels: VersionLabels): boolean {
  const current = labels.versionWith(AWSCURRENT);
  return current !== undefined && hasFailed(labels, current);
}

/** Consumers have read it: it is current, or was until another value was put over it. */
export function wasPromoted(labels: VersionLabels, versionId: string): boolean {
  return isCurrent(labels, versionId) || labels.stagesOf(versionId).includes(AWSPREVIOUS);
}

/** The version that carries AWSPENDING, if it is none of these. */
export function pendingBeside(
  labels: VersionLabels,
  ...versionIds: readonly (string | undefined)[]
): string | undefined {
  const pending = labels.versionWith(AWSPENDING);
  return versionIds.includes(pending) ? undefined : pending;
}

/** The candidate of a rotation that is under way, or that nothing finished. AWSPENDING may rest on AWSCURRENT's version afterwards. */
export function candidateVersionId(labels: VersionLabels): string | undefined {
  return pendingBeside(labels, labels.versionWith(AWSCURRENT));
}

/** The version whose credential waits for its retirement: the one before AWSCURRENT, while AWSCURRENT is in flight. */
export function unretiredVersionId(labels: VersionLabels): string | undefined {
  const current = labels.versionWith(AWSCURRENT);
  return current !== undefined && isInFlight(labels, current) ? labels.versionWith(AWSPREVIOUS) : undefined;
}

/** A step of a rotation, since it began: 1. The candidate lost AWSPENDING. 2. AWSCURRENT left the version that it was made beside. */
export function isStepOvertaken(before: VersionLabels, now: VersionLabels, token: string): boolean {
  return !isPending(now, token) || now.versionWith(AWSCURRENT) !== before.versionWith(AWSCURRENT);
}

/**
 * An abandonment that comes twice may come late: the first one has closed the rotation, and the next rotation gives a single
 * login another password.
 * 1. AWSCURRENT has moved. 2. The rotation was open before, and is closed. 3. It was not open, and another candidate is under way.
 */
export function isAbandonmentOvertaken(before: VersionLabels, now: VersionLabels, token: string): boolean {
  if (now.versionWith(AWSCURRENT) !== before.versionWith(AWSCURRENT)) return true;
  if (isInFlight(before, token)) return !isInFlight(now, token);
  return pendingBeside(now, token) !== undefined;
}

/**
 * A retirement that comes twice may come late: the first one has closed the rotation, and the next rotation gives the
 * credential that is retired here a new password.
 * 1. Another version is current. 2. A roll-back has begun: it goes back to what would be retired. 3. The rotation was open
 * before, and is closed. 4. An emergency is under way, or, where the rotation was not open, any rotation.
 */
export function isRetirementOvertaken(before: VersionLabels, now: VersionLabels, current: string): boolean {
  if (!isCurrent(now, current) || hasFailed(now, current)) return true;
  const wasOpen = isInFlight(before, current);
  if (wasOpen && !isInFlight(now, current)) return true;
  return wasOpen ? isEmergencyPending(now, current) : pendingBeside(now, current) !== undefined;
}

/**
 * 1. Another version than the failed one is current.
 * 2. A rotation is under way that the grace period does not hold up: an emergency, which spares nothing, or any rotation
 *    over a value that was put by hand. It revokes or resets the previous credential.
 */
export function isRollBackOvertaken(
  now: VersionLabels,
  { failed, previous }: { readonly failed: string; readonly previous: string },
): boolean {
  if (!isCurrent(now, failed)) return true;
  return isInFlight(now, failed)
    ? isEmergencyPending(now, failed, previous)
    : pendingBeside(now, failed, previous) !== undefined;
}

/** AWSCURRENT was moved back, and the target is to accept it again: 1. Another version is current. 2. A rotation is under way. */
export function isRestoreOvertaken(
  now: VersionLabels,
  { failed, previous }: { readonly failed: string; readonly previous: string },
): boolean {
  return !isCurrent(now, previous) || pendingBeside(now, failed, previous) !== undefined;
}

/**
 * 1. Another version is current. 2. It failed its checks: a roll-back makes the target accept the version before.
 * 3. A candidate is under way: its credential may be at the target already, and may be promoted any moment. 4. The previous
 * credential was found unretired, and its rotation is closed.
 */
export function isRepairOvertaken(
  now: VersionLabels,
  { current, previous }: { readonly current: string; readonly previous: string | undefined },
): boolean {
  if (!isCurrent(now, current) || hasFailed(now, current) || pendingBeside(now, current) !== undefined) return true;
  return previous !== undefined && !isInFlight(now, current);
}

/** 1. Another rotation may be making its candidate: what that one has not stored yet would look like an orphan. 2. AWSCURRENT has moved. */
export function isSweepOvertaken(
  now: VersionLabels,
  { token, current }: { readonly token: string; readonly current: string },
): boolean {
  return pendingBeside(now, token, current) !== undefined || !isCurrent(now, current);
}

function isEmergencyPending(labels: VersionLabels, ...beside: readonly string[]): boolean {
  return pendingBeside(labels, ...beside)?.startsWith(EMERGENCY_TOKEN_PREFIX) === true;
}

/**
 * Versions whose credential has no rightful user any more. Never AWSCURRENT, nor the rotation's own candidate, nor another one
 * that is AWSPENDING, nor what AWSCURRENT, which failed its checks, is about to go back to; of the rest:
 * 1. An emergency spares nothing.
 * 2. It failed its checks, and AWSCURRENT was moved back.
 * 3. It is AWSPREVIOUS: while AWSCURRENT is in flight its retirement is under way; else when the grace is over that
 *    began with AWSCURRENT. (A value was put by hand, or the secret is new to us: no retirement is under way.)
 * 4. It is a candidate that was overtaken: only the in-flight label is left.
 */
export function spentVersionIds(
  labels: VersionLabels,
  rotation: { readonly token: string; readonly emergency: boolean; readonly isSettled: boolean },
): string[] {
  const current = labels.versionWith(AWSCURRENT);
  const isOpen = current !== undefined && isInFlight(labels, current);
  const isRollingBack = isBeingRolledBack(labels);
  const isSpent = (versionId: string, stages: readonly string[]): boolean => {
    if (versionId === current || versionId === rotation.token || stages.includes(AWSPENDING)) return false;
    if (isRollingBack && stages.includes(AWSPREVIOUS)) return false;
    if (rotation.emergency || stages.includes(KEYTURN_FAILED)) return true;
    if (stages.includes(AWSPREVIOUS)) return !isOpen && rotation.isSettled;
    return stages.length === 1 && stages[0] === KEYTURN_IN_FLIGHT;
  };
  return [...labels.stagesByVersion].filter(([id, stages]) => isSpent(id, stages)).map(([id]) => id);
}
