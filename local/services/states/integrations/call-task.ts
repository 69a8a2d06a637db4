import type { Cloud } from '../../../cloud.ts';
import { AwsError, type Principal } from '../../../service.ts';
import { StatesError } from '../interpreter/errors.ts';
import type { TaskCall } from '../interpreter/run-machine.ts';
import { aliasOfService, type SdkService, sdkServices } from './sdk-services.ts';

export interface TaskHost {
  readonly cloud: Cloud;
  readonly principal: Principal;
  readonly region: string;
  /** Starts an execution and, for `.sync`, waits for its end. */
  startExecution(
    input: Record<string, unknown>,
    mode: 'request' | 'sync' | 'sync:2',
    signal: AbortSignal,
    principal: Principal,
  ): Promise<unknown>;
  /** Waits until somebody answers the token. */
  waitForToken(token: string, signal: AbortSignal, heartbeatSeconds: number | undefined): Promise<unknown>;
  emit(task: TaskCall, type: string, details: Record<string, unknown>): void;
}

/** A Task's resource, taken apart. */
export interface TaskResource {
  /** `lambda`, `states`, `dynamodb`, `aws-sdk:secretsmanager` … */
  readonly type: string;
  readonly action: string;
  readonly pattern: 'request' | 'sync' | 'sync:2' | 'waitForTaskToken';
}

/** @throws StatesError for a resource that the laptop does not know */
export function parseResource(resource: string): TaskResource {
  const optimized = resource.match(
    /^arn:[^:]+:states:[^:]*:[^:]*:((?:aws-sdk:)?[a-zA-Z0-9-]+):([a-zA-Z0-9]+)(?:\.(sync:2|sync|waitForTaskToken))?$/,
  );
  if (optimized)
    return {
      type: String(optimized[1]),
      action: String(optimized[2]),
      pattern: (optimized[3] ?? 'request') as TaskResource['pattern'],
    };
  if (/^arn:[^:]+:lambda:/.test(resource)) return { type: 'lambda-function', action: resource, pattern: 'request' };
  throw new StatesError('States.Runtime', `The resource ${resource} is not supported on the laptop.`);
}

/** Carries a Task out as the state machine's role. Its events are those of AWS's history. */
export async function callTask(host: TaskHost, task: TaskCall): Promise<unknown> {
  const resource = parseResource(task.resource);
  const names = {
    resourceType: resource.type,
    resource: resource.action + (resource.pattern === 'request' ? '' : `.${resource.pattern}`),
  };
  host.emit(task, 'TaskScheduled', {
    taskScheduledEventDetails: {
      ...names,
      region: host.region,
      parameters: JSON.stringify(task.arguments),
      ...(task.timeoutSeconds !== undefined && { timeoutInSeconds: task.timeoutSeconds }),
    },
  });
  host.emit(task, 'TaskStarted', { taskStartedEventDetails: names });
  try {
    const result = await carryOut(host, task, resource);
    host.emit(task, 'TaskSucceeded', { taskSucceededEventDetails: { ...names, output: JSON.stringify(result) } });
    return result;
  } catch (error) {
    if (!(error instanceof StatesError)) throw error;
    const type = error.error === 'States.Timeout' ? 'TaskTimedOut' : 'TaskFailed';
    host.emit(task, type, {
      [`${type === 'TaskFailed' ? 'taskFailed' : 'taskTimedOut'}EventDetails`]: {
        ...names,
        error: error.error,
        cause: error.causeText,
      },
    });
    throw error;
  }
}

async function carryOut(host: TaskHost, task: TaskCall, resource: TaskResource): Promise<unknown> {
  if (resource.type === 'lambda-function')
    return (await invokeFunction(host, task, { FunctionName: resource.action, Payload: task.arguments })).Payload;
  if (resource.type === 'states' && resource.action === 'startExecution' && resource.pattern !== 'waitForTaskToken') {
    return host.startExecution(
      task.arguments as Record<string, unknown>,
      resource.pattern,
      task.signal,
      host.principal,
    );
  }
  if (resource.pattern === 'waitForTaskToken') {
    const { Token } = task.context.Task as { Token: string };
    const answer = host.waitForToken(Token, task.signal, task.heartbeatSeconds);
    // A token whose Task failed is nobody's.
    answer.catch(() => undefined);
    await request(host, task, resource);
    return answer;
  }
  if (resource.pattern !== 'request')
    throw new StatesError('States.Runtime', `${task.resource}: .${resource.pattern} is not supported on the laptop.`);
  return request(host, task, resource);
}

