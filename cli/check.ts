import * as v from 'valibot';
import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import { executionName, startExecution, waitForEnd } from './execution/run-execution.ts';
import { UsageError } from './terminal/errors.ts';
import type { ExitCode } from './terminal/exit-codes.ts';

const Output = v.object({ checks: v.array(v.object({ name: v.string() })) });

/** Runs the checks of a secret on what is current, changes nothing, and waits for the end. */
export async function check(context: Context, name: string): Promise<ExitCode> {
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const { settings, secret } = await pipeline.secret(name);
  if (settings.checks.length === 0) {
    throw new UsageError(`${secret.name} has no checks. Add some to the manifest: "checks", see docs/manifest.md.`);
  }
  const startedAt = context.now();
  const executionArn = await startExecution(pipeline, {
    stateMachineArn: pipeline.description.rotateSecretArn,
    name: executionName(),
    input: { secretId: secret.arn, startedBy: 'command-line', operation: 'check' },
  });
  const running = { executionArn, startedAt, secretArn: secret.arn };
  return waitForEnd(context, pipeline, running, (output) => {
    const names = v.is(Output, output) ? output.checks.map((passed) => passed.name) : [];
    return `${secret.name}: ${names.length} of ${settings.checks.length} checks passed: ${names.join(', ')}.`;
  });
}
