import type { Principal } from '../../../cloud.ts';
import { StatesError } from '../interpreter/errors.ts';
import type { TaskCall } from '../interpreter/frame.ts';
import { services } from '../interpreter/integrated-services.ts';
import { refuseLarge } from '../interpreter/payload-limit.ts';
import { data } from '../interpreter/trail.ts';
import { failureDetails, functionError, taskError } from './task-errors.ts';
import type { TaskHost } from './task-host.ts';
import { withinTime } from './within-time.ts';

/** A Task whose resource is a function: its payload is the result, and it has events of its own. */
export async function callFunction(
  host: TaskHost,
  task: TaskCall,
  { arn, principal }: { arn: string; principal: Principal },
): Promise<unknown> {
  const { trail, timeoutSeconds } = task;
  trail.emit('LambdaFunctionScheduled', {
    lambdaFunctionScheduledEventDetails: {
      ...data('input', task.arguments),
      resource: arn,
      ...(timeoutSeconds !== undefined && { timeoutInSeconds: timeoutSeconds }),
    },
  });
  trail.emit('LambdaFunctionStarted');
  try {
    const result = await withinTime(host.cloud.clock, task, (signal) =>
      invoke(host, { arn, principal, payload: task.arguments, signal }),
    );
    refuseLarge(result, arn);
    trail.emit('LambdaFunctionSucceeded', { lambdaFunctionSucceededEventDetails: data('output', result) });
    return result;
  } catch (error) {
    if (!(error instanceof StatesError)) throw error;
    const type = error.error === 'States.Timeout' ? 'TimedOut' : 'Failed';
    trail.emit(`LambdaFunction${type}`, { [`lambdaFunction${type}EventDetails`]: failureDetails(error) });
    throw error;
  }
}

async function invoke(
  host: TaskHost,
  call: { arn: string; principal: Principal; payload: unknown; signal: AbortSignal },
): Promise<unknown> {
  const resource = {
    kind: 'optimized',
    service: services.lambda,
    type: 'lambda',
    action: 'invoke',
    pattern: 'request',
  } as const;
  try {
    const output = await host.cloud.call({
      service: 'lambda',
      operation: 'Invoke',
      input: { FunctionName: call.arn, Payload: new TextEncoder().encode(JSON.stringify(call.payload)) },
      principal: call.principal,
      region: host.region,
      signal: call.signal,
    });
    const text = output.Payload ? Buffer.from(output.Payload).toString('utf8') : '';
    if (output.FunctionError) throw functionError(text);
    return text === '' ? null : JSON.parse(text);
  } catch (error) {
    if (call.signal.aborted) throw error;
    throw taskError(error, resource, { model: await host.model('lambda'), log: host.cloud.log });
  }
}
