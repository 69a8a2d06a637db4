import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import { AwsError, type Call, type Operation } from '../../cloud.ts';
import type { Backend, Backends } from './backend.ts';
import { itemAccess, keyOf, oldItem } from './item-operations.ts';
import { expectReady, type Table, type Tables, validation } from './tables.ts';

const MOST_ACTIONS = 100;
const TOKEN_MILLISECONDS = 10 * 60_000;
const actions = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'ConditionCheckItem' };
/** Errors of an update that depend on the content of the item. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const FAULT_OF_ITEM =
  /attribute that does not exist in the item|incorrect data type|document path provided|exceeded the maximum allowed size|[Tt]ype mismatch/;

type Action = keyof typeof actions;
interface Write {
  readonly action: Action;
  readonly part: any;
  readonly table: Table;
}
interface Reason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: unknown;
}

/**
 * TransactWriteItems and TransactGetItems, which dynalite lacks: one request after the other while nothing else comes
 * to the region's tables, and back again when one of them cannot be.
 */
export function transactOperations(tables: Tables, backends: Backends, clock: Clock): Record<string, Operation> {
  const tokens = new Map<string, { input: unknown; at: number }>();
  return {
    TransactWriteItems: {
      validate: checkActions,
      // There is no permission for transactions, only for what is in them.
      access: (input, call) =>
        partsOf(input).map(([action, part]) => itemAccess(tables, call, `dynamodb:${actions[action]}`, part)),
      async handle(input, call) {
        const { ClientRequestToken: token, ...request } = input;
        const key = token === undefined ? undefined : `${call.region} ${token}`;
        if (key !== undefined && isRepeated(tokens, key, request, clock)) return {};
        const backend = backends.of(call.region);
        const writes = partsOf(input).map(([action, part]) => ({
          action,
          part,
          table: tables.require(call, part.TableName),
        }));
        for (const { table } of writes) expectReady(table, clock.now());
        refuseDoubles(writes);
        await backend.alone(() => writeAll(backend, writes));
        if (key !== undefined) tokens.set(key, { input: request, at: clock.now().getTime() });
        return {};
      },
    },
    TransactGetItems: {
      validate: checkActions,
      access: (input, call) => gets(input).map((get) => itemAccess(tables, call, 'dynamodb:GetItem', get)),
      handle(input, call) {
        for (const get of gets(input)) expectReady(tables.find(call, get.TableName), clock.now());
        return readAll(tables, backends.of(call.region), input, call);
      },
    },
  };
}

const gets = (input: any): any[] => input.TransactItems.map(({ Get }: any) => Get);

function readAll(tables: Tables, backend: Backend, input: any, call: Call) {
  const wanted = gets(input).map((get) => ({ ...get, TableName: tables.require(call, get.TableName).name }));
  return backend.alone(async () => {
    const responses: { Item?: unknown }[] = [];
    for (const get of wanted) {
      const { Item } = await backend.send('GetItem', { ...get, ConsistentRead: true });
      responses.push(Item ? { Item } : {});
    }
    return { Responses: responses };
  });
}

function checkActions(input: any): void {
  const { length } = input.TransactItems;
  if (length < 1 || length > MOST_ACTIONS) {
    throw validation(
      `1 validation error detected: Value '${JSON.stringify(input.TransactItems)}' at 'transactItems' failed to satisfy constraint: Member must have length ${length < 1 ? 'greater than or equal to 1' : `less than or equal to ${MOST_ACTIONS}`}`,
    );
  }
  for (const item of input.TransactItems) {
    const named = Object.values(item).filter((part) => part !== undefined);
    if (named.length !== 1) throw validation('TransactItems can only contain one of Check, Put, Update or Delete');
  }
}

function partsOf(input: any): [Action, any][] {
  return input.TransactItems.map((item: any) => Object.entries(item).find(([, part]) => part !== undefined));
}

function isRepeated(
  tokens: Map<string, { input: unknown; at: number }>,
  key: string,
  request: unknown,
  clock: Clock,
): boolean {
  const earlier = tokens.get(key);
  if (!earlier || clock.now().getTime() - earlier.at > TOKEN_MILLISECONDS) return false;
  if (isDeepStrictEqual(earlier.input, request)) return true;
  throw new AwsError(
    'IdempotentParameterMismatchException',
    'DynamoDB rejected the request because you retried a request with a different payload but with an idempotent token that was already used.',
  );
}

function refuseDoubles(writes: readonly Write[]): void {
  const seen = new Set<string>();
  for (const { table, part } of writes) {
    const key = keyOf(table, part.Key ?? part.Item);
    const item = `${table.arn} ${JSON.stringify(table.keys.map((name) => key[name]))}`;
    if (seen.has(item)) throw validation('Transaction request cannot include multiple operations on one item');
    seen.add(item);
  }
}

async function writeAll(backend: Backend, writes: readonly Write[]): Promise<void> {
  const done: { write: Write; before: Record<string, unknown> | undefined }[] = [];
  const undo = async () => {
    for (const { write, before } of done.reverse()) await restore(backend, write, before);
  };
  const reasons: Reason[] = [];
  try {
    for (const write of writes) {
      const before = await oldItem(backend, write.table, write.part.Key ?? write.part.Item);
      const reason = await writeOne(backend, write, before);
      if (reason.Code === 'None') done.push({ write, before });
      reasons.push(reason);
    }
  } catch (error) {
    await undo();
    throw error;
  }
  const failed = reasons.some(({ Code }) => Code !== 'None');
  const checks = done.filter(({ write }) => write.action === 'ConditionCheck');
  if (!failed) {
    for (const { write, before } of checks) await restore(backend, write, before);
    return;
  }
  await undo();
  throw new AwsError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(', ')}]`,
    { fields: { CancellationReasons: reasons } },
  );
}

async function writeOne(backend: Backend, write: Write, before: Record<string, unknown> | undefined): Promise<Reason> {
  const { action, part, table } = write;
  const { ReturnValuesOnConditionCheckFailure: wanted, ...request } = part;
  // A check is a deletion with the condition; what it deletes is put back before another request is served.
  const operation = action === 'ConditionCheck' ? 'DeleteItem' : actions[action];
  try {
    await backend.send(operation, { ...request, TableName: table.name });
    return { Code: 'None' };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'ConditionalCheckFailedException') {
      const Item = wanted === 'ALL_OLD' ? before : undefined;
      return { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', ...(Item && { Item }) };
    }
    if (error.code === 'ValidationException' && FAULT_OF_ITEM.test(error.message))
      return { Code: 'ValidationError', Message: error.message };
    throw error;
  }
}

async function restore(backend: Backend, { part, table }: Write, before: Record<string, unknown> | undefined) {
  if (before) await backend.send('PutItem', { TableName: table.name, Item: before });
  else await backend.send('DeleteItem', { TableName: table.name, Key: keyOf(table, part.Key ?? part.Item) });
}
