import * as v from 'valibot';
import type { SecretSettings } from '../pipeline/contracts/settings/secret.ts';
import { decide, workflowToken } from '../pipeline/workflow/decide.ts';
import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import {
  conclude,
  executionName,
  followToEnd,
  type RunningExecution,
  startExecution,
  waitForEnd,
} from './execution/run-execution.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
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
  const question = whatItHurts(secret.name, settings, options);
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
    const done = () => `${secret.name} is rotated: version ${versionId}.`;
    if (!emergency) return waitForEnd(context, pipeline, running, done);
    return waitForRevocation(context, pipeline, running, done);
  }
  if (context.json) printJson(context.terminal, { executionArn });
  else context.terminal.print(`Started ${executionArn}. keyturn history ${secret.name} shows how it goes.`);
  return exitCodes.ok;
}

const Revoked = v.object({ outcome: v.literal('retired'), blockers: v.array(v.string()) });

/** An emergency is over when the previous credential is revoked; whom that hurt is what one wants to know next. */
async function waitForRevocation(
  context: Context,
  pipeline: DeployedPipeline,
  rotation: RunningExecution & { versionId: string },
  done: () => string,
): Promise<ExitCode> {
  const outcome = await followToEnd(context, pipeline, rotation);
  if (outcome === 'interrupted' || outcome.status !== 'SUCCEEDED') return conclude(context, rotation, outcome, done);
  const executionArn = `${pipeline.description.retireCredentialArn.replace(':stateMachine:', ':execution:')}:retire-${rotation.versionId}`;
  const revocation = await followToEnd(context, pipeline, { executionArn, startedAt: rotation.startedAt });
  const describe = (output: unknown) => {
    if (!v.is(Revoked, output)) return done();
    const hurt = output.blockers.length > 0 ? output.blockers.join(', ') : 'no consumer';
    return `${done()} The previous credential is revoked; it was still used by ${hurt}.`;
  };
  return conclude(context, { executionArn }, revocation, describe, { rotation: { ...rotation, ...outcome } });
}

/** A rotation by itself is safe at any time. These are not. */
function whatItHurts(
  secretName: string,
  { consumers }: SecretSettings,
  { emergency, force }: RotateOptions,
): string | undefined {
  if (emergency) {
    const names = consumers.map(({ name }) => name).join(', ') || 'none is declared';
    return `Rotate ${secretName} in an emergency? The previous credential is revoked at once: consumers that still use it fail (${names}).`;
  }
  if (force) {
    return `Rotate ${secretName} by force? A candidate under AWSPENDING is given up; if another rotation is at work on it, that one fails.`;
  }
  return undefined;
}
