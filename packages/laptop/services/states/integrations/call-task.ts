import type { Clock } from '../../../clock.ts';
import type { Cloud, Principal } from '../../../cloud.ts';
import type { ServiceModel } from '../../../wire/service-model.ts';
import { heartbeatTimedOut, StatesError, timedOut } from '../interpreter/errors.ts';
import type { TaskCall } from '../interpreter/run-machine.ts';
import { refuseLarge } from '../interpreter/state-step.ts';
import { data } from '../interpreter/trail.ts';
import { callFunction } from './call-function.ts';
import { callService } from './call-service.ts';
import { parseResource, type TaskResource } from './resource.ts';

export interface TaskHost {
  readonly cloud: Cloud;
  readonly region: string;
  /** The machine's role, or the one that the state's Credentials name. */
  principalFor(roleArn: string | undefined): Promise<Principal>;
  model(service: string): Promise<ServiceModel>;
  /** Waits until somebody answers the token. */
  waitForToken(token: string, signal: AbortSignal, heartbeat: () => void): Promise<unknown>;
  /** Waits for the end of a nested execution and describes it; `sync:2` has input and output parsed. */
  awaitExecution(arn: string, pattern: 'sync' | 'sync:2', principal: Principal, signal: AbortSignal): Promise<unknown>;
}

type Integration = Exclude<TaskResource, { kind: 'function' }>;

/** Carries a Task out as the state machine's role. Its events are those of AWS's history. */
export async function callTask(host: TaskHost, task: TaskCall): Promise<unknown> {
  const resource = parseResource(task.resource);
  if (!resource) throw new StatesError('States.Runtime', `${task.resource} is not supported on the laptop.`);
  const principal = await host.principalFor(task.credentials?.RoleArn);
  if (resource.kind === 'function') return callFunction(host, task, { arn: resource.arn, principal });
  return callIntegration(host, task, resource, principal);
}

async function callIntegration(host: TaskHost, task: TaskCall, resource: Integration, principal: Principal) {
  const names = {
    resourceType: resource.type,
    resource: resource.action + (resource.pattern === 'request' ? '' : `.${resource.pattern}`),
  };
  const { trail } = task;
  trail.emit('TaskScheduled', {
    taskScheduledEventDetails: {
      ...names,
      region: host.region,
      parameters: JSON.stringify(task.arguments),
      ...(task.timeoutSeconds !== undefined && { timeoutInSeconds: task.timeoutSeconds }),
      ...(task.heartbeatSeconds !== undefined && { heartbeatInSeconds: task.heartbeatSeconds }),
      ...(task.credentials?.RoleArn !== undefined && { taskCredentials: { roleArn: task.credentials.RoleArn } }),
    },
  });
  trail.emit('TaskStarted', { taskStartedEventDetails: names });
  const submitted = (output: unknown) =>
    trail.emit('TaskSubmitted', { taskSubmittedEventDetails: { ...names, ...data('output', output) } });
  try {
    const result = await withinTime(host.cloud.clock, task, (signal, heartbeat) =>
      carryOut(host, { task, resource, principal, signal, heartbeat, submitted }),
    );
    refuseLarge(result, resource.type);
    trail.emit('TaskSucceeded', { taskSucceededEventDetails: { ...names, ...data('output', result) } });
    return result;
  } catch (error) {
    if (!(error instanceof StatesError)) throw error;
    const type = error.error === 'States.Timeout' ? 'TimedOut' : 'Failed';
    const details = { ...names, ...failureDetails(error) };
    trail.emit(`Task${type}`, { [`task${type}EventDetails`]: details });
    throw error;
  }
}

/** Error and cause, each where there is one. */
export function failureDetails({ error, causeText }: StatesError): Record<string, string> {
  return { ...(error !== undefined && { error }), ...(causeText !== undefined && { cause: causeText }) };
}

async function carryOut(
  host: TaskHost,
  work: {
    task: TaskCall;
    resource: Integration;
    principal: Principal;
    signal: AbortSignal;
    heartbeat: () => void;
    submitted: (output: unknown) => void;
  },
): Promise<unknown> {
  const { task, resource, principal, signal, heartbeat, submitted } = work;
  const call = () => callService(host, { resource, arguments: task.arguments, principal, signal });
  switch (resource.pattern) {
    case 'request':
      return call();
    case 'waitForTaskToken': {
      const answer = host.waitForToken(task.token, signal, heartbeat);
      // A token whose Task failed is nobody's.
      answer.catch(() => undefined);
      submitted(await call());
      return answer;
    }
    default: {
      const started = (await call()) as { ExecutionArn: string };
      submitted(started);
      return host.awaitExecution(started.ExecutionArn, resource.pattern, principal, signal);
    }
  }
}

/** Runs until it ends, its time is up, no heartbeat comes, or it is no longer wanted. */
export async function withinTime<Result>(
  clock: Clock,
  { timeoutSeconds, heartbeatSeconds, signal }: Pick<TaskCall, 'timeoutSeconds' | 'heartbeatSeconds' | 'signal'>,
  run: (signal: AbortSignal, heartbeat: () => void) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let heartbeatTimer: { cancel(): void } | undefined;
  const heartbeat = () => {
    heartbeatTimer?.cancel();
    if (heartbeatSeconds === undefined) return;
    heartbeatTimer = clock.after(heartbeatSeconds * 1000, () => stop.abort(heartbeatTimedOut()));
  };
  const timer =
    timeoutSeconds === undefined ? undefined : clock.after(timeoutSeconds * 1000, () => stop.abort(timedOut()));
  const ended = new Promise<never>((_, reject) => {
    both.addEventListener('abort', () => reject(both.reason), { once: true });
  });
  try {
    both.throwIfAborted();
    const work = run(both, heartbeat);
    // The work may end later, unwanted; its rejection has been told already.
    work.catch(() => undefined);
    return await Promise.race([work, ended]);
  } finally {
    timer?.cancel();
    heartbeatTimer?.cancel();
    ended.catch(() => undefined);
  }
}
