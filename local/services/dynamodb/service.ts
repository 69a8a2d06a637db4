import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import type { Cloud } from '../../cloud.ts';
import { AwsError, type Call, type Operation, type Service } from '../../service.ts';
import { TimeToLive } from './time-to-live.ts';

/** DynamoDB on dynalite, which listens on loopback and is reached through the SDK; authorisation is ours. */
export interface DynamodbService extends Service {
  readonly name: 'dynamodb';
  readonly timeToLive: TimeToLive;
}

const tableOperations = [
  'CreateTable',
  'DescribeTable',
  'DeleteTable',
  'UpdateTable',
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
] as const;
const manyTables = ['BatchGetItem', 'BatchWriteItem', 'TransactWriteItems', 'TransactGetItems'] as const;

export default function createDynamodbService(cloud: Cloud): DynamodbService {
  const backend = new Backend();
  const timeToLive = new TimeToLive(cloud, (command) => backend.send(command));
  const forward = (operation: string): Operation => ({
    access: (input, call) => [
      { action: `dynamodb:${operation}`, resource: tableArn(call, input.TableName), context: leadingKeys(input) },
    ],
    handle: async (input) => {
      await timeToLive.sweep(input.TableName);
      return backend.run(operation, withoutUnknown(operation, input));
    },
  });
  return {
    name: 'dynamodb',
    timeToLive,
    schemas: () => import('@aws-sdk/client-dynamodb') as unknown as Promise<Record<string, unknown>>,
    operations: {
      ...Object.fromEntries(tableOperations.map((operation) => [operation, forward(operation)])),
      ...Object.fromEntries(manyTables.map((operation) => [operation, overTables(operation, backend)])),
      ListTables: {
        access: () => [{ action: 'dynamodb:ListTables', resource: '*' }],
        handle: (input) => backend.run('ListTables', input),
      },
      DescribeTimeToLive: {
        access: (input, call) => [{ action: 'dynamodb:DescribeTimeToLive', resource: tableArn(call, input.TableName) }],
        handle: (input) => ({ TimeToLiveDescription: timeToLive.describe(input.TableName) }),
      },
      UpdateTimeToLive: {
        access: (input, call) => [{ action: 'dynamodb:UpdateTimeToLive', resource: tableArn(call, input.TableName) }],
        handle: (input) => {
          timeToLive.set(input.TableName, input.TimeToLiveSpecification);
          return { TimeToLiveSpecification: input.TimeToLiveSpecification };
        },
      },
    },
    reset: async () => {
      timeToLive.clear();
      await backend.close();
    },
    close: () => backend.close(),
  };
}

function overTables(operation: (typeof manyTables)[number], backend: Backend): Operation {
  return {
    access: (input, call) =>
      tablesOf(input).map((table) => ({ action: `dynamodb:${operation}`, resource: tableArn(call, table) })),
    handle: (input) => backend.run(operation, input),
  };
}

function tablesOf(input: {
  RequestItems?: Record<string, unknown>;
  TransactItems?: Record<string, { TableName?: string }>[];
}): string[] {
  const transacted = (input.TransactItems ?? []).flatMap((item) =>
    Object.values(item).map((part) => part?.TableName ?? ''),
  );
  return [...new Set([...Object.keys(input.RequestItems ?? {}), ...transacted])];
}

function tableArn(call: Call, table: string): string {
  return table?.startsWith('arn:') ? table : `arn:aws:dynamodb:${call.region}:${call.accountId}:table/${table}`;
}

function leadingKeys(input: { Key?: Record<string, { S?: string }> }): Record<string, string[]> {
  const keys = Object.values(input.Key ?? {}).flatMap((value) => (value.S === undefined ? [] : [value.S]));
  return keys.length > 0 ? { 'dynamodb:LeadingKeys': keys.slice(0, 1) } : {};
}

/** Members that dynalite does not know and that change nothing here. */
function withoutUnknown(operation: string, input: Record<string, unknown>): Record<string, unknown> {
  const { ReturnValuesOnConditionCheckFailure, ...rest } = input;
  if (operation !== 'CreateTable') return rest;
  const { SSESpecification, PointInTimeRecoverySpecification, DeletionProtectionEnabled, TableClass, Tags, ...table } =
    rest;
  return table;
}

class Backend {
  #starting: Promise<{ server: Server; client: dynamodb.DynamoDBClient }> | undefined;

  async send(command: any): Promise<any> {
    const { client } = await this.#open();
    try {
      const { $metadata, ...output } = await client.send(command);
      return output;
    } catch (error) {
      if (!(error instanceof dynamodb.DynamoDBServiceException)) throw error;
      const { name, message, $fault, $metadata, $response, ...fields } = error as typeof error &
        Record<string, unknown>;
      throw new AwsError(name, message, { httpStatus: $metadata.httpStatusCode ?? 400, fields, cause: error });
    }
  }

  run(operation: string, input: unknown): Promise<any> {
    const command = (dynamodb as unknown as Record<string, new (input: unknown) => unknown>)[`${operation}Command`];
    if (!command)
      throw new AwsError('UnknownOperationException', `dynamodb ${operation} is not supported on the laptop.`);
    return this.send(new command(input));
  }

  async close(): Promise<void> {
    const open = await this.#starting;
    this.#starting = undefined;
    if (!open) return;
    open.client.destroy();
    open.server.closeAllConnections();
    await new Promise<void>((resolve) => open.server.close(() => resolve()));
  }

  #open() {
    this.#starting ??= new Promise((resolve, reject) => {
      const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 }) as Server;
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        const client = new dynamodb.DynamoDBClient({
          endpoint: `http://127.0.0.1:${port}`,
          region: 'us-east-1',
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
          maxAttempts: 1,
        });
        resolve({ server, client });
      });
    });
    return this.#starting;
  }
}
