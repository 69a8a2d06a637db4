import { AWSCURRENT, AWSPREVIOUS } from '../contracts/labels.ts';
import type { SecretSettings } from '../contracts/settings/secret.ts';
import { KeyturnError } from '../errors.ts';
import { type ConsumerState, consumerStateOf, namesInStory } from '../history/consumer-state.ts';
import { describeConsumerState } from '../history/consumer-words.ts';
import type { StoryRow, StoryRowOf } from '../history/story-rows.ts';
import type { SecretDescription } from '../rotation/secret-store.ts';
import { candidateVersionId, isInFlight } from '../rotation/version-labels.ts';
import { decide } from '../workflow/decide.ts';

/** What DescribeSecret says beyond labels. */
export interface SecretDates {
  readonly createdAt?: Date;
  readonly lastRotatedAt?: Date;
  /** Secrets Manager's own next rotation. */
  readonly nextRotationAt?: Date;
}

export type Operation = 'rotate' | 'check' | 'roll-back';

export interface Offer {
  readonly operation: Operation;
  /** Why the workflow would refuse it now; missing where it would not. */
  readonly refusal?: string;
}

export interface SecretStatus {
  readonly name: string;
  readonly arn: string;
  /** `postgres, alternating-users` */
  readonly kind: string;
  readonly standing: Standing;
  readonly versionId: string | undefined;
  readonly previousVersionId: string | undefined;
  readonly ageSeconds: number | undefined;
  readonly next: { readonly at: Date; readonly isOverdue: boolean } | undefined;
  readonly schedule: string | undefined;
  readonly consumers: readonly ConsumerSign[];
  readonly checks: readonly Sign[];
  readonly offers: readonly Offer[];
}

/** How a secret is, in one word and, where there is more to say, a sentence. */
export interface Standing {
  readonly tone: 'good' | 'bad' | 'busy' | 'calm';
  readonly word: string;
  readonly since?: Date;
  readonly explanation?: string;
  readonly executionArn?: string;
}

/** A consumer or a check: whether it is as it should be for the version that is current. */
export interface Sign {
  readonly name: string;
  readonly tone: Standing['tone'];
  readonly word: string;
}

/** A consumer or a mirror, and its state for programs. */
export type ConsumerSign = Sign & ConsumerState;

/**
 * What a person on call wants to know of one secret. Pure. `story`: its newest rows, the newest first; what is missing in
 * it takes the words away, never a button.
 */
export function secretStatus(subject: {
  readonly settings: SecretSettings;
  readonly secret: SecretDescription;
  readonly dates: SecretDates;
  readonly story: readonly StoryRow[];
  readonly now: Date;
}): SecretStatus {
  const { settings, secret, dates, story, now } = subject;
  const versionId = secret.versionWith(AWSCURRENT);
  const bornAt = dates.lastRotatedAt ?? dates.createdAt;
  const strategy = typeof settings.rotator.strategy === 'string' ? `, ${settings.rotator.strategy}` : '';
  return {
    name: settings.name,
    arn: secret.arn,
    kind: settings.kind + strategy,
    standing: standingOf(subject),
    versionId,
    previousVersionId: secret.versionWith(AWSPREVIOUS),
    ageSeconds: bornAt && Math.max(0, (now.getTime() - bornAt.getTime()) / 1000),
    next: dates.nextRotationAt && { at: dates.nextRotationAt, isOverdue: dates.nextRotationAt < now },
    schedule: settings.schedule?.expression,
    consumers: consumerSigns(settings, story, { versionId, now }),
    checks: settings.checks.map((check) => checkSign(check.name, story)),
    offers: offersOf(settings, secret),
  };
}

const outcomes = ['Rotation Succeeded', 'Rotation Failed', 'Rotation Rolled Back'] as const;

/**
 * 1. AWSPENDING on another version than AWSCURRENT's: a rotation is under way, whatever the history says.
 * 2. An execution that has begun and not ended: promoted, and being propagated and checked.
 * 3. The last one failed or was rolled back: that stays until one succeeds.
 * 4. The previous credential is still in use.
 * 5. In flight: the previous credential is kept for its grace period.
 * 6. Rotated; or nothing has happened yet.
 */
function standingOf({ settings, secret, dates, story, now }: Parameters<typeof secretStatus>[0]): Standing {
  const current = secret.versionWith(AWSCURRENT);
  if (!current) return { tone: 'bad', word: 'No value', explanation: 'No version is AWSCURRENT: put a first value.' };
  const started = story.find((row) => row.type === 'Rotation Started');
  const outcome = story.find(isOutcome);
  const open = started && isOpen(started, story, now) ? started : undefined;
  if (candidateVersionId(secret)) return { tone: 'busy', word: 'Rotating', ...at(open) };
  if (open) return { tone: 'busy', word: words[open.detail.path] ?? 'Rotating', ...at(open) };
  if (outcome?.type === 'Rotation Failed') return { ...endedBadly(outcome), word: 'Failed' };
  if (outcome?.type === 'Rotation Rolled Back') return { ...endedBadly(outcome), word: 'Rolled back' };
  const last = story.find((row) => row.type === 'Retirement Blocked' || row.type === 'Credential Retired');
  const isInGrace = isInFlight(secret, current);
  if (isInGrace && last?.type === 'Retirement Blocked' && last.detail.versionId === current) {
    return { tone: 'bad', word: 'Retirement blocked', since: last.at, explanation: last.detail.message };
  }
  if (isInGrace) {
    const explanation = `The previous credential is kept for ${inWords(settings.gracePeriodSeconds)} after promotion.`;
    return { tone: 'good', word: 'Rotated, in grace', ...at(outcome), explanation };
  }
  if (!settings.rotated) return { tone: 'calm', word: 'Watched' };
  if (outcome) return { tone: 'good', word: 'Rotated', ...at(outcome) };
  if (dates.lastRotatedAt) return { tone: 'good', word: 'Rotated', since: dates.lastRotatedAt };
  return { tone: 'calm', word: 'Not rotated yet' };
}

