import { AwsError, type Operation } from '../../cloud.ts';
import { check, longest, oneOf } from '../constraints.ts';
import { JsonFault, parseJson } from '../json-tokens.ts';
import type { Executions } from './executions.ts';
import type { Machines } from './machines.ts';
import { type Page, paginate, paginateNewestFirst, validateArn, validateName, validatePage } from './requests.ts';
import type { Execution, HistoryEvent, StateMachine } from './state.ts';

const MOST_INPUT_BYTES = 262_144;
const statuses = ['SUCCEEDED', 'TIMED_OUT', 'PENDING_REDRIVE', 'ABORTED', 'FAILED', 'RUNNING'];

interface StartInput {
  stateMachineArn: string;
  name?: string;
  input?: string;
}

/** StartExecution and what is asked of executions. https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html */
export function executionOperations(machines: Machines, executions: Executions): Record<string, Operation> {
  const require = (arn: string): Execution => {
    validateArn(arn, 'execution');
    const execution = executions.byArn.get(arn);
    if (execution) return execution;
    throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  };
  const on = (action: string, handle: (execution: Execution, input: any) => unknown): Operation => ({
    access: (input) => [{ action: `states:${action}`, resource: input.executionArn }],
    handle: (input) => handle(require(input.executionArn), input),
  });
  return {
    ...startOperations(machines, executions),
    DescribeExecution: on('DescribeExecution', describeExecution),
    StopExecution: {
      ...on('StopExecution', async (execution, input) => {
        executions.stop(execution, input.error, input.cause);
        await execution.ended;
        return { stopDate: execution.stoppedAt };
      }),
      validate: (input) => check(['error', input.error, longest(256)], ['cause', input.cause, longest(32_768)]),
    },
    RedriveExecution: on('RedriveExecution', (execution) => {
      throw new AwsError(
        'ExecutionNotRedrivable',
        `Execution is ${execution.status}; the laptop does not redrive executions: start a new one.`,
      );
    }),
    GetExecutionHistory: {
      ...on('GetExecutionHistory', getExecutionHistory),
      validate: (input) => validatePage(input),
    },
    ListExecutions: {
      validate: (input) => {
        validatePage(input, 3096);
        check(['statusFilter', input.statusFilter, oneOf(...statuses)]);
      },
      access: (input) => [{ action: 'states:ListExecutions', resource: input.stateMachineArn ?? input.mapRunArn }],
      handle: (input) => listExecutions(machines, executions, input),
    },
  };
}

function startOperations(machines: Machines, executions: Executions): Record<string, Operation> {
  const access = (action: string) => (input: StartInput) => [
    { action: `states:${action}`, resource: input.stateMachineArn },
  ];
  const expectStart = (input: StartInput): StateMachine => {
    if (input.name !== undefined) validateName(input.name);
    const machine = machines.require(input.stateMachineArn);
    expectInput(input.input);
    return machine;
  };
  return {
    StartExecution: {
      access: access('StartExecution'),
      handle: (input: StartInput) => {
        const execution = executions.start(expectStart(input), input);
        return { executionArn: execution.arn, startDate: execution.startedAt };
      },
    },
    StartSyncExecution: {
      access: access('StartSyncExecution'),
      handle: async (input: StartInput) => {
        const machine = expectStart(input);
        if (machine.type !== 'EXPRESS') throw wrongType();
        const execution = executions.start(machine, input);
        await execution.ended;
        const { redriveCount, redriveStatus, redriveStatusReason, mapRunArn, ...described } =
          describeExecution(execution);
        const milliseconds = (execution.stoppedAt as Date).getTime() - execution.startedAt.getTime();
        return {
          ...described,
          billingDetails: {
            billedDurationInMilliseconds: Math.max(100, Math.ceil(milliseconds / 100) * 100),
            billedMemoryUsedInMB: 64,
          },
        };
      },
    },
  };
}

const wrongType = () =>
  new AwsError('StateMachineTypeNotSupported', 'This operation is not supported by this type of state machine');

function expectInput(input: string | undefined): void {
  if (input === undefined) return;
  const invalid = (reason: string, cause?: unknown) =>
    new AwsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${reason}'`, { cause });
  if (input === '') throw invalid('Invalid execution input.');
  if (Buffer.byteLength(input) > MOST_INPUT_BYTES) throw invalid(`Input exceeds ${MOST_INPUT_BYTES} bytes`);
  try {
    parseJson(input);
  } catch (error) {
    if (error instanceof JsonFault) throw invalid(error.reason, error);
    throw error;
  }
}

function describeExecution(execution: Execution): Record<string, unknown> {
  const { status } = execution;
  const isOver = status === 'FAILED' || status === 'TIMED_OUT' || status === 'ABORTED';
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machine.arn,
    name: execution.name,
    status,
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
    redriveStatus: isOver ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
    ...(!isOver && { redriveStatusReason: `Execution is ${status} and cannot be redriven` }),
  };
}

function getExecutionHistory(
  execution: Execution,
  input: Page & { reverseOrder?: boolean; includeExecutionData?: boolean },
): Record<string, unknown> {
  const pageOf = input.reverseOrder ? paginateNewestFirst : paginate;
  const { page, nextToken } = pageOf(execution.history, input);
  return { events: input.includeExecutionData === false ? page.map(withoutData) : page, nextToken };
}

const dataMembers = ['input', 'output', 'parameters', 'inputDetails', 'outputDetails', 'assignedVariables'];

function withoutData(event: HistoryEvent): HistoryEvent {
  const details = Object.entries(event).map(([key, value]) => {
    if (!key.endsWith('EventDetails') || typeof value !== 'object' || value === null) return [key, value];
    return [key, Object.fromEntries(Object.entries(value).filter(([member]) => !dataMembers.includes(member)))];
  });
  return Object.fromEntries(details) as HistoryEvent;
}

/** Newest first. */
function listExecutions(
  machines: Machines,
  executions: Executions,
  input: Page & { stateMachineArn?: string; mapRunArn?: string; statusFilter?: string; redriveFilter?: string },
): Record<string, unknown> {
  const { stateMachineArn, mapRunArn, statusFilter, redriveFilter } = input;
  if ((stateMachineArn === undefined) === (mapRunArn === undefined))
    throw new AwsError('ValidationException', 'Exactly one of stateMachineArn and mapRunArn must be specified');
  if (mapRunArn !== undefined) executions.mapRuns.require(mapRunArn);
  const machine = stateMachineArn === undefined ? undefined : machines.require(stateMachineArn);
  if (machine?.type === 'EXPRESS') throw wrongType();
  const found = [...executions.byArn.values()]
    .filter((execution) => (machine ? execution.machine.arn === machine.arn : execution.mapRunArn === mapRunArn))
    .filter((execution) => statusFilter === undefined || execution.status === statusFilter)
    .filter(() => redriveFilter !== 'REDRIVEN');
  const { page, nextToken } = paginateNewestFirst(found, input);
  return {
    executions: page.map((execution) => ({
      executionArn: execution.arn,
      stateMachineArn: execution.machine.arn,
      name: execution.name,
      status: execution.status,
      startDate: execution.startedAt,
      stopDate: execution.stoppedAt,
      mapRunArn: execution.mapRunArn,
      redriveCount: 0,
    })),
    nextToken,
  };
}
