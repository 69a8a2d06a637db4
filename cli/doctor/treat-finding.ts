import { type Repaired, type Repairer, repairDrift } from '../../pipeline/audit/repair-drift.ts';
import type { Finding } from '../../pipeline/contracts/audit.ts';
import { KeyturnError } from '../../pipeline/errors.ts';
import type { Context } from '../aws/context.ts';
import type { DeployedPipeline } from '../aws/deployed-pipeline.ts';
import { followToEnd } from '../execution/run-execution.ts';
import { describeError } from '../terminal/describe-error.ts';
import { NotConfirmed } from '../terminal/errors.ts';

/** How a finding ended. */
export type Treatment =
  | { readonly outcome: 'found' | 'declined' }
  | { readonly outcome: 'repaired'; readonly done: string; readonly executionArn?: string }
  | { readonly outcome: 'failed'; readonly reason: string; readonly executionArn?: string }
  | { readonly outcome: 'interrupted'; readonly executionArn?: string };

/** Makes the repair of one finding and waits until it has ended. A repair that fails does not keep the next from being made. */
export async function treatFinding(
  context: Context,
  pipeline: DeployedPipeline,
  finding: Finding,
  yes: boolean | undefined,
): Promise<Treatment> {
  if (!finding.repair) return { outcome: 'found' };
  try {
    if (!finding.isSafe) await context.terminal.confirm(`${finding.code}: ${finding.message} Repair it?`, yes);
    const settings = await pipeline.secretSettings(finding.secretName);
    const startedAt = context.now();
    const repaired = await repairDrift(await repairerOf(context, pipeline), finding, settings);
    return await awaitEnd(context, pipeline, { finding, repaired, startedAt });
  } catch (error) {
    if (error instanceof NotConfirmed) return { outcome: 'declined' };
    if (!(error instanceof KeyturnError) && !isOfAws(error)) throw error;
    return { outcome: 'failed', reason: describeError(error).message };
  }
}

/** What was started is a repair when it has ended well. */
async function awaitEnd(
  context: Context,
  pipeline: DeployedPipeline,
  { finding, repaired, startedAt }: { finding: Finding; repaired: Repaired; startedAt: Date },
): Promise<Treatment> {
  const { done, awaited, begun } = repaired;
  if (awaited) {
    const outcome = await followToEnd(context, pipeline, {
      executionArn: awaited,
      startedAt,
      secretArn: finding.secretArn,
    });
    if (outcome === 'interrupted') return { outcome: 'interrupted', executionArn: awaited };
    if (outcome.status !== 'SUCCEEDED') {
      return { outcome: 'failed', reason: `${outcome.error}: ${outcome.cause}`, executionArn: awaited };
    }
  }
  const executionArn = begun ?? awaited;
  return { outcome: 'repaired', done, ...(executionArn && { executionArn }) };
}

/** What AWS answered; anything else is a fault of ours, or of the connection. */
function isOfAws(error: unknown): boolean {
  return error instanceof Error && '$fault' in error;
}

async function repairerOf({ clients, now }: Context, pipeline: DeployedPipeline): Promise<Repairer> {
  const { rotateSecretArn, retireCredentialArn, propagateSecretArn } = pipeline.description;
  return {
    secretsManager: await clients.secretsManager(),
    states: await clients.stepFunctions(),
    machines: { rotateSecretArn, retireCredentialArn, propagateSecretArn },
    now,
  };
}
