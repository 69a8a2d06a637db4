import { randomUUID } from 'node:crypto';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { DeployedPipeline } from '../aws/deployed-pipeline.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { oneLine } from '../terminal/plain-text.ts';
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

/** Waits for the end and tells it. Interrupted, the execution goes on. */
export async function waitForEnd(
  context: Context,
  pipeline: DeployedPipeline,
  execution: RunningExecution,
  describeSuccess: (output: unknown) => string,
): Promise<ExitCode> {
  const { terminal } = context;
  const watcher = { pipeline, terminal, sleep: context.sleep };
  const outcome = await interruptible((signal) => watchExecution({ ...watcher, signal }, execution));
  if (outcome === 'interrupted') {
    terminal.note(`Not waited for any longer; the execution goes on: ${execution.executionArn}`);
    return exitCodes.interrupted;
  }
  if (context.json) printJson(terminal, { executionArn: execution.executionArn, ...outcome });
  if (outcome.status === 'SUCCEEDED') {
    if (!context.json) terminal.print(`${terminal.paint('green', 'ok')}  ${oneLine(describeSuccess(outcome.output))}`);
    return exitCodes.ok;
  }
  terminal.note(`${terminal.paint('red', 'keyturn:')} ${oneLine(`${outcome.error}: ${outcome.cause}`)}`);
  return codeOfFailure(outcome);
}

/** A refusal is told apart from a failure: it may go through later. */
const refusals = new Set(['RotationInGrace', 'RotationInProgress', 'RetirementBlocked']);

function codeOfFailure(outcome: Exclude<Outcome, { status: 'SUCCEEDED' }>): ExitCode {
  return refusals.has(outcome.error) ? exitCodes.notNow : exitCodes.failed;
}
