import { AwsError, type Operation } from '../../service.ts';
import type { Executions } from './executions.ts';
import type { Machines } from './machines.ts';
import { paginate, validateArn, validateName } from './requests.ts';
import type { Execution, HistoryEvent } from './state.ts';

/** StartExecution and what is asked of executions, and the answers to task tokens. */
export function executionOperations(machines: Machines, executions: Executions): Record<string, Operation> {
  const require = (arn: string): Execution => {
    validateArn(arn);
    const execution = executions.byArn.get(arn);
    if (execution) return execution;
    throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  };
  const on = (action: string, handle: (execution: Execution, input: any) => unknown): Operation => ({
    access: (input) => [{ action: `states:${action}`, resource: input.executionArn }],
    handle: (input) => handle(require(input.executionArn), input),
  });
  return {
    StartExecution: {
      access: (input) => [{ action: 'states:StartExecution', resource: input.stateMachineArn }],
      handle: (input: { stateMachineArn: string; name?: string; input?: string }) => {
        const machine = machines.require(input.stateMachineArn);
        if (input.name !== undefined) validateName(input.name);
        validateInput(input.input);
        const execution = executions.start(machine, input);
        return { executionArn: execution.arn, startDate: execution.startedAt };
      },
    },
    StartSyncExecution: {
      access: (input) => [{ action: 'states:StartSyncExecution', resource: input.stateMachineArn }],
      handle: async (input: { stateMachineArn: string; name?: string; input?: string }) => {
        const machine = machines.require(input.stateMachineArn);
        if (machine.type !== 'EXPRESS')
          throw new AwsError(
            'StateMachineTypeNotSupported',
            'This operation is not supported by this type of state machine',
          );
        validateInput(input.input);
        const execution = executions.start(machine, input);
        await execution.ended;
        return {
          ...describeExecution(execution),
          billingDetails: { billedDurationInMilliseconds: 100, billedMemoryUsedInMB: 64 },
        };
      },
    },
    DescribeExecution: on('DescribeExecution', describeExecution),
    StopExecution: on('StopExecution', async (execution, input) => {
      executions.stop(execution, input.error, input.cause);
      await execution.ended;
      return { stopDate: execution.stoppedAt };
    }),
    GetExecutionHistory: on('GetExecutionHistory', getExecutionHistory),
    ListExecutions: {
      access: (input) => [{ action: 'states:ListExecutions', resource: input.stateMachineArn ?? input.mapRunArn }],
      handle: (input) => listExecutions(machines, executions, input),
    },
    DescribeMapRun: {
      access: (input) => [{ action: 'states:DescribeMapRun', resource: input.mapRunArn }],
      handle: (input: { mapRunArn: string }) => describeMapRun(executions, input.mapRunArn),
    },
    ListMapRuns: {
      access: (input) => [{ action: 'states:ListMapRuns', resource: input.executionArn }],
      handle: (input: { executionArn: string; maxResults?: number; nextToken?: string }) => {
        const execution = require(input.executionArn);
        const { page, nextToken } = paginate(
          [...executions.mapRuns.values()].filter((run) => run.executionArn === execution.arn),
          input,
        );
        return {
          mapRuns: page.map((run) => ({
            executionArn: run.executionArn,
            mapRunArn: run.arn,
            stateMachineArn: execution.machine.arn,
            startDate: run.startedAt,
            stopDate: run.stoppedAt,
          })),
          nextToken,
        };
      },
    },
    ...tokenOperations(executions),
  };
}

function tokenOperations(executions: Executions): Record<string, Operation> {
  return {
    SendTaskSuccess: {
      access: () => [{ action: 'states:SendTaskSuccess', resource: '*' }],
      handle: (input: { taskToken: string; output: string }) => {
        executions.tokens.succeed(input.taskToken, input.output);
        return {};
      },
    },
    SendTaskFailure: {
      access: () => [{ action: 'states:SendTaskFailure', resource: '*' }],
      handle: (input: { taskToken: string; error?: string; cause?: string }) => {
        executions.tokens.fail(input.taskToken, input.error, input.cause);
        return {};
      },
    },
    SendTaskHeartbeat: {
      access: () => [{ action: 'states:SendTaskHeartbeat', resource: '*' }],
      handle: (input: { taskToken: string }) => {
        executions.tokens.heartbeat(input.taskToken);
        return {};
      },
    },
  };
}

