import { randomUUID } from 'node:crypto';
import { AwsError, type Principal } from '../../../cloud.ts';
import { missingMembers, missingMembersText } from '../../../wire/required.ts';
import { StatesError } from '../interpreter/errors.ts';
import type { TaskResource } from '../interpreter/task-resource.ts';
import { capitalized, fromApi, toApi, unknownMembers } from './shapes.ts';
import { functionError, taskError } from './task-errors.ts';
import type { TaskHost } from './task-host.ts';

export interface ServiceCall {
  readonly resource: Exclude<TaskResource, { kind: 'function' }>;
  readonly arguments: unknown;
  readonly principal: Principal;
  readonly signal: AbortSignal;
}

/** Calls an operation of a service and answers what the integration makes of its output. @throws StatesError */
export async function callService(host: TaskHost, call: ServiceCall): Promise<unknown> {
  const { resource, principal, signal } = call;
  const { service, kind } = resource;
  const model = await host.model(service.name);
  const name = capitalized(resource.action);
  const operation = model.operations.get(name);
  if (!operation) throw new StatesError('States.Runtime', `There is no action ${resource.action} of ${resource.type}.`);
  const given = withDefaults(call);
  const unknown = kind === 'sdk' ? unknownMembers(operation.input, given) : [];
  if (unknown.length > 0) {
    const refusals = unknown.map((member) => `The field '${member}' is not supported by Step Functions`).join(', ');
    throw new StatesError(
      'States.Runtime',
      `The Arguments '${JSON.stringify(given)}' could not be used to start the Task: [${refusals}]`,
    );
  }
  try {
    const input = toApi(operation.input, given) ?? {};
    const missing = missingMembers(operation.input, input);
    if (missing.length > 0) throw new AwsError('ValidationException', missingMembersText(missing));
    const output = await host.cloud.call({
      service: service.name,
      operation: name,
      input,
      principal,
      region: host.region,
      signal,
    });
    return resultOf(call, fromApi(operation.output, output ?? {}, kind) ?? {});
  } catch (error) {
    if (signal.aborted) throw error;
    throw taskError(error, resource, { model, log: host.cloud.log });
  }
}

/** A nested execution without input starts with an empty object. */
function withDefaults({ resource, arguments: given }: ServiceCall): unknown {
  const isStart = resource.kind === 'optimized' && resource.action === 'startExecution';
  if (!isStart || typeof given !== 'object' || given === null) return given ?? {};
  const { Input, ...rest } = given as Record<string, unknown>;
  return { ...rest, Input: typeof Input === 'string' ? Input : JSON.stringify(Input ?? {}) };
}

function resultOf({ resource }: ServiceCall, output: unknown): unknown {
  if (resource.kind === 'sdk') return output;
  const result = output as Record<string, unknown>;
  if (resource.type === 'lambda') return functionResult(result);
  if (resource.type === 'events' && result.FailedEntryCount !== 0)
    throw new StatesError('EventBridge.FailedEntry', JSON.stringify(sorted(result)));
  return sorted(resource.service.optimized?.hasMetadata ? { ...result, ...metadata(JSON.stringify(result)) } : result);
}

function functionResult({ FunctionError, Payload, ExecutedVersion, StatusCode, LogResult }: Record<string, unknown>) {
  const payload = typeof Payload === 'string' ? Payload : '';
  if (FunctionError) throw functionError(payload);
  const version = String(ExecutedVersion ?? '$LATEST');
  return sorted({
    ExecutedVersion: version,
    Payload: payload === '' ? null : JSON.parse(payload),
    ...(LogResult !== undefined && { LogResult }),
    ...metadata(payload, { 'X-Amz-Executed-Version': version }),
    StatusCode,
  });
}

const sorted = (result: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(result).sort(([a], [b]) => (a < b ? -1 : 1)));

/** What the older SDK says of the HTTP answer. */
function metadata(body: string, more: Record<string, string> = {}): Record<string, unknown> {
  const RequestId = randomUUID();
  const headers = {
    ...more,
    Connection: 'keep-alive',
    'Content-Length': String(Buffer.byteLength(body)),
    'Content-Type': 'application/json',
    'x-amzn-RequestId': RequestId,
  };
  const all = Object.entries(headers).map(([name, value]) => [name, [value]]);
  return {
    SdkHttpMetadata: { AllHttpHeaders: Object.fromEntries(all), HttpHeaders: headers, HttpStatusCode: 200 },
    SdkResponseMetadata: { RequestId },
  };
}
