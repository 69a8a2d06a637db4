import { decide } from '../pipeline/workflow/decide.ts';
import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import { executionName, startExecution, waitForEnd } from './execution/run-execution.ts';
import type { ExitCode } from './terminal/exit-codes.ts';

/** Puts the version before back under AWSCURRENT, brings it to the consumers and checks it. Waits for the end. */
export async function rollBack(context: Context, name: string, options: { yes?: boolean }): Promise<ExitCode> {
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const { settings, secret } = await pipeline.secret(name);
  const request = {
    startedBy: 'command-line',
    operation: 'roll-back',
    retireNow: false,
    emergency: false,
    force: false,
  } as const;
  const execution = executionName();
  const decision = decide({ ...request, secretId: secret.arn }, secret, settings, execution);
  await context.terminal.confirm(
    `Roll ${secret.name} back from version ${decision.versionId} to ${decision.previousVersionId}? The version of now is labelled as failed and never comes back.`,
    options.yes,
  );
  const startedAt = context.now();
  const executionArn = await startExecution(pipeline, {
    stateMachineArn: pipeline.description.rotateSecretArn,
    name: execution,
    input: { secretId: secret.arn, startedBy: request.startedBy, operation: request.operation },
  });
  const running = { executionArn, startedAt, secretArn: secret.arn };
  return waitForEnd(
    context,
    pipeline,
    running,
    () => `${secret.name} is rolled back to version ${decision.previousVersionId}.`,
  );
}