function validateInput(input: string | undefined): void {
  if (input === undefined) return;
  if (Buffer.byteLength(input) > 262_144)
    throw new AwsError('InvalidExecutionInput', "Invalid State Machine Execution Input: 'Input exceeds 262144 bytes'");
  try {
    JSON.parse(input);
  } catch (error) {
    throw new AwsError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${error instanceof Error ? error.name : 'not JSON'}'`,
      { cause: error },
    );
  }
}

function describeExecution(execution: Execution): Record<string, unknown> {
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machine.arn,
    name: execution.name,
    status: execution.status,
    startDate: execution.startedAt,
    stopDate: execution.stoppedAt,
    input: execution.input,
    inputDetails: { included: true },
    output: execution.output,
    outputDetails: execution.output === undefined ? undefined : { included: true },
    mapRunArn: execution.mapRunArn,
    error: execution.error,
    cause: execution.cause,
    redriveCount: 0,
    redriveStatus: 'NOT_REDRIVABLE',
    redriveStatusReason: 'The laptop does not redrive executions.',
  };
}

function getExecutionHistory(
  execution: Execution,
  input: { maxResults?: number; reverseOrder?: boolean; nextToken?: string; includeExecutionData?: boolean },
): Record<string, unknown> {
  const events = input.reverseOrder ? [...execution.history].reverse() : execution.history;
  const { page, nextToken } = paginate(events, input);
  return { events: input.includeExecutionData === false ? page.map(withoutData) : page, nextToken };
}

function withoutData(event: HistoryEvent): HistoryEvent {
  const details = Object.entries(event).map(([key, value]) => {
    if (!key.endsWith('Details') || typeof value !== 'object' || value === null) return [key, value];
    const { input, output, parameters, ...rest } = value as Record<string, unknown>;
    return [key, rest];
  });
  return Object.fromEntries(details) as HistoryEvent;
}

function listExecutions(
  machines: Machines,
  executions: Executions,
  input: {
    stateMachineArn?: string;
    mapRunArn?: string;
    statusFilter?: string;
    maxResults?: number;
    nextToken?: string;
  },
): Record<string, unknown> {
  const machine = input.stateMachineArn === undefined ? undefined : machines.require(input.stateMachineArn);
  const found = [...executions.byArn.values()]
    .filter((execution) => (machine ? execution.machine.arn === machine.arn : execution.mapRunArn === input.mapRunArn))
    .filter((execution) => input.statusFilter === undefined || execution.status === input.statusFilter)
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
  const { page, nextToken } = paginate(found, input);
  return {
    executions: page.map((execution) => ({
      executionArn: execution.arn,
      stateMachineArn: execution.machine.arn,
      name: execution.name,
      status: execution.status,
      startDate: execution.startedAt,
      stopDate: execution.stoppedAt,
      mapRunArn: execution.mapRunArn,
    })),
    nextToken,
  };
}

function describeMapRun(executions: Executions, arn: string): Record<string, unknown> {
  const run = executions.mapRuns.get(arn);
  if (!run) throw new AwsError('ResourceNotFound', `Resource not found: '${arn}'`);
  const counts = {
    pending: 0,
    running: run.total - run.succeeded - run.failed,
    succeeded: run.succeeded,
    failed: run.failed,
    timedOut: 0,
    aborted: 0,
    total: run.total,
    resultsWritten: 0,
  };
  return {
    mapRunArn: run.arn,
    executionArn: run.executionArn,
    status: run.status,
    startDate: run.startedAt,
    stopDate: run.stoppedAt,
    maxConcurrency: 10_000,
    toleratedFailurePercentage: 0,
    toleratedFailureCount: 0,
    itemCounts: counts,
    executionCounts: counts,
  };
}