async function request(host: TaskHost, task: TaskCall, resource: TaskResource): Promise<unknown> {
  if (resource.type === 'lambda' && resource.action === 'invoke')
    return invokeFunction(host, task, task.arguments as Record<string, unknown>);
  const isSdk = resource.type.startsWith('aws-sdk:');
  const alias = aliasOfService(isSdk ? resource.type.slice('aws-sdk:'.length) : resource.type);
  const service = sdkServices[alias];
  if (!service) throw new StatesError('States.Runtime', `The service ${resource.type} is not supported on the laptop.`);
  const output = await call(
    host,
    task,
    service,
    capitalize(resource.action),
    stringifyJsonFields(alias, task.arguments),
    isSdk,
  );
  return isSdk ? javaCasing(output) : plain(output);
}

async function invokeFunction(
  host: TaskHost,
  task: TaskCall,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { Payload, ...rest } = input;
  const service = sdkServices.lambda as SdkService;
  const bytes = new TextEncoder().encode(Payload === undefined ? '{}' : JSON.stringify(Payload));
  const output = await call(host, task, service, 'Invoke', { ...rest, Payload: bytes }, false);
  const text = output.Payload ? Buffer.from(output.Payload as Uint8Array).toString('utf8') : '';
  if (output.FunctionError) {
    const parsed = text ? JSON.parse(text) : {};
    throw new StatesError(parsed.errorType ?? 'Lambda.Unknown', text);
  }
  return {
    ExecutedVersion: output.ExecutedVersion ?? '$LATEST',
    Payload: text === '' ? null : JSON.parse(text),
    StatusCode: output.StatusCode,
  };
}

async function call(
  host: TaskHost,
  task: TaskCall,
  service: SdkService,
  operation: string,
  input: unknown,
  isSdk: boolean,
): Promise<Record<string, unknown>> {
  try {
    const output = await host.cloud.call<Record<string, unknown> | undefined>({
      service: service.name,
      operation,
      input,
      principal: host.principal,
      region: host.region,
      signal: task.signal,
    });
    return output ?? {};
  } catch (error) {
    throw taskError(error, service, isSdk);
  }
}

/** `SecretsManager.ResourceNotFoundException`: the prefix of the service, and the class of AWS's Java SDK. */
export function taskError(error: unknown, service: SdkService, isSdk: boolean): unknown {
  if (!(error instanceof AwsError)) {
    // An answer that never came: what a client sees of it.
    if (error instanceof Error && error.name === 'NoAnswer')
      return new StatesError(
        `${isSdk ? service.java : service.optimized}.SdkClientException`,
        'Unable to execute HTTP request',
      );
    return error;
  }
  const code = error.code.endsWith('Exception') ? error.code : `${error.code}Exception`;
  const prefix = isSdk ? service.java : service.optimized;
  return new StatesError(
    `${prefix}.${code}`,
    `${error.message} (Service: ${service.java}, Status Code: ${error.httpStatus}, Request ID: local)`,
  );
}

/** EventBridge's Detail and SQS's MessageBody may be given as objects. */
function stringifyJsonFields(alias: string, input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input;
  const copy = structuredClone(input) as Record<string, any>;
  if (alias === 'events')
    for (const entry of copy.Entries ?? [])
      if (typeof entry.Detail === 'object') entry.Detail = JSON.stringify(entry.Detail);
  if (alias === 'sqs' && typeof copy.MessageBody === 'object') copy.MessageBody = JSON.stringify(copy.MessageBody);
  if (alias === 'sns' && typeof copy.Message === 'object') copy.Message = JSON.stringify(copy.Message);
  return copy;
}

/** Results have the casing of AWS's Java SDK members: `ARN` is `Arn`. */
function javaCasing(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(javaCasing);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(entries.map(([key, entry]) => [javaMember(key), javaCasing(entry)]));
}

/** Members begin with a capital and abbreviations are words; keys of maps, such as version ids, are left alone. */
function javaMember(key: string): string {
  if (!/^[A-Za-z][A-Za-z]*$/.test(key)) return key;
  return capitalize(
    key.replace(/[A-Z]{2,}(?=[A-Z][a-z]|s?$|[^A-Za-z])/g, (word) => word[0] + word.slice(1).toLowerCase()),
  );
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, entry) => (entry instanceof Uint8Array ? Buffer.from(entry).toString('utf8') : entry)),
  );
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
