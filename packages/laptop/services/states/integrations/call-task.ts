import type { Principal } from '../../../cloud.ts';
import { StatesError } from '../interpreter/errors.ts';
import type { TaskCall } from '../interpreter/frame.ts';
import { refuseLarge } from '../interpreter/payload-limit.ts';
import { parseResource, type TaskResource } from '../interpreter/task-resource.ts';
import { data } from '../interpreter/trail.ts';
import { callFunction } from './call-function.ts';
import { callService } from './call-service.ts';
import { failureDetails } from './task-errors.ts';
import type { TaskHost } from './task-host.ts';
import { withinTime } from './within-time.ts';

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
      // A token whose Task failed is void.
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
