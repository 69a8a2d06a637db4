import type { Cloud, Principal } from '../../cloud.ts';
import { StatesError } from './interpreter/errors.ts';
import type { Execution } from './state.ts';

interface Awaited {
  readonly execution: Execution;
  readonly pattern: 'sync' | 'sync:2';
  readonly principal: Principal;
  readonly signal: AbortSignal;
}

/**
 * Waits for a nested execution and describes it as the parent's role may; when the parent no longer wants it, it is
 * stopped. https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html @throws StatesError States.TaskFailed
 */
export async function awaitExecution(cloud: Cloud, awaited: Awaited): Promise<unknown> {
  const { execution, pattern, principal, signal } = awaited;
  const { arn } = execution;
  const region = String(arn.split(':')[3]);
  const call = (operation: string, input: Record<string, unknown>) =>
    cloud.call({ service: 'states', operation, input: { executionArn: arn, ...input }, principal, region });
  const stop = () => {
    call('StopExecution', { cause: 'The parent execution no longer waits for it.' }).catch((error) =>
      cloud.log(`states: ${arn} goes on without its parent: ${error instanceof Error ? error.message : error}`),
    );
  };
  signal.addEventListener('abort', stop, { once: true });
  await execution.ended;
  signal.removeEventListener('abort', stop);
  const described = describe(await call('DescribeExecution', {}), pattern);
  if (execution.status === 'SUCCEEDED') return described;
  throw new StatesError('States.TaskFailed', JSON.stringify(described));
}

function describe(output: Record<string, any>, pattern: 'sync' | 'sync:2'): Record<string, unknown> {
  const text = (value: string | undefined) =>
    value !== undefined && pattern === 'sync:2' ? (JSON.parse(value) as unknown) : value;
  const described = {
    Cause: output.cause,
    Error: output.error,
    ExecutionArn: output.executionArn,
    Input: text(output.input),
    InputDetails: { Included: true },
    Name: output.name,
    Output: text(output.output),
    OutputDetails: output.output === undefined ? undefined : { Included: true },
    StartDate: output.startDate.getTime(),
    StateMachineArn: output.stateMachineArn,
    Status: output.status,
    StopDate: output.stopDate?.getTime(),
  };
  return Object.fromEntries(Object.entries(described).filter(([, value]) => value !== undefined));
}
