import { randomUUID } from 'node:crypto';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { oneLine } from '../../pipeline/contracts/grammar/shown-text.ts';
import type { Context } from '../aws/context.ts';
import type { DeployedPipeline } from '../aws/deployed-pipeline.ts';
import { type ExitCode, exitCodes } from '../terminal/exit-codes.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { printJson } from '../terminal/table.ts';
import type { Outcome } from './progress.ts';
import { watchExecution } from './watch-execution.ts';

/** Unique, and chosen here, so that a StartExecution whose answer was lost can be sent again. */
export function executionName(): string {
  return `command-line-${randomUUID()}`;
}

export async function startExecution(
  pipeline: DeployedPipeline,
  execution: { stateMachineArn: string; name: string; input: object },
): Promise<string> {
  const stepFunctions = await pipeline.clients.stepFunctions();
  const { stateMachineArn, name, input } = execution;
  const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
  const { executionArn } = await stepFunctions.send(command);
  return executionArn as string;
}

export interface RunningExecution {
  readonly executionArn: string;
  readonly startedAt: Date;
  readonly secretArn?: string;
  readonly versionId?: string;
}

/** Prints what an execution does until it ends. Interrupted, the execution goes on. */
export function followToEnd(
  context: Context,
  pipeline: DeployedPipeline,
  execution: RunningExecution,
): Promise<Outcome | 'interrupted'> {
  const watcher = { pipeline, terminal: context.terminal, sleep: context.sleep };
  return interruptible((signal) => watchExecution({ ...watcher, signal }, execution));
}

/** Prints how an execution ended. `more` stands beside it in the JSON document. */
export function conclude(
  { terminal, json }: Context,
  { executionArn }: Pick<RunningExecution, 'executionArn'>,
  outcome: Outcome | 'interrupted',
  describeSuccess: (output: unknown) => string,
  more: object = {},
): ExitCode {
  if (outcome === 'interrupted') {
    terminal.note(`Not waited for any longer; the execution goes on: ${executionArn}`);
    return exitCodes.interrupted;
  }
  if (json) printJson(terminal, { executionArn, ...outcome, ...more });
  if (outcome.status === 'SUCCEEDED') {
    if (!json) terminal.print(`${terminal.paint('green', 'ok')}  ${oneLine(describeSuccess(outcome.output))}`);
    return exitCodes.ok;
  }
  terminal.note(`${terminal.paint('red', 'keyturn:')} ${oneLine(`${outcome.error}: ${outcome.cause}`)}`);
  return codeOfFailure(outcome);
}

export async function waitForEnd(
  context: Context,
  pipeline: DeployedPipeline,
  execution: RunningExecution,
  describeSuccess: (output: unknown) => string,
): Promise<ExitCode> {
  return conclude(context, execution, await followToEnd(context, pipeline, execution), describeSuccess);
}

/** A refusal is not a failure: the same request may go through later. */
const refusals = new Set(['RotationInGrace', 'RotationInProgress', 'RetirementBlocked']);

function codeOfFailure(outcome: Exclude<Outcome, { status: 'SUCCEEDED' }>): ExitCode {
  return refusals.has(outcome.error) ? exitCodes.notNow : exitCodes.failed;
}
