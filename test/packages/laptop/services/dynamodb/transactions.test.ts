import {
  type DynamoDBClient,
  GetItemCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
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

describe('transactions', () => {
  const transact = (TransactItems: TransactWriteItem[], more: object = {}) =>
    dynamodb.send(new TransactWriteItemsCommand({ TransactItems, ...more }));
  const Put = (item: Item, more: object = {}): TransactWriteItem => ({
    Put: { TableName: TABLE, Item: item, ...more },
  });

  test('write all', async () => {
    await put(dynamodb, TABLE, key('old'));
    await put(dynamodb, TABLE, { ...key('counter'), n: { N: '1' } });
    await put(dynamodb, TABLE, key('checked'));
    await transact([
      Put(key('new')),
      { Delete: { TableName: TABLE, Key: key('old') } },
      {
        Update: {
          TableName: TABLE,
          Key: key('counter'),
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
        },
      },
      { ConditionCheck: { TableName: TABLE, Key: key('checked'), ConditionExpression: 'attribute_exists(pk)' } },
      { ConditionCheck: { TableName: TABLE, Key: key('absent'), ConditionExpression: 'attribute_not_exists(pk)' } },
    ]);
    expect(await get('new')).toEqual(key('new'));
    expect(await get('old')).toBeUndefined();
    expect(await get('counter')).toEqual({ ...key('counter'), n: { N: '2' } });
    expect(await get('checked')).toEqual(key('checked'));
    expect(await get('absent')).toBeUndefined();
  });

  test('or nothing, and say which of them is the reason', async () => {
    await put(dynamodb, TABLE, { ...key('there'), v: { N: '1' } });
    await put(dynamodb, TABLE, { ...key('changed'), v: { N: '1' } });
    const attempt = transact([
      Put(key('new')),
      {
        Update: {
          TableName: TABLE,
          Key: key('changed'),
          UpdateExpression: 'SET v = :two',
          ExpressionAttributeValues: { ':two': { N: '2' } },
        },
      },
      Put(key('there'), {
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    ]);
    await expect(attempt).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, ConditionalCheckFailed]',
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'None' },
        {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          Item: { ...key('there'), v: { N: '1' } },
        },
      ],
    });
    expect(await get('new')).toBeUndefined();
    expect(await get('changed')).toEqual({ ...key('changed'), v: { N: '1' } });
  });

  test('leave nothing behind when an expression is wrong', async () => {
    const wrong = { Update: { TableName: TABLE, Key: key('x'), UpdateExpression: 'SOT v = :v' } };
    await expect(transact([Put(key('new')), wrong])).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await get('new')).toBeUndefined();
  });

  test('name each item once', async () => {
    await expect(transact([Put(key('1')), { Delete: { TableName: TABLE, Key: key('1') } }])).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Transaction request cannot include multiple operations on one item',
    });
  });

  test('with a token happen once in ten minutes, and a token is for one request', async () => {
    const add: TransactWriteItem = {
      Update: {
        TableName: TABLE,
        Key: key('counter'),
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      },
    };
    const token = { ClientRequestToken: 'once' };
    await transact([add], token);
    await transact([add], token);
    expect((await get('counter'))?.n).toEqual({ N: '1' });
    await expect(transact([Put(key('1'))], token)).rejects.toMatchObject({
      name: 'IdempotentParameterMismatchException',
    });
    await laptop.clock.advance(601_000);
    await transact([add], token);
    expect((await get('counter'))?.n).toEqual({ N: '2' });
  });

  test('are not seen half done', async () => {
    const both = (v: number) =>
      transact([Put({ ...key('left'), v: { N: `${v}` } }), Put({ ...key('right'), v: { N: `${v}` } })]);
    await both(0);
    const read = async () => {
      const { Responses } = await dynamodb.send(
        new TransactGetItemsCommand({
          TransactItems: ['left', 'right'].map((sk) => ({ Get: { TableName: TABLE, Key: key(sk) } })),
        }),
      );
      return Responses?.map(({ Item }) => Item?.v?.N);
    };
    const reads = Array.from({ length: 10 }, (_, v) => [both(v + 1), read()] as const);
    for (const [write, seen] of reads) {
      await write;
      const [left, right] = (await seen) ?? [];
      expect(left).toBe(right);
    }
  });
});
