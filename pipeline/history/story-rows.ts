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

export interface StoryQuery {
  readonly table: string;
  readonly secretArn: string;
  readonly limit: number;
}

/** The newest rows of a secret's story, the newest first. */
export async function readStory(
  client: Pick<DynamoDBClient, 'send'>,
  query: StoryQuery,
  options: { abortSignal?: AbortSignal } = {},
): Promise<StoryRow[]> {
  return (await newestItems(client, query, options)).flatMap(readRow);
}

/** The same as the table has them, for readers that need less of a row. */
export async function newestItems(
  client: Pick<DynamoDBClient, 'send'>,
  { table, secretArn, limit }: StoryQuery,
  options: { abortSignal?: AbortSignal } = {},
): Promise<readonly unknown[]> {
  const query = new QueryCommand({
    TableName: table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: `secret#${secretArn}` } },
    ScanIndexForward: false,
    Limit: limit,
  });
  return (await client.send(query, options)).Items ?? [];
}

/** Rows outlive versions of Keyturn: one of a shape that this version does not know is left out. */
export function readRow(item: unknown): StoryRow[] {
  const row = readItem(item);
  if (!row || !Object.hasOwn(eventDetails, row.type)) return [];
  const type = row.type as EventType;
  const detail = v.safeParse(eventDetails[type], row.detail);
  return detail.success ? [{ type, at: row.at, detail: detail.output } as StoryRow] : [];
}

/** What every row has, whatever its event: undefined where an item is no row of the history. */
export function readItem(item: unknown): { type: string; at: Date; detail: unknown } | undefined {
  const row = v.safeParse(Row, item);
  if (!row.success) return undefined;
  const { sk, type, detail } = row.output;
  return { type: type.S, at: new Date(sk.S.split('#')[0] ?? ''), detail: parseJson(detail.S) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A row that was written over by another program: no shape takes undefined, so it is left out.
    return undefined;
  }
}