function isOutcome(row: StoryRow): row is Extract<StoryRow, { type: (typeof outcomes)[number] }> {
  return (outcomes as readonly string[]).includes(row.type);
}

type Started = Extract<StoryRow, { type: 'Rotation Started' }>;

/** Executions that end without an event (stopped by hand) are not waited for longer than a rotation can take. */
const LONGEST_STORY_SECONDS = 2 * 3_600;

const words: Readonly<Record<string, string>> = {
  'roll-back': 'Rolling back',
  'promoted-by-hand': 'Propagating',
};

/** Checks alone end without an outcome of their own: that they began says nothing. */
function isOpen(started: Started, story: readonly StoryRow[], now: Date): boolean {
  const { path, executionArn } = started.detail;
  const ageMilliseconds = now.getTime() - started.at.getTime();
  if (path === 'checks-only' || ageMilliseconds > LONGEST_STORY_SECONDS * 1000) return false;
  return !story.some((row) => isOutcome(row) && row.detail.executionArn === executionArn);
}

function endedBadly(row: Extract<StoryRow, { detail: { code: string; message: string } }>): Omit<Standing, 'word'> {
  // A roll-back that a person asked for is nothing to look at.
  const tone = row.detail.code === 'RollBackRequested' ? 'calm' : 'bad';
  return { tone, explanation: row.detail.message, ...at(row) };
}

function at(row: StoryRow | undefined): Pick<Standing, 'since' | 'executionArn'> {
  if (!row) return {};
  const { executionArn } = row.detail as { executionArn?: string };
  return { since: row.at, ...(executionArn && { executionArn }) };
}

/** An event is in the table a moment after its time has come. */
const PUBLISHING_MILLISECONDS = 60_000;

/** Consumers always; mirrors where the story has something of them. */
function consumerSigns(
  { consumers, mirrors }: SecretSettings,
  story: readonly StoryRow[],
  reading: { versionId: string | undefined; now: Date },
): ConsumerSign[] {
  const published = namesInStory(story);
  const copies = mirrors.map((mirror) => (mirror.to === 'replica' ? mirror.region : mirror.parameterName));
  const names = [...consumers.map(({ name }) => name), ...copies.filter((name) => published.has(name))];
  return names.map((name) => {
    const state = consumerStateOf(name, story, reading);
    return { name, tone: toneOf(state, reading.now), word: describeConsumerState(state), ...state };
  });
}

function toneOf(state: ConsumerState, now: Date): Sign['tone'] {
  switch (state.state) {
    case 'converged':
      return 'good';
    case 'lagging':
      return 'bad';
    case 'converging':
      return now.getTime() - state.expectedAt.getTime() > PUBLISHING_MILLISECONDS ? 'bad' : 'busy';
    case 'unpublished':
      return 'calm';
  }
}

function checkSign(name: string, story: readonly StoryRow[]): Sign {
  const last = story.find(
    (row): row is StoryRowOf<'Check Passed' | 'Check Failed' | 'Check Inconclusive'> =>
      (row.type === 'Check Passed' || row.type === 'Check Failed' || row.type === 'Check Inconclusive') &&
      row.detail.check === name,
  );
  switch (last?.type) {
    case 'Check Passed':
      return { name, tone: 'good', word: `passed at ${last.at.toISOString()}` };
    case 'Check Failed':
      return { name, tone: 'bad', word: `failed (${last.detail.code}): ${last.detail.message}` };
    case 'Check Inconclusive':
      return { name, tone: 'bad', word: `no verdict (${last.detail.code}): ${last.detail.message}` };
    default:
      return { name, tone: 'calm', word: 'has not run yet' };
  }
}

/** The workflow's own decision says whether a button would be refused, and why. */
function offersOf(settings: SecretSettings, secret: SecretDescription): Offer[] {
  const operations: Operation[] = [
    ...(settings.rotated ? (['rotate'] as const) : []),
    ...(settings.checks.length > 0 ? (['check'] as const) : []),
    'roll-back',
  ];
  return operations.map((operation) => {
    const request = { startedBy: 'dashboard', secretId: secret.arn, operation } as const;
    try {
      decide({ ...request, retireNow: false, emergency: false, force: false }, secret, settings, 'dashboard');
      return { operation };
    } catch (error) {
      if (!(error instanceof KeyturnError)) throw error;
      return { operation, refusal: error.message };
    }
  });
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `3 days`, `1 hour`, `40 seconds`: the largest unit that fits. */
export function inWords(seconds: number): string {
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? units[3];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
