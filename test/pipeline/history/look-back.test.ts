import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createDynamodbService from '../../../packages/laptop/services/dynamodb/service.ts';
import type { Report } from '../../../pipeline/contracts/report.ts';
import { type LookingBack, lookBack } from '../../../pipeline/history/look-back.ts';
import { type HistoryRow, projectEvent } from '../../../pipeline/history/project-event.ts';
import { eventually } from '../../eventually.ts';

const secretArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';
const table = 'history';
let cloud: RunningCloud;
let client: DynamoDBClient;
const warnings: string[] = [];
let looking: LookingBack;

beforeAll(async () => {
  cloud = await createCloud({ log: () => {}, services: [createDynamodbService] });
  client = new DynamoDBClient({
    endpoint: cloud.endpointUrl,
    region: 'us-east-1',
    credentials: cloud.administrator,
  });
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    }),
  );
  await eventually('a table', async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    return Table?.TableStatus === 'ACTIVE' ? true : undefined;
  });
  looking = { client, table, sleep: async () => undefined, warn: (message) => void warnings.push(message) };
});
beforeEach(() => warnings.splice(0));
afterAll(async () => {
  client.destroy();
  await cloud.close();
});

/** As the rule and the function behind it write it. */
async function publish(type: string, time: string, more: object): Promise<void> {
  const detail = { schemaVersion: 1, id: `e${time}`, secretArn, secretName: 'app/db', ...more };
  const row = projectEvent({ id: 'bus', time, source: 'keyturn', 'detail-type': type, detail }) as HistoryRow;
  const { expiresAt: _, ...texts } = row;
  const attributes = Object.entries(texts).map(([name, value]) => [name, { S: value }] as const);
  await client.send(new PutItemCommand({ TableName: table, Item: Object.fromEntries(attributes) }));
}

const failed = (versionId: string, code = 'PromotionOverdue', plan: object | null = {}): Report =>
  ({
    report: 'failed',
    executionArn: 'arn:e',
    startedAt: '2026-05-01T00:00:00Z',
    input: {},
    plan: plan && { secretArn, secretName: 'app/db', versionId, path: 'requested', ...plan },
    failure: { code },
  }) as Report;
const stepFailed = (versionId: string, code: string) => ({
  versionId,
  step: 'setSecret',
  code,
  message: 'no ADMIN',
  retryable: true,
});

test('the last step that failed is found among all that did, of that version alone', async () => {
  await publish('Rotation Step Failed', '2026-05-01T00:00:01Z', stepFailed('v2', 'TargetUnavailable'));
  await publish('Rotation Step Failed', '2026-05-01T00:00:02Z', stepFailed('v2', 'TargetRefused'));
  await publish('Rotation Step Failed', '2026-05-01T00:00:03Z', stepFailed('v3', 'PayloadInvalid'));
  expect(await lookBack(looking, failed('v2'))).toMatchObject({
    lastFailure: { step: 'setSecret', code: 'TargetRefused', message: 'no ADMIN' },
  });
});

test('an event that reaches the table a moment later is waited for', async () => {
  const late: LookingBack = {
    ...looking,
    sleep: () => publish('Rotation Step Failed', '2026-05-01T00:00:04Z', stepFailed('v4', 'TargetRefused')),
  };
  expect(await lookBack(late, failed('v4'))).toMatchObject({ lastFailure: { code: 'TargetRefused' } });
});

test('no step failed: it is looked for a few times, and the report goes without', async () => {
  let pauses = 0;
  const patient = {
    ...looking,
    sleep: async () => {
      pauses += 1;
    },
  };
  expect(await lookBack(patient, failed('v9'))).toEqual({});
  expect(pauses).toBe(3);
});

test.each([
  ['a failure with a cause of its own', failed('v2', 'RollBackFailed')],
  ['a failure before there is a plan', failed('v2', 'PromotionOverdue', null)],
  ['a success', { report: 'succeeded' } as Report],
])('%s does not ask the history', async (_, report) => {
  const never = { send: () => Promise.reject(new Error('The history was asked.')) };
  expect(await lookBack({ ...looking, client: never as never }, report)).toEqual({});
  expect(warnings).toEqual([]);
});

test('a table that is not there, or does not answer, takes the wording and nothing else', async () => {
  expect(await lookBack({ ...looking, table: 'gone' }, failed('v2'))).toEqual({});
  expect(warnings).toEqual([expect.stringContaining('published without it')]);
});

test('which lags were published before, where there is one to publish', async () => {
  await publish('Consumer Lagging', '2026-05-01T00:00:05Z', { consumer: 'shop', versionId: 'v2', reason: 'no pg' });
  const change = { secretArn, secretName: 'app/db', versionId: 'v2', promotedAt: '2026-05-01T00:00:00Z' };
  const lag = { consumer: 'shop', freshness: 'notify', reason: 'no pg' };
  const base = { executionArn: 'arn:e', startedAt: '2026-05-01T00:00:00Z', change };
  const lagging: Report = { report: 'lagging', ...base, consumers: [lag] };
  expect((await lookBack(looking, lagging)).publishedIds).toContain('e2026-05-01T00:00:05Z');
  const well: Report = { report: 'propagated', ...base, consumers: [], mirrors: [{ state: 'in-step', mirror: 'm' }] };
  expect(await lookBack(looking, well)).toEqual({});
});
