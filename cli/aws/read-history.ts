import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { parse } from '../../pipeline/contracts/parse.ts';

/** One event of a secret's story, as the projection keeps it. */
export interface StoryEvent {
  readonly at: Date;
  readonly type: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const Row = v.object({
  sk: v.object({ S: v.string() }),
  type: v.object({ S: v.string() }),
  detail: v.object({ S: v.string() }),
});

export interface StoryQuery {
  readonly table: string;
  readonly secretArn: string;
  /** Later than this only. */
  readonly after?: Date;
  readonly newestFirst?: boolean;
  readonly limit: number;
}

/** A secret's story. The projection comes after the fact: what is missing may still come. */
export async function readStory(client: Pick<DynamoDBClient, 'send'>, query: StoryQuery): Promise<StoryEvent[]> {
  const events: StoryEvent[] = [];
  let start: Record<string, any> | undefined;
  do {
    const answer = await client.send(
      new QueryCommand({
        TableName: query.table,
        KeyConditionExpression: query.after ? 'pk = :pk AND sk > :after' : 'pk = :pk',
        ExpressionAttributeValues: {
          ':pk': { S: `secret#${query.secretArn}` },
          ...(query.after && { ':after': { S: query.after.toISOString() } }),
        },
        ScanIndexForward: !query.newestFirst,
        Limit: query.limit - events.length,
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    events.push(...(answer.Items ?? []).map(readRow));
    start = answer.LastEvaluatedKey;
  } while (start && events.length < query.limit);
  return events;
}

function readRow(item: unknown): StoryEvent {
  const row = parse('A row of the history', Row, item);
  const at = new Date(row.sk.S.split('#')[0] ?? '');
  return { at, type: row.type.S, detail: JSON.parse(row.detail.S) };
}
