import type { Clock } from '../../clock.ts';
import { type Access, AwsError, type Call, type Operation } from '../../cloud.ts';
import { own } from '../../own.ts';
import type { Backend, Backends } from './backend.ts';
import { expectReady, type Table, type Tables, tableArn, tableName } from './tables.ts';
import { sweep } from './time-to-live.ts';

const single = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan'] as const;
const batches = ['BatchGetItem', 'BatchWriteItem'] as const;

/** Operations on the items of tables, one by one and in batches. */
export function itemOperations(tables: Tables, backends: Backends, clock: Clock): Record<string, Operation> {
  const one = (operation: (typeof single)[number]): Operation => ({
    access: (input, call) => [itemAccess(tables, call, `dynamodb:${operation}`, input)],
    async handle(input, call) {
      const backend = backends.of(call.region);
      const table = tables.find(call, input.TableName);
      expectReady(table, clock.now());
      if (table) await sweep(table, backend, clock);
      return runOne(backend, operation, { ...input, TableName: tableName(input.TableName) }, table);
    },
  });
  const many = (operation: (typeof batches)[number]): Operation => ({
    access: (input, call) =>
      Object.entries(input.RequestItems ?? {}).map(([name, requests]) => ({
        action: `dynamodb:${operation}`,
        resource: tableArn(call, name),
        context: leadingKeys(tables.find(call, name), keysOfBatch(requests)),
      })),
    async handle(input, call) {
      const backend = backends.of(call.region);
      const named = Object.entries(input.RequestItems ?? {}).map(([name, requests]) => [tableName(name), requests]);
      for (const [name] of named) {
        const table = tables.find(call, name as string);
        expectReady(table, clock.now());
        if (table) await sweep(table, backend, clock);
      }
      return backend.run(operation, { ...input, RequestItems: Object.fromEntries(named) });
    },
  });
  return {
    ...Object.fromEntries(single.map((operation) => [operation, one(operation)])),
    ...Object.fromEntries(batches.map((operation) => [operation, many(operation)])),
  };
}

/** A condition that was not met shows the item on demand, which dynalite does not know. */
async function runOne(backend: Backend, operation: string, input: any, table: Table | undefined): Promise<any> {
  const { ReturnValuesOnConditionCheckFailure: wanted, ...known } = input;
  if (wanted !== 'ALL_OLD' || !table) return backend.run(operation, known);
  return backend.alone(async () => {
    try {
      return await backend.send(operation, known);
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'ConditionalCheckFailedException') throw error;
      const Item = await oldItem(backend, table, known.Key ?? known.Item);
      throw new AwsError(error.code, error.message, {
        fields: { ...error.fields, ...(Item && { Item }) },
        cause: error,
      });
    }
  });
}

export async function oldItem(backend: Backend, table: Table, keyOrItem: Record<string, unknown>) {
  const { Item } = await backend.send('GetItem', {
    TableName: table.name,
    Key: keyOf(table, keyOrItem),
    ConsistentRead: true,
  });
  return Item as Record<string, unknown> | undefined;
}

export function keyOf(table: Table, item: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(table.keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]));
}

/** A query or a scan of an index needs the permission on the index. */
export function itemAccess(tables: Tables, call: Call, action: string, input: any): Access {
  const arn = tableArn(call, input.TableName);
  const table = tables.find(call, input.TableName);
  const items = input.Key ? [input.Key] : input.Item ? [input.Item] : [];
  return {
    action,
    resource: input.IndexName ? `${arn}/index/${input.IndexName}` : arn,
    context: leadingKeys(table, items.length > 0 ? items : queriedKeys(table, input)),
  };
}

/** `dynamodb:LeadingKeys`: the partition keys that a request names. */
function leadingKeys(table: Table | undefined, items: Record<string, any>[]): Record<string, string[]> {
  const [partitionKey] = table?.keys ?? [];
  if (partitionKey === undefined) return {};
  const values = items.flatMap((item) => {
    const { S, N } = own(item, partitionKey) ?? {};
    return S ?? N ?? [];
  });
  return values.length > 0 ? { 'dynamodb:LeadingKeys': [...new Set<string>(values)] } : {};
}

// `pk = :value`, anywhere in the condition: a partition key is always compared for being equal.
function queriedKeys(table: Table | undefined, input: any): Record<string, any>[] {
  const [partitionKey] = table?.keys ?? [];
  if (partitionKey === undefined || input.IndexName !== undefined) return [];
  for (const [, name = '', value = ''] of String(input.KeyConditionExpression ?? '').matchAll(
    /([#\w.-]+)\s*=\s*(:\w+)/g,
  )) {
    if ((own(input.ExpressionAttributeNames ?? {}, name) ?? name) === partitionKey) {
      return [{ [partitionKey]: own(input.ExpressionAttributeValues ?? {}, value) }];
    }
  }
  return [];
}

function keysOfBatch(requests: any): Record<string, any>[] {
  if (!Array.isArray(requests)) return requests?.Keys ?? [];
  return requests.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key ?? {});
}
