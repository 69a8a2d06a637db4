import type { Evidence } from '../contracts/events.ts';
import type { StoryRow, StoryRowOf } from './story-rows.ts';

/** How a consumer or mirror stands with a version, true at the moment of reading. */
export type ConsumerState =
  | {
      readonly state: 'converging';
      readonly expectedAt: Date;
      /** The moment has passed and the evidence has not been published. */
      readonly isOverdue: boolean;
    }
  | { readonly state: 'converged'; readonly convergedAt: Date; readonly evidence: Evidence }
  | { readonly state: 'lagging'; readonly since: Date; readonly reason: string; readonly expectedAt?: Date }
  /** The history has nothing of this consumer since the version became current. */
  | { readonly state: 'unpublished' };

type ConsumerRow = StoryRowOf<'Consumer Converging' | 'Consumer Converged' | 'Consumer Lagging'>;

/**
 * The state of one consumer with the version that is current. Pure. `story`: newest rows first.
 * 1. What was published before another version was current is of a promotion that is superseded: a version that is current
 *    again after a roll-back converges again.
 * 2. Of several promotions the newest counts.
 * 3. Within a promotion evidence outweighs a lag, and a lag outweighs a forecast, in whatever order the rows come.
 */
export function consumerStateOf(
  consumer: string,
  story: readonly StoryRow[],
  { versionId, now }: { versionId: string | undefined; now: Date },
): ConsumerState {
  const reignBegan = story.find((row) => isOfAnotherReign(row, versionId))?.at.getTime() ?? 0;
  const rows = story
    .filter(isOfConsumer)
    .filter((row) => row.detail.consumer === consumer && row.detail.versionId === versionId)
    .filter((row) => promotionOf(row) >= reignBegan);
  return stateOfPromotion(rows, now);
}

/** How each consumer and mirror stands with a version, whether or not the version is current by now. Pure. */
export function statesOfVersion(
  story: readonly StoryRow[],
  { versionId, now }: { versionId: string; now: Date },
): Map<string, ConsumerState> {
  const rows = story.filter(isOfConsumer).filter(({ detail }) => detail.versionId === versionId);
  const names = new Set(rows.map(({ detail }) => detail.consumer));
  return new Map(
    [...names].map((name) => {
      const ofConsumer = rows.filter(({ detail }) => detail.consumer === name);
      return [name, stateOfPromotion(ofConsumer, now)];
    }),
  );
}

/** The newest promotion counts. */
function stateOfPromotion(rows: readonly ConsumerRow[], now: Date): ConsumerState {
  const newest = Math.max(...rows.map(promotionOf));
  const ofPromotion = rows.filter((row) => promotionOf(row) === newest);
  const converged = ofPromotion.find((row) => row.type === 'Consumer Converged');
  if (converged) return evidenceOf(converged, now);
  const lags = ofPromotion.filter((row) => row.type === 'Consumer Lagging');
  const [lag] = lags;
  if (lag) return lagOf(lag, lags);
  const converging = ofPromotion.find((row) => row.type === 'Consumer Converging');
  if (converging) return forecast(new Date(converging.detail.expectedAt), now);
  return { state: 'unpublished' };
}

/** The names of consumers and mirrors that the story has something of. */
export function namesInStory(story: readonly StoryRow[]): Set<string> {
  return new Set(story.filter(isOfConsumer).map(({ detail }) => detail.consumer));
}

/**
 * Events of before have no `convergedAt`: they were published at the promotion, with how long convergence would take. The
 * time is then a forecast until it has passed.
 */
function evidenceOf({ at, detail }: StoryRowOf<'Consumer Converged'>, now: Date): ConsumerState {
  const convergedAt =
    detail.convergedAt === undefined
      ? new Date(at.getTime() + detail.convergenceMilliseconds)
      : new Date(detail.convergedAt);
  if (convergedAt > now) return forecast(convergedAt, now);
  return { state: 'converged', convergedAt, evidence: detail.evidence };
}

/** A lag that is published again began when it was published first; the newest reason is the one to look at. */
function lagOf(newest: StoryRowOf<'Consumer Lagging'>, all: readonly StoryRowOf<'Consumer Lagging'>[]): ConsumerState {
  const { reason, expectedAt } = newest.detail;
  const since = new Date(Math.min(...all.map(({ at }) => at.getTime())));
  return { state: 'lagging', since, reason, ...(expectedAt && { expectedAt: new Date(expectedAt) }) };
}

function forecast(expectedAt: Date, now: Date): ConsumerState {
  return { state: 'converging', expectedAt, isOverdue: now > expectedAt };
}

function isOfConsumer(row: StoryRow): row is ConsumerRow {
  return row.type === 'Consumer Converging' || row.type === 'Consumer Converged' || row.type === 'Consumer Lagging';
}

/** Rows carry whole seconds; events of before do not name their promotion. */
function promotionOf({ at, detail }: ConsumerRow): number {
  return detail.promotedAt === undefined ? at.getTime() : Date.parse(detail.promotedAt);
}

/** Rows that say that another version was current then. */
function isOfAnotherReign(row: StoryRow, versionId: string | undefined): boolean {
  switch (row.type) {
    case 'Secret Promoted':
      return row.detail.versionId !== versionId;
    case 'Rotation Started':
      return row.detail.path === 'promoted-by-hand' && row.detail.versionId !== versionId;
    case 'Rotation Rolled Back':
      return row.detail.restoredVersionId !== versionId;
    default:
      return false;
  }
}
