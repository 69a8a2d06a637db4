import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ScanCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { resources } from '../../../../../packages/laptop/services/dynamodb/resources.ts';
import { clientOptions } from '../../wire/probe.ts';
import { eventually } from '../eventually.ts';
import { CHANGE_MILLISECONDS, createStories, type Laptop, openLaptop, put, stories } from './laptop.ts';

let laptop: Laptop;
let dynamodb: DynamoDBClient;
beforeEach(async () => {
  laptop = await openLaptop();
  dynamodb = laptop.dynamodb;
});
afterEach(() => laptop.cloud.close());

const TABLE = 'stories';
const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/stories';
const describeTable = async (TableName = TABLE) => (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table;

describe('a table', () => {
  test('is made over a while, in which no item can be put', async () => {
    const { TableDescription } = await dynamodb.send(new CreateTableCommand(stories(TABLE)));
    expect(TableDescription).toMatchObject({ TableName: TABLE, TableArn: ARN, TableStatus: 'CREATING' });
    await expect(put(dynamodb, TABLE, { pk: { S: 'a' }, sk: { S: '1' } })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await laptop.clock.advance(CHANGE_MILLISECONDS);
    await put(dynamodb, TABLE, { pk: { S: 'a' }, sk: { S: '1' } });
  });

  test('is described with its ARN, its indexes’ ARNs, its class and its encryption', async () => {
    await createStories(laptop, TABLE, {
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
      SSESpecification: { Enabled: true },
      GlobalSecondaryIndexes: [
        {
          IndexName: 'bySk',
          KeySchema: [{ AttributeName: 'sk', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    });
    expect(await describeTable()).toMatchObject({
      TableArn: ARN,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      DeletionProtectionEnabled: false,
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
      SSEDescription: { Status: 'ENABLED', SSEType: 'KMS' },
      GlobalSecondaryIndexes: [{ IndexName: 'bySk', IndexArn: `${ARN}/index/bySk`, IndexStatus: 'ACTIVE' }],
    });
  });

  test('is one of its region', async () => {
    await createStories(laptop, TABLE);
    const elsewhere = new DynamoDBClient({ ...clientOptions(laptop.cloud), region: 'eu-central-1', maxAttempts: 1 });
    await expect(elsewhere.send(new DescribeTableCommand({ TableName: TABLE }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Requested resource not found: Table: stories not found',
    });
    await createStories({ ...laptop, dynamodb: elsewhere }, TABLE);
    expect((await elsewhere.send(new DescribeTableCommand({ TableName: TABLE }))).Table?.TableArn).toBe(
      'arn:aws:dynamodb:eu-central-1:000000000000:table/stories',
    );
  });

  test('answers to its ARN too', async () => {
    await createStories(laptop, TABLE);
    expect((await describeTable(ARN))?.TableName).toBe(TABLE);
    await dynamodb.send(new PutItemCommand({ TableName: ARN, Item: { pk: { S: 'a' }, sk: { S: '1' } } }));
    expect((await dynamodb.send(new ScanCommand({ TableName: ARN }))).Count).toBe(1);
  });

  test('cannot be made twice', async () => {
    await createStories(laptop, TABLE);
    await expect(dynamodb.send(new CreateTableCommand(stories(TABLE)))).rejects.toMatchObject({
      name: 'ResourceInUseException',
    });
  });

  test('of no name, or of one with odd letters, is refused', async () => {
    await expect(dynamodb.send(new CreateTableCommand(stories('a')))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('Member must have length greater than or equal to 3'),
    });
    await expect(dynamodb.send(new CreateTableCommand(stories('a b c')))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('with a stream is refused aloud', async () => {
    const input = {
      ...stories(TABLE),
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    } as const;
    await expect(dynamodb.send(new CreateTableCommand(input))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'StreamSpecification is not supported on the laptop.',
    });
  });

  test('under protection is not deleted until the protection is', async () => {
    await createStories(laptop, TABLE, { DeletionProtectionEnabled: true });
    await expect(dynamodb.send(new DeleteTableCommand({ TableName: TABLE }))).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    });
    await dynamodb.send(new UpdateTableCommand({ TableName: TABLE, DeletionProtectionEnabled: false }));
    expect(await describeTable()).toMatchObject({ DeletionProtectionEnabled: false, TableStatus: 'UPDATING' });
    await expect(dynamodb.send(new DeleteTableCommand({ TableName: TABLE }))).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: 'Attempt to change a resource which is still in use: Table is being updated: stories',
    });
    await laptop.clock.advance(CHANGE_MILLISECONDS);
    const { TableDescription } = await dynamodb.send(new DeleteTableCommand({ TableName: TABLE }));
    expect(TableDescription?.TableStatus).toBe('DELETING');
    await eventually(() =>
      dynamodb.send(new DescribeTableCommand({ TableName: TABLE })).then(
        () => false,
        (error) => error.name === 'ResourceNotFoundException',
      ),
    );
  });

  test('gets provisioned capacity, and not from nothing', async () => {
    await createStories(laptop, TABLE);
    await dynamodb.send(
      new UpdateTableCommand({
        TableName: TABLE,
        BillingMode: 'PROVISIONED',
        ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 },
      }),
    );
    expect((await describeTable())?.TableStatus).toBe('UPDATING');
    await expect(
      dynamodb.send(new UpdateTableCommand({ TableName: TABLE, BillingMode: 'PAY_PER_REQUEST' })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' });
    await put(dynamodb, TABLE, { pk: { S: 'a' }, sk: { S: '1' } });
    await laptop.clock.advance(CHANGE_MILLISECONDS);
    expect((await describeTable())?.ProvisionedThroughput).toMatchObject({
      ReadCapacityUnits: 2,
      WriteCapacityUnits: 3,
    });
    await expect(dynamodb.send(new UpdateTableCommand({ TableName: TABLE }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('At least one of'),
    });
  });

  test('is listed with the others by name, page by page', async () => {
    for (const name of ['ccc', 'aaa', 'bbb']) await createStories(laptop, name);
    const first = await dynamodb.send(new ListTablesCommand({ Limit: 2 }));
    expect(first).toMatchObject({ TableNames: ['aaa', 'bbb'], LastEvaluatedTableName: 'bbb' });
    const rest = await dynamodb.send(new ListTablesCommand({ ExclusiveStartTableName: 'bbb' }));
    expect(rest.TableNames).toEqual(['ccc']);
    expect(rest.LastEvaluatedTableName).toBeUndefined();
  });
});

describe('tags', () => {
  test('are put on at birth and later, taken off and listed', async () => {
    await createStories(laptop, TABLE, { Tags: [{ Key: 'team', Value: 'red' }] });
    await dynamodb.send(
      new TagResourceCommand({
        ResourceArn: ARN,
        Tags: [
          { Key: 'team', Value: 'blue' },
          { Key: 'stage', Value: 'test' },
        ],
      }),
    );
    const list = async () => (await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: ARN }))).Tags;
    expect(await list()).toEqual([
      { Key: 'team', Value: 'blue' },
      { Key: 'stage', Value: 'test' },
    ]);
    await dynamodb.send(new UntagResourceCommand({ ResourceArn: ARN, TagKeys: ['team'] }));
    expect(await list()).toEqual([{ Key: 'stage', Value: 'test' }]);
  });

  test('of a table that is not there are not found', async () => {
    await expect(dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: ARN }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Requested resource not found: ResourcArn: ${ARN} not found`,
    });
  });
});

describe('time to live', () => {
  const update = (Enabled: boolean, AttributeName = 'expiresAt') =>
    dynamodb.send(
      new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification: { Enabled, AttributeName } }),
    );
  const status = async () =>
    (await dynamodb.send(new DescribeTimeToLiveCommand({ TableName: TABLE }))).TimeToLiveDescription;

  test('is switched on once, for one attribute, and off', async () => {
    await createStories(laptop, TABLE);
    expect(await status()).toEqual({ TimeToLiveStatus: 'DISABLED' });
    await update(true);
    expect(await status()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
    await expect(update(true)).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'TimeToLive is already enabled',
    });
    await expect(update(true, 'other')).rejects.toMatchObject({
      message: 'TimeToLive is active on a different AttributeName: current AttributeName is expiresAt',
    });
    await update(false);
    await expect(update(false)).rejects.toMatchObject({ message: 'TimeToLive is already disabled' });
  });

  test('of a table that is not there is refused', async () => {
    await expect(update(true)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('takes an item away two days after it expired, until when it is still read', async () => {
    await createStories(laptop, TABLE);
    await update(true);
    const now = laptop.clock.now().getTime() / 1000;
    const story = (sk: string, more = {}) => put(dynamodb, TABLE, { pk: { S: 'a' }, sk: { S: sk }, ...more });
    await story('expires', { expiresAt: { N: String(now + 60) } });
    await story('no number', { expiresAt: { S: String(now + 60) } });
    await story('an accident', { expiresAt: { N: '1' } });
    await story('stays');
    const found = async () =>
      (await dynamodb.send(new ScanCommand({ TableName: TABLE }))).Items?.map(({ sk }) => sk?.S).sort();
    await laptop.clock.advance(86_400_000);
    expect(await found()).toEqual(['an accident', 'expires', 'no number', 'stays']);
    await laptop.clock.advance(86_400_000 + 61_000);
    expect(await found()).toEqual(['an accident', 'no number', 'stays']);
  });
});

describe('point-in-time recovery', () => {
  test('is a setting that is described', async () => {
    await createStories(laptop, TABLE);
    const look = async () =>
      (await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName: TABLE }))).ContinuousBackupsDescription;
    expect(await look()).toEqual({
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    });
    await dynamodb.send(
      new UpdateContinuousBackupsCommand({
        TableName: TABLE,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    );
    await laptop.clock.advance(3_600_000);
    expect((await look())?.PointInTimeRecoveryDescription).toEqual({
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: 35,
      EarliestRestorableDateTime: new Date('2026-01-01T00:00:00.200Z'),
      LatestRestorableDateTime: new Date('2026-01-01T00:55:00.200Z'),
    });
  });

  test('of a table that is not there is TableNotFoundException', async () => {
    await expect(dynamodb.send(new DescribeContinuousBackupsCommand({ TableName: 'nowhere' }))).rejects.toMatchObject({
      name: 'TableNotFoundException',
      message: 'Table: nowhere not found',
    });
  });
});

test('a table of a template is ready, with everything the template asks for', async () => {
  const created = await resources[0]?.create(
    {
      logicalId: 'History',
      stackName: 'app',
      type: 'AWS::DynamoDB::Table',
      properties: {
        ...stories(TABLE),
        SSESpecification: { SSEEnabled: true },
        TimeToLiveSpecification: { Enabled: true, AttributeName: 'expiresAt' },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        Tags: [{ Key: 'team', Value: 'red' }],
      },
      metadata: {},
      assetPath: () => '',
    },
    laptop.cloud,
  );
  expect(created).toEqual({ ref: TABLE, attributes: { Arn: ARN } });
  expect(await describeTable()).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'ENABLED' } });
  expect((await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: ARN }))).Tags).toHaveLength(1);
  const ttl = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName: TABLE }));
  expect(ttl.TimeToLiveDescription?.TimeToLiveStatus).toBe('ENABLED');
});
