import { administratorOf } from '../assembly/administrator.ts';
import type { Cloud } from '../cloud.ts';
import type { CloudwatchService } from '../services/cloudwatch/service.ts';
import type { LambdaService } from '../services/lambda/service.ts';
import type { LogsService } from '../services/logs/service.ts';
import type { RdsService } from '../services/rds/service.ts';
import type { SnsService } from '../services/sns/service.ts';
import type { SqsService } from '../services/sqs/service.ts';
import type { StatesService } from '../services/states/service.ts';

/** A text that left the memory of functions, and where it lies now. */
export interface Departure {
  readonly place: string;
  readonly text: string;
}

/** Everything that left process memory: logs, histories, messages, tables, configurations, dashboards, servers' logs. */
export async function whatLeft(cloud: Cloud): Promise<Departure[]> {
  return [
    ...logLines(cloud),
    ...executions(cloud),
    ...messages(cloud),
    ...configurations(cloud),
    ...databaseLogs(cloud),
    ...(await tables(cloud)),
    ...(await plainParameters(cloud)),
  ];
}

function logLines(cloud: Cloud): Departure[] {
  const { state } = cloud.service<LogsService>('logs');
  return state.groups(cloud.region).flatMap((group) =>
    [...group.streams.values()].map((stream) => ({
      place: `log ${group.name} ${stream.name}`,
      text: stream.events.map(({ message }) => message).join('\n'),
    })),
  );
}

function executions(cloud: Cloud): Departure[] {
  const { byArn } = cloud.service<StatesService>('states').executions;
  return [...byArn.values()].map(({ arn, input, output, error, cause, history }) => ({
    place: `execution ${arn}`,
    text: JSON.stringify({ input, output, error, cause, history }),
  }));
}

function messages(cloud: Cloud): Departure[] {
  const outbox = cloud.service<SnsService>('sns').outbox();
  const queues = cloud.service<SqsService>('sqs').queues.all();
  return [
    ...outbox.map((message, index) => ({ place: `notice ${index + 1}`, text: JSON.stringify(message) })),
    ...queues.map((queue) => ({ place: `queue ${queue.name}`, text: JSON.stringify(queue.messages) })),
  ];
}

function configurations(cloud: Cloud): Departure[] {
  const { dashboards } = cloud.service<CloudwatchService>('monitoring');
  const functions = cloud.service<LambdaService>('lambda').lambda.state.list(cloud.region);
  return [
    ...[...dashboards].map(([name, { body }]) => ({ place: `dashboard ${name}`, text: body })),
    ...functions.map((fn) => ({
      place: `variables of function ${fn.name}`,
      text: JSON.stringify(fn.latest.snapshot.settings.variables ?? {}),
    })),
  ];
}

function databaseLogs(cloud: Cloud): Departure[] {
  const { state } = cloud.service<RdsService>('rds');
  return [...state.instances.values(), ...state.clusters.values()].flatMap(({ identifier, server }) =>
    server ? [{ place: `log of database ${identifier}`, text: server.log() }] : [],
  );
}

async function tables(cloud: Cloud): Promise<Departure[]> {
  const call = <Output>(operation: string, input: object) =>
    cloud.call<Output>({ service: 'dynamodb', operation, input, principal: administratorOf(cloud) });
  const { TableNames } = await call<{ TableNames: string[] }>('ListTables', {});
  const found: Departure[] = [];
  for (const TableName of TableNames) {
    let ExclusiveStartKey: unknown;
    do {
      const page = await call<{ Items?: unknown[]; LastEvaluatedKey?: unknown }>('Scan', {
        TableName,
        ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
      });
      found.push({ place: `table ${TableName}`, text: JSON.stringify(page.Items ?? []) });
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }
  return found;
}

async function plainParameters(cloud: Cloud): Promise<Departure[]> {
  const { Parameters } = await cloud.call<{ Parameters: { Name: string; Value: string; Type: string }[] }>({
    service: 'ssm',
    operation: 'GetParametersByPath',
    input: { Path: '/', Recursive: true, MaxResults: 10 },
    principal: administratorOf(cloud),
  });
  return Parameters.filter(({ Type }) => Type !== 'SecureString').map(({ Name, Value }) => ({
    place: `parameter ${Name}`,
    text: Value,
  }));
}
