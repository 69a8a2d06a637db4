import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { type EventDetail, type EventType, eventDetails } from '../contracts/events.ts';

/** A row of the history: an event, and when it was published. */
export type StoryRow = {
  [Type in EventType]: { readonly type: Type; readonly at: Date; readonly detail: EventDetail<Type> };
}[EventType];

export type StoryRowOf<Type extends EventType> = Extract<StoryRow, { type: Type }>;

const Row = v.object({
  sk: v.object({ S: v.string() }),
  type: v.object({ S: v.string() }),
  detail: v.object({ S: v.string() }),
});

/** The newest rows of a secret's story, the newest first. */
export async function readStory(
  client: Pick<DynamoDBClient, 'send'>,
  { table, secretArn, limit }: { table: string; secretArn: string; limit: number },
  options: { abortSignal?: AbortSignal } = {},
): Promise<StoryRow[]> {
  const query = new QueryCommand({
    TableName: table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: `secret#${secretArn}` } },
    ScanIndexForward: false,
    Limit: limit,
  });
  const answer = await client.send(query, options);
  return (answer.Items ?? []).flatMap(readRow);
}

/** Rows outlive versions of Keyturn: one of a shape that this version does not know is left out. */
export function readRow(item: unknown): StoryRow[] {
  const row = v.safeParse(Row, item);
  if (!row.success || !Object.hasOwn(eventDetails, row.output.type.S)) return [];
  const type = row.output.type.S as EventType;
  const detail = v.safeParse(eventDetails[type], parseJson(row.output.detail.S));
  if (!detail.success) return [];
  return [{ type, at: new Date(row.output.sk.S.split('#')[0] ?? ''), detail: detail.output } as StoryRow];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A row that was written over by another program: no shape takes undefined, so it is left out.
    return undefined;
  }
}
