import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createDynamodbService from '../../../packages/laptop/services/dynamodb/service.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import createSsmService from '../../../packages/laptop/services/ssm/service.ts';
import { settingsParameterName } from '../../../pipeline/contracts/settings/settings-parameter.ts';
import { readStatuses, type StatusReader } from '../../../pipeline/dashboard/read-statuses.ts';
import { type HistoryRow, projectEvent } from '../../../pipeline/history/project-event.ts';

const settingsPrefix = '/keyturn/test';
const historyTable = 'history';
let cloud: RunningCloud;
let reader: StatusReader;

beforeAll(async () => {
  cloud = await createCloud({
    log: () => {},
    services: [createSsmService, createSecretsManagerService, createDynamodbService],
  });
  const configuration = {
    endpoint: cloud.endpointUrl,
    region: 'us-east-1',
    credentials: cloud.administrator,
  };
  reader = {
    ssm: new SSMClient(configuration),
    secretsManager: new SecretsManagerClient(configuration),
    dynamodb: new DynamoDBClient(configuration),
    settingsPrefix,
    historyTable,
    now: () => new Date(),
  };
  await reader.dynamodb.send(
    new CreateTableCommand({
      TableName: historyTable,
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
});
afterAll(() => cloud.close());

async function manage(name: string): Promise<string> {
  const { ARN } = await reader.secretsManager.send(
    new CreateSecretCommand({ Name: name, SecretString: `value of ${name}` }),
  );
  const settings = {
    schemaVersion: 1,
    name,
    kind: 'postgres',
    rotator: {},
    gracePeriodSeconds: 1,
    promotionTimeoutSeconds: 900,
    consumers: [],
    checks: [],
  };
  const parameter = {
    Name: settingsParameterName(settingsPrefix, name),
    Value: JSON.stringify(settings),
    Type: 'String',
  } as const;
  await reader.ssm.send(new PutParameterCommand(parameter));
  return ARN as string;
}

/** As the rule and the function behind it write it. */
async function publish(type: string, detail: object): Promise<void> {
  const event = { id: 'bus', time: new Date().toISOString(), source: 'keyturn', 'detail-type': type, detail };
  const { expiresAt, ...texts } = projectEvent(event) as HistoryRow;
  const attributes = Object.entries(texts).map(([name, value]) => [name, { S: value }] as const);
  await reader.dynamodb.send(
    new PutItemCommand({
      TableName: historyTable,
      Item: { ...Object.fromEntries(attributes), expiresAt: { N: String(expiresAt) } },
    }),
  );
}

test('every managed secret is read once, fifty to a page, each page by name', async () => {
  const names = Array.from({ length: 54 }, (_, index) => `app/secret-${String(index).padStart(2, '0')}`);
  for (const name of names) await manage(name);
  const first = await readStatuses(reader);
  expect(first.statuses.map(({ name }) => name)).toEqual(names.slice(0, 50));
  const second = await readStatuses(reader, first.nextToken);
  expect(second.statuses.map(({ name }) => name)).toEqual(names.slice(50));
  expect([second.nextToken, first.unread, second.unread]).toEqual([undefined, [], []]);
}, 60_000);

test('what the projection wrote comes back as the standing of its secret, and of no other', async () => {
  const [secretArn] = [await manage('app/told'), await manage('app/untold')];
  const detail = {
    schemaVersion: 1,
    id: 'e',
    secretArn,
    secretName: 'app/told',
    code: 'TargetRefused',
    message: 'no ADMIN',
  };
  await publish('Rotation Failed', detail);
  const { statuses } = await readStatuses(reader, (await readStatuses(reader)).nextToken);
  expect(statuses.find(({ name }) => name === 'app/told')?.standing).toMatchObject({
    tone: 'bad',
    explanation: 'no ADMIN',
  });
  expect(statuses.find(({ name }) => name === 'app/untold')?.standing.word).toBe('Not rotated yet');
});

test('a secret that is about to be deleted, or gone, hides none of the others', async () => {
  await reader.secretsManager.send(new DeleteSecretCommand({ SecretId: 'app/secret-00' }));
  await reader.secretsManager.send(
    new DeleteSecretCommand({ SecretId: 'app/secret-01', ForceDeleteWithoutRecovery: true }),
  );
  const { statuses, unread } = await readStatuses(reader);
  expect(statuses).toHaveLength(48);
  expect(unread).toEqual([
    { name: 'app/secret-00', reason: expect.stringMatching(/^SecretUnusable: .*scheduled for deletion/) },
    { name: 'app/secret-01', reason: expect.stringMatching(/^ResourceNotFoundException: /) },
  ]);
});
