import { AWSCURRENT, AWSPENDING, KEYTURN_IN_FLIGHT } from '../../pipeline/contracts/labels.ts';
import type { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import type { StoryEvent } from '../aws/read-history.ts';
import { minute } from '../terminal/times.ts';

/** What DescribeSecret says, as far as it matters here. */
export interface SecretFacts {
  readonly arn: string;
  readonly isDeleted: boolean;
  readonly rotationEnabled: boolean;
  readonly lastRotatedAt?: Date;
  readonly lastChangedAt?: Date;
  readonly nextRotationAt?: Date;
  readonly stagesByVersion: Readonly<Record<string, readonly string[]>>;
}

export interface SecretStatus {
  readonly name: string;
  readonly kind: string;
  readonly arn?: string;
  readonly group?: string;
  readonly versionId?: string;
  readonly lastRotatedAt?: Date;
  /** Secrets Manager's own next rotation. */
  readonly nextRotationAt?: Date;
  /** The workflow's schedule, in EventBridge Scheduler's words. */
  readonly schedule?: string;
  readonly state: string;
  readonly isWell: boolean;
  readonly lastOutcome?: { readonly at: Date; readonly what: string; readonly message?: string };
}

/** A retirement begins at the end of the grace period and asks for evidence; it is late after this. */
const RETIREMENT_LATE_MILLISECONDS = 60 * 60 * 1000;

const outcomes: Readonly<Record<string, string>> = {
  'Rotation Succeeded': 'rotated',
  'Rotation Failed': 'failed',
  'Rotation Rolled Back': 'rolled back',
};

/** One secret at a glance. Pure. `events`: the newest first; a history that is missing takes only the outcome away. */
export function judgeStatus(
  settings: SecretSettings,
  facts: SecretFacts | undefined,
  events: readonly StoryEvent[],
  now: Date,
): SecretStatus {
  const current = facts && versionWith(facts, AWSCURRENT);
  const outcome = events.find(({ type }) => type in outcomes);
  const message = outcome && typeof outcome.detail.message === 'string' ? { message: outcome.detail.message } : {};
  return {
    name: settings.name,
    kind: settings.kind,
    ...(facts && { arn: facts.arn }),
    ...(settings.group && { group: settings.group }),
    ...(current && { versionId: current }),
    ...(facts?.lastRotatedAt && { lastRotatedAt: facts.lastRotatedAt }),
    ...(facts?.nextRotationAt && { nextRotationAt: facts.nextRotationAt }),
    ...(settings.schedule && { schedule: settings.schedule.expression }),
    ...(outcome && { lastOutcome: { at: outcome.at, what: outcomes[outcome.type] as string, ...message } }),
    ...stateOf(settings, facts, events, now),
  };
}

/**
 * 1. The secret is gone, or has no value.
 * 2. It is watched: its value is somebody else's.
 * 3. Rotation is off.
 * 4. AWSPENDING on a version other than AWSCURRENT's: a rotation is under way.
 * 5. In flight: the previous credential is kept; in use beyond its time; or its retirement is late.
 * 6. The last rotation failed, or was rolled back.
 * 7. Secrets Manager's own rotation should have been.
 */
function stateOf(
  settings: SecretSettings,
  facts: SecretFacts | undefined,
  events: readonly StoryEvent[],
  now: Date,
): Pick<SecretStatus, 'state' | 'isWell'> {
  const bad = (state: string) => ({ state, isWell: false });
  const well = (state: string) => ({ state, isWell: true });
  if (!facts || facts.isDeleted) return bad('deleted');
  const current = versionWith(facts, AWSCURRENT);
  if (!current) return bad('no value');
  if (!settings.rotated) return well('watched');
  if (!facts.rotationEnabled) return bad('rotation is off');
  const pending = versionWith(facts, AWSPENDING);
  if (pending && pending !== current) return well('rotating');
  if (facts.stagesByVersion[current]?.includes(KEYTURN_IN_FLIGHT)) return graceState(settings, facts, events, now);
  const outcome = events.find(({ type }) => type in outcomes);
  if (outcome && outcome.type !== 'Rotation Succeeded') return bad(`last rotation ${outcomes[outcome.type]}`);
  if (facts.nextRotationAt && facts.nextRotationAt.getTime() < now.getTime()) return bad('overdue');
  return well('ok');
}

function graceState(
  settings: SecretSettings,
  facts: SecretFacts,
  events: readonly StoryEvent[],
  now: Date,
): Pick<SecretStatus, 'state' | 'isWell'> {
  const blocked = events[0]?.type === 'Retirement Blocked';
  if (blocked) return { state: 'retirement blocked', isWell: false };
  const until = (facts.lastChangedAt ?? now).getTime() + settings.gracePeriodSeconds * 1000;
  if (now.getTime() > until + RETIREMENT_LATE_MILLISECONDS) return { state: 'retirement late', isWell: false };
  return { state: `in grace until ${minute(new Date(until))}`, isWell: true };
}

function versionWith(facts: SecretFacts, stage: string): string | undefined {
  return Object.entries(facts.stagesByVersion).find(([, stages]) => stages.includes(stage))?.[0];
}
