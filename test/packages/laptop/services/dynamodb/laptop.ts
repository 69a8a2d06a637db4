import {
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createDynamodbService from '../../../../../packages/laptop/services/dynamodb/service.ts';
import { clientOptions } from '../../wire/probe.ts';

/** How long a table is being made or changed. */
export const CHANGE_MILLISECONDS = 200;

export type Item = Record<string, AttributeValue>;

export interface Laptop {
  readonly cloud: RunningCloud;
  readonly clock: ManualClock;
  readonly dynamodb: DynamoDBClient;
}

/** A cloud with DynamoDB alone, at the first second of 2026. */
export async function openLaptop(): Promise<Laptop> {
  const clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  const cloud = await createCloud({ clock, services: [createDynamodbService], log: () => {} });
  return { cloud, clock, dynamodb: new DynamoDBClient({ ...clientOptions(cloud), maxAttempts: 1 }) };
}

/** A table of stories: partition key `pk`, sort key `sk`, on demand. Ready when the promise resolves. */
export async function createStories(
  { clock, dynamodb }: Laptop,
  TableName: string,
  more: Partial<CreateTableCommandInput> = {},
): Promise<void> {
  await dynamodb.send(new CreateTableCommand({ ...stories(TableName), ...more }));
  await clock.advance(CHANGE_MILLISECONDS);
}

export const stories = (TableName: string): CreateTableCommandInput => ({
  TableName,
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
});

export const put = (dynamodb: DynamoDBClient, TableName: string, item: Item) =>
  dynamodb.send(new PutItemCommand({ TableName, Item: item }));
