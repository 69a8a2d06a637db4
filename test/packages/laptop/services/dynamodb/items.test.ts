import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { clientOptions } from '../../wire/probe.ts';
import { createStories, type Item, type Laptop, openLaptop, put } from './laptop.ts';

const TABLE = 'stories';
let laptop: Laptop;
let dynamodb: DynamoDBClient;
beforeEach(async () => {
  laptop = await openLaptop();
  dynamodb = laptop.dynamodb;
  await createStories(laptop, TABLE);
});
afterEach(() => laptop.cloud.close());

const key = (sk: string, pk = 'a'): Item => ({ pk: { S: pk }, sk: { S: sk } });
const get = async (sk: string, pk = 'a') =>
  (await dynamodb.send(new GetItemCommand({ TableName: TABLE, Key: key(sk, pk), ConsistentRead: true }))).Item;

describe('one item', () => {
  test('is put, read in part, updated and deleted', async () => {
    await put(dynamodb, TABLE, { ...key('1'), step: { S: 'create' }, count: { N: '1' } });
    const read = new GetItemCommand({
      TableName: TABLE,
      Key: key('1'),
      ProjectionExpression: '#c',
      ExpressionAttributeNames: { '#c': 'count' },
    });
    expect((await dynamodb.send(read)).Item).toEqual({ count: { N: '1' } });
    const updated = await dynamodb.send(
      new UpdateItemCommand({
        TableName: TABLE,
        Key: key('1'),
        UpdateExpression: 'SET step = :s ADD #c :one',
        ExpressionAttributeNames: { '#c': 'count' },
        ExpressionAttributeValues: { ':s': { S: 'verify' }, ':one': { N: '1' } },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
    expect(updated.Attributes).toEqual({ step: { S: 'verify' }, count: { N: '2' } });
    const deleted = await dynamodb.send(
      new DeleteItemCommand({ TableName: TABLE, Key: key('1'), ReturnValues: 'ALL_OLD' }),
    );
    expect(deleted.Attributes).toEqual({ ...key('1'), step: { S: 'verify' }, count: { N: '2' } });
    expect(await get('1')).toBeUndefined();
  });

  test('is put once under a condition; the second hears no, and what is there if it asks', async () => {
    const once = (more: object = {}) =>
      dynamodb.send(
        new PutItemCommand({
          TableName: TABLE,
          Item: { ...key('1'), by: { S: 'second' } },
          ConditionExpression: 'attribute_not_exists(pk)',
          ...more,
        }),
      );
    await put(dynamodb, TABLE, { ...key('1'), by: { S: 'first' } });
    const refusal = { name: 'ConditionalCheckFailedException', message: 'The conditional request failed' };
    await expect(once()).rejects.toMatchObject({ ...refusal, Item: undefined });
    await expect(once({ ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })).rejects.toMatchObject({
      ...refusal,
      Item: { ...key('1'), by: { S: 'first' } },
    });
    expect((await get('1'))?.by).toEqual({ S: 'first' });
  });

  test('is won by one of many who want it at the same time', async () => {
    const contenders = Array.from({ length: 20 }, (_, index) =>
      dynamodb.send(
        new PutItemCommand({
          TableName: TABLE,
          Item: { ...key('lock'), by: { N: String(index) } },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    const outcomes = await Promise.allSettled(contenders);
    const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    expect(winners).toHaveLength(1);
    const losers = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    for (const loser of losers) {
      expect(loser).toMatchObject({ name: 'ConditionalCheckFailedException', Item: { by: { N: String(winners[0]) } } });
    }
  });

  test.each([
    ['a key that lacks its sort key', { pk: { S: 'a' } }, 'The provided key element does not match the schema'],
    [
      'a key of the wrong type',
      { pk: { N: '1' }, sk: { S: '1' } },
      'The provided key element does not match the schema',
    ],
  ])('with %s is refused', async (_name, wrong: Item, message) => {
    await expect(dynamodb.send(new GetItemCommand({ TableName: TABLE, Key: wrong }))).rejects.toMatchObject({
      name: 'ValidationException',
      message,
    });
  });

  test('of more than 400 KB is refused', async () => {
    await expect(put(dynamodb, TABLE, { ...key('1'), text: { S: 'x'.repeat(410_000) } })).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Item size has exceeded the maximum allowed size',
    });
  });

  test('of a table that is not there is not found', async () => {
    await expect(put(dynamodb, 'nowhere', key('1'))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Requested resource not found',
    });
  });
});

describe('queries', () => {
  beforeEach(async () => {
    for (const sk of ['2026-01', '2026-02', '2026-03', '2027-01']) await put(dynamodb, TABLE, key(sk));
    await put(dynamodb, TABLE, key('2026-01', 'b'));
  });
  const query = (more: object = {}) =>
    dynamodb.send(
      new QueryCommand({
        TableName: TABLE,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :year)',
        ExpressionAttributeValues: { ':pk': { S: 'a' }, ':year': { S: '2026' } },
        ...more,
      }),
    );

  test('find a range in order, and backwards', async () => {
    expect((await query()).Items?.map(({ sk }) => sk?.S)).toEqual(['2026-01', '2026-02', '2026-03']);
    const newest = await query({ ScanIndexForward: false, Limit: 1 });
    expect(newest.Items).toEqual([key('2026-03')]);
    expect(newest.LastEvaluatedKey).toEqual(key('2026-03'));
  });

  test('come in pages that go on where the last ended', async () => {
    const seen: (string | undefined)[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const page = await query({ Limit: 2, ExclusiveStartKey });
      seen.push(...(page.Items ?? []).map(({ sk }) => sk?.S));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    expect(seen).toEqual(['2026-01', '2026-02', '2026-03']);
  });

  test('count the scanned and the found', async () => {
    const filtered = await dynamodb.send(
      new ScanCommand({
        TableName: TABLE,
        FilterExpression: 'sk = :sk',
        ExpressionAttributeValues: { ':sk': { S: '2026-01' } },
        Select: 'COUNT',
      }),
    );
    expect(filtered).toMatchObject({ Count: 2, ScannedCount: 5 });
  });
});

describe('batches', () => {
  test('write and read items of several tables', async () => {
    await createStories(laptop, 'others');
    await dynamodb.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TABLE]: [{ PutRequest: { Item: key('1') } }, { PutRequest: { Item: key('2') } }],
          others: [{ PutRequest: { Item: key('3') } }],
        },
      }),
    );
    const { Responses, UnprocessedKeys } = await dynamodb.send(
      new BatchGetItemCommand({
        RequestItems: { [TABLE]: { Keys: [key('1'), key('nothing')] }, others: { Keys: [key('3')] } },
      }),
    );
    expect(Responses).toEqual({ [TABLE]: [key('1')], others: [key('3')] });
    expect(UnprocessedKeys).toEqual({});
  });

  test('of more than 25 writes are refused', async () => {
    const requests = Array.from({ length: 26 }, (_, index) => ({ PutRequest: { Item: key(String(index)) } }));
    await expect(
      dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: requests } })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('permissions', () => {
  async function clientOf(policy: object): Promise<DynamoDBClient> {
    const iam = new IAMClient({ ...clientOptions(laptop.cloud), region: 'us-east-1' });
    const RoleName = 'reader';
    await iam.send(
      new CreateRoleCommand({
        RoleName,
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        }),
      }),
    );
    await iam.send(
      new PutRolePolicyCommand({
        RoleName,
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...policy }] }),
      }),
    );
    const credentials = laptop.cloud.assumeRole(`arn:aws:iam::000000000000:role/${RoleName}`, 'session');
    return new DynamoDBClient({ ...clientOptions(laptop.cloud), credentials });
  }
  const arn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TABLE}`;

  test('a refusal names role, action and table', async () => {
    const client = await clientOf({ Action: 'dynamodb:GetItem', Resource: arn });
    await client.send(new GetItemCommand({ TableName: TABLE, Key: key('1') }));
    await expect(put(client, TABLE, key('1'))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::000000000000:assumed-role/reader/session is not authorized to perform: dynamodb:PutItem on resource: ${arn} because no identity-based policy allows the dynamodb:PutItem action`,
    });
  });

  test('a transaction needs what its parts need, and nothing of its own', async () => {
    const client = await clientOf({ Action: 'dynamodb:PutItem', Resource: arn });
    const Put = { TableName: TABLE, Item: key('1') };
    await client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] }));
    const Delete = { TableName: TABLE, Key: key('2') };
    await expect(
      client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }, { Delete }] })),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('dynamodb:DeleteItem'),
    });
  });

  test('can be for the items of one partition', async () => {
    const client = await clientOf({
      Action: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem'],
      Resource: arn,
      Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['a'] } },
    });
    const query = (pk: string) =>
      client.send(
        new QueryCommand({
          TableName: TABLE,
          KeyConditionExpression: '#p = :p',
          ExpressionAttributeNames: { '#p': 'pk' },
          ExpressionAttributeValues: { ':p': { S: pk } },
        }),
      );
    const one = (pk: string) => client.send(new GetItemCommand({ TableName: TABLE, Key: key('1', pk) }));
    const batch = (...pks: string[]) =>
      client.send(new BatchGetItemCommand({ RequestItems: { [TABLE]: { Keys: pks.map((pk) => key('1', pk)) } } }));
    await Promise.all([query('a'), one('a'), batch('a')]);
    for (const attempt of [() => query('b'), () => one('b'), () => batch('a', 'b')]) {
      await expect(attempt()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    }
  });

  test('a query of an index needs the index', async () => {
    await createStories(laptop, 'indexed', {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'bySk',
          KeySchema: [{ AttributeName: 'sk', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    });
    const table = arn.replace(TABLE, 'indexed');
    const client = await clientOf({ Action: 'dynamodb:Query', Resource: table });
    const query = new QueryCommand({
      TableName: 'indexed',
      IndexName: 'bySk',
      KeyConditionExpression: 'sk = :s',
      ExpressionAttributeValues: { ':s': { S: '1' } },
    });
    await expect(client.send(query)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`${table}/index/bySk`),
    });
  });
});
