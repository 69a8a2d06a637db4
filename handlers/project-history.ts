import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { projectEvent } from '../pipeline/history/project-event.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({ KEYTURN_HISTORY_TABLE: environmentText });
const client = new DynamoDBClient({});

/** Rule HistoryProjection: writes the story's events to the history table. The same event twice writes the same row. */
export async function handler(event: unknown): Promise<void> {
  const row = projectEvent(event);
  if (!row) return;
  const { expiresAt, ...texts } = row;
  const attributes = Object.entries(texts).map(([name, value]) => [name, { S: value }] as const);
  await client.send(
    new PutItemCommand({
      TableName: environment.KEYTURN_HISTORY_TABLE,
      Item: { ...Object.fromEntries(attributes), expiresAt: { N: String(expiresAt) } },
    }),
  );
}
