import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Report } from '../contracts/report.ts';
import { readStory, type StoryRow, type StoryRowOf } from './story-rows.ts';

/** Secrets Manager tries a step again and again, and consumers are few: the newest rows hold what is looked for. */
const ROWS = 60;
/** All that a report waits for the history. */
const BUDGET_MILLISECONDS = 3_000;
/** The event of a step reaches the table a moment after the step. */
const LOOKS = 4;
const PAUSE_MILLISECONDS = 500;

/** Ends of a rotation whose cause lies in a step of the rotation function, which the state machine does not see. */
const endsWithoutCause = new Set(['PromotionOverdue', 'RotationAbandoned']);

export interface LookingBack {
  readonly client: Pick<DynamoDBClient, 'send'>;
  readonly table: string;
  sleep(milliseconds: number): Promise<unknown>;
  warn(message: string, error: unknown): void;
}

export interface LookedBack {
  readonly lastFailure?: StoryRowOf<'Rotation Step Failed'>['detail'];
  readonly publishedIds?: ReadonlySet<string>;
}

/**
 * What the history adds to a report, for its wording alone: the step that a rotation failed in, and which lags were published
 * before. Bounded in time; where the table does not answer, the report goes without it.
 */
export async function lookBack(looking: LookingBack, report: Report): Promise<LookedBack> {
  try {
    if (report.report === 'failed') return await lookForStep(looking, report);
    if (report.report === 'propagated' || report.report === 'lagging') return await lookForLags(looking, report);
    return {};
  } catch (error) {
    looking.warn('The history could not be read: the report is published without it.', error);
    return {};
  }
}

async function lookForStep(
  looking: LookingBack,
  { plan, failure }: Extract<Report, { report: 'failed' }>,
): Promise<LookedBack> {
  if (!plan || !endsWithoutCause.has(failure.code)) return {};
  const abortSignal = AbortSignal.timeout(BUDGET_MILLISECONDS);
  for (let look = 1; look <= LOOKS; look += 1) {
    const failed = (await rowsOf(looking, plan.secretArn, abortSignal)).find(
      (row) => row.type === 'Rotation Step Failed' && row.detail.versionId === plan.versionId,
    ) as StoryRowOf<'Rotation Step Failed'> | undefined;
    if (failed) return { lastFailure: failed.detail };
    if (look < LOOKS) await looking.sleep(PAUSE_MILLISECONDS);
  }
  return {};
}

async function lookForLags(
  looking: LookingBack,
  report: Extract<Report, { report: 'propagated' | 'lagging' }>,
): Promise<LookedBack> {
  const mirrors = 'mirrors' in report ? report.mirrors : [];
  const states = [...report.consumers, ...mirrors].map((one) => ('state' in one ? one.state : 'lagging'));
  if (!states.includes('lagging')) return {};
  const rows = await rowsOf(looking, report.change.secretArn, AbortSignal.timeout(BUDGET_MILLISECONDS));
  return { publishedIds: new Set(rows.flatMap(({ detail }) => ('id' in detail ? [detail.id] : []))) };
}

function rowsOf({ client, table }: LookingBack, secretArn: string, abortSignal: AbortSignal): Promise<StoryRow[]> {
  return readStory(client, { table, secretArn, limit: ROWS }, { abortSignal });
}
