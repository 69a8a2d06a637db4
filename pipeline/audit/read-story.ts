import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { newestItems, readItem } from '../history/story-rows.ts';
import type { Story } from './observed.ts';

/** Enough to meet the last promotion behind checks, laggards and blocked retirements. */
const ROWS = 100;

const Detail = v.object({
  id: v.optional(v.string()),
  versionId: v.optional(v.string()),
  restoredVersionId: v.optional(v.string()),
  path: v.optional(v.string()),
  evidence: v.optional(v.string()),
  convergedAt: v.optional(v.string()),
});

interface StoryRow extends v.InferOutput<typeof Detail> {
  readonly at: Date;
  readonly type: string;
}

/** The newest items of a secret's history, the newest first. */
export function newestOf(
  client: Pick<DynamoDBClient, 'send'>,
  table: string,
  secretArn: string,
): Promise<readonly unknown[]> {
  return newestItems(client, { table, secretArn, limit: ROWS });
}

/** What an item says of versions. A row of a shape that is not known is left out. */
export function readVersions(items: readonly unknown[]): StoryRow[] {
  return items.flatMap((item) => {
    const row = readItem(item);
    const detail = v.safeParse(Detail, row?.detail);
    return row && detail.success ? [{ ...detail.output, at: row.at, type: row.type }] : [];
  });
}

/**
 * Which version the history believes to be current, and since when. Pure. Events carry whole seconds, so that rows of one
 * second have no order among themselves: the one that agrees with the label is taken to be the last.
 * https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
 */
export function storyOf(rows: readonly StoryRow[], currentVersionId?: string): Story {
  const said = rows.filter(saysWhatIsCurrent);
  const newest = said[0];
  if (!newest) return {};
  const ofThatSecond = said.filter(({ at }) => at.getTime() === newest.at.getTime());
  const last = ofThatSecond.find((row) => believedBy(row) === currentVersionId) ?? newest;
  const versionId = believedBy(last);
  if (last.type === 'Rotation Rolled Back') return { believedVersionId: versionId, promotedAt: last.at };
  const promoted = rows.find((row) => row.type === 'Secret Promoted' && row.versionId === versionId);
  return { believedVersionId: versionId, promotedAt: promoted?.at ?? last.at };
}

function saysWhatIsCurrent({ type, path, evidence, convergedAt }: StoryRow): boolean {
  if (type === 'Rotation Started') return path === 'promoted-by-hand';
  // Evidence comes long after the promotion, and says nothing of what has become current since. A copy is made at once.
  if (type === 'Consumer Converged') return evidence === 'copied' || convergedAt === undefined;
  return beliefs.has(type);
}

const beliefs = new Set(['Rotation Rolled Back', 'Secret Promoted', 'Consumer Converging', 'Consumer Lagging']);

const believedBy = ({ type, versionId, restoredVersionId }: StoryRow) =>
  type === 'Rotation Rolled Back' ? restoredVersionId : versionId;
