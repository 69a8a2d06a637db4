import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import type { Story } from './observed.ts';

/** Enough to meet the last promotion behind checks, laggards and blocked retirements. */
const ROWS = 100;

const Row = v.object({
  sk: v.object({ S: v.string() }),
  type: v.object({ S: v.string() }),
  detail: v.object({ S: v.string() }),
});
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

/** The newest rows of a secret's history. A row of a shape that is not known tells nothing. */
export async function readRows(
  client: Pick<DynamoDBClient, 'send'>,
  table: string,
  secretArn: string,
): Promise<StoryRow[]> {
  const answer = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: `secret#${secretArn}` } },
      ScanIndexForward: false,
      Limit: ROWS,
    }),
  );
  return (answer.Items ?? []).flatMap((item) => {
    const row = v.safeParse(Row, item);
    const detail = row.success ? v.safeParse(Detail, parseJson(row.output.detail.S)) : undefined;
    if (!row.success || !detail?.success) return [];
    return [{ ...detail.output, at: new Date(row.output.sk.S.split('#')[0] ?? ''), type: row.output.type.S }];
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A row that somebody has spoilt tells nothing.
    return undefined;
  }
}
