import { decide, workflowToken } from '../pipeline/workflow/plan.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import type { Context } from './context.ts';
import { executionName, startExecution, waitForEnd } from './execution/run-execution.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { printJson } from './terminal/table.ts';

export interface RotateOptions {
  readonly wait?: boolean;
  readonly retireNow?: boolean;
  readonly emergency?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
}

/** Starts one rotation. What the workflow would refuse is refused here, before anything is started. */
export async function rotate(context: Context, name: string, options: RotateOptions): Promise<ExitCode> {
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const { settings, secret } = await pipeline.secret(name);
  const { retireNow = false, emergency = false, force = false } = options;
  const request = { startedBy: 'command-line', operation: 'rotate', retireNow, emergency, force } as const;
  const execution = executionName();
  decide({ ...request, secretId: secret.arn }, secret, settings, execution);
  const question = whatItHurts(secret.name, options);
  if (question) await context.terminal.confirm(question, options.yes);

  const startedAt = context.now();
  const executionArn = await startExecution(pipeline, {
    stateMachineArn: pipeline.description.rotateSecretArn,
    name: execution,
    input: { ...request, secretId: secret.arn },
  });
  if (options.wait) {
    const versionId = workflowToken(execution, emergency);
    const running = { executionArn, startedAt, secretArn: secret.arn, versionId };
    return waitForEnd(context, pipeline, running, () => `${secret.name} is rotated: version ${versionId}.`);
  }
  if (context.json) printJson(context.terminal, { executionArn });
  else context.terminal.print(`Started ${executionArn}. keyturn history ${secret.name} tells how it goes.`);
  return exitCodes.ok;
}

/** A rotation by itself is safe at any time. These are not. */
function whatItHurts(secretName: string, { emergency, force }: RotateOptions): string | undefined {
  if (emergency) {
    return `Rotate ${secretName} in an emergency? The previous credential is revoked at once: whoever still uses it fails.`;
  }
  if (force) {
    return `Rotate ${secretName} by force? A candidate under AWSPENDING is given up; if another rotation is at work on it, that one fails.`;
  }
  return undefined;
}
