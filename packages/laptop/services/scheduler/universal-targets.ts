import type { Cloud, Service } from '../../cloud.ts';
import { own } from '../../own.ts';
import { membersOf, type Schema } from '../../wire/schema.ts';
import { loadServiceModel, type OperationModel } from '../../wire/service-model.ts';
import type { Invocation } from './invocation.ts';
import { invalid, type Schedule, type ScheduleTarget } from './state.ts';

const UNIVERSAL = /^arn:aws:scheduler:::aws-sdk:([a-z0-9]+):([a-zA-Z0-9]+)$/;

export const isUniversal = (arn: string) => arn.startsWith('arn:aws:scheduler:::aws-sdk:');

/** The prefixes of actions that only read, which are no targets. */
const readOnly =
  /^(get|describe|list|poll|receive|search|scan|query|select|read|lookup|discover|validate|batchGet|batchDescribe|batchRead|transactGet|adminGet|adminList|testMigration|retrieve|testConnection|translateDocument|isAuthorized|invokeModel)/;

/** Services whose name in AWS's Java SDK is not the one that they are signed under. */
const signingNames: Readonly<Record<string, string>> = {
  apigatewayv2: 'apigateway',
  bedrockruntime: 'bedrock',
  cloudwatch: 'monitoring',
  cloudwatchlogs: 'logs',
  eventbridge: 'events',
  sfn: 'states',
};

/**
 * Refuses an action that the service does not have, that only reads, or whose required members the input lacks.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
 */
export async function checkUniversalTarget(cloud: Cloud, target: ScheduleTarget): Promise<void> {
  const { model } = await operationOf(cloud, target.Arn);
  let input: unknown;
  try {
    input = JSON.parse(target.Input ?? '{}');
  } catch {
    throw invalid('Invalid RequestJson provided. Reason The request payload is not well-formed JSON.');
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid('Invalid RequestJson provided. Reason The request payload is not an object.');
  }
  const missing = membersOf(model.input)
    .filter(({ name, required }) => required && memberOf(input as Record<string, unknown>, name) === undefined)
    .map(({ name }) => name[0]?.toUpperCase() + name.slice(1));
  if (missing.length > 0) {
    throw invalid(
      `Invalid RequestJson provided. Reason Request payload is missing the following field(s): ${missing.join(', ')}.`,
    );
  }
}

export async function universalInvocation(cloud: Cloud, schedule: Schedule, input: string): Promise<Invocation> {
  const { service, model } = await operationOf(cloud, schedule.input.Target.Arn);
  return {
    service: service.name,
    operation: model.name,
    input: inMembers(model.input, JSON.parse(input)),
    region: schedule.region,
  };
}

async function operationOf(cloud: Cloud, arn: string): Promise<{ service: Service; model: OperationModel }> {
  const [, name = '', action = ''] = UNIVERSAL.exec(arn) ?? [];
  if (action === '') throw invalid(`${arn} is not an ARN of the form arn:aws:scheduler:::aws-sdk:service:apiAction.`);
  if (readOnly.test(action)) throw invalid(`${arn} is not supported as a target: ${action} only reads.`);
  const signingName = own(signingNames, name) ?? name;
  const isItsName = !Object.values(signingNames).includes(name) || name === 'bedrock';
  const service = isItsName && hasService(cloud, signingName) ? cloud.service(signingName) : undefined;
  if (!service) throw invalid(`${arn} is not supported as a target on the laptop: it has no service ${name}.`);
  const operation = action[0]?.toUpperCase() + action.slice(1);
  const model = (await loadServiceModel(service)).operations.get(operation);
  if (!model || !Object.hasOwn(service.operations, operation)) {
    throw invalid(`${arn} is not supported as a target on the laptop: ${service.name} has no ${operation}.`);
  }
  return { service, model };
}

function hasService(cloud: Cloud, name: string): boolean {
  return (cloud as Cloud & { services: ReadonlyMap<string, Service> }).services.has(name);
}

/** Members begin with a capital and abbreviations are words (`DbInstanceIdentifier`): compared by their letters alone. */
function memberOf(value: Record<string, unknown>, name: string): unknown {
  const key = Object.keys(value).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : value[key];
}

/** The input under the names that the service's own schema has; blobs are text, timestamps ISO 8601. */
function inMembers(schema: Schema, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (schema.isStructSchema() && typeof value === 'object') {
    const members = membersOf(schema)
      .map((member) => [member, memberOf(value as Record<string, unknown>, member.name)] as const)
      .filter(([, item]) => item !== undefined && item !== null);
    return Object.fromEntries(members.map(([member, item]) => [member.name, inMembers(member.schema, item)]));
  }
  if (schema.isListSchema() && Array.isArray(value)) {
    return value.map((item) => inMembers(schema.getValueSchema(), item));
  }
  if (schema.isMapSchema() && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, inMembers(schema.getValueSchema(), item)]),
    );
  }
  if (schema.isBlobSchema()) return new TextEncoder().encode(String(value));
  if (schema.isTimestampSchema()) return new Date(typeof value === 'number' ? value * 1000 : String(value));
  return value;
}
