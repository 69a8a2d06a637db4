import { ask } from '../pipeline/audit/ask-function.ts';
import { type Repairer, repairDrift } from '../pipeline/audit/repair-drift.ts';
import { AuditAnswer, type Finding, findingCodes } from '../pipeline/contracts/audit.ts';
import { oneLine } from '../pipeline/contracts/grammar/shown-text.ts';
import { parse } from '../pipeline/contracts/parse.ts';
import { KeyturnError } from '../pipeline/errors.ts';
import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import { describeError } from './terminal/describe-error.ts';
import { NotConfirmed, NotFound } from './terminal/errors.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
import { printJson } from './terminal/table.ts';

export interface DoctorOptions {
  readonly repair?: boolean;
  readonly yes?: boolean;
}

/** What became of a finding. */
type Treatment =
  | { readonly outcome: 'found' | 'declined' }
  | { readonly outcome: 'repaired'; readonly done: string; readonly executionArn?: string }
  | { readonly outcome: 'failed'; readonly reason: string };

/** Looks at everything that the pipeline manages, and mends it when asked to, with the rights of whoever asks. */
export async function doctor(context: Context, name: string, options: DoctorOptions): Promise<ExitCode> {
  const { terminal } = context;
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const only = name === '' ? undefined : (await pipeline.secretSettings(name)).name;
  const { secrets, findings } = await examine(context, pipeline, only);
  if (!context.json) tell(context, secrets, findings);
  if (options.repair && findings.some(({ repair }) => repair)) await confirmAll(context, findings, options.yes);

  const treated: (Finding & Treatment)[] = [];
  for (const finding of findings) {
    const treatment = options.repair
      ? await treat(context, pipeline, finding, options.yes)
      : ({ outcome: 'found' } as const);
    if (!context.json) tellTreatment(context, finding, treatment);
    treated.push({ ...finding, ...treatment });
  }
  if (context.json) printJson(terminal, { pipeline: pipeline.name, secrets, findings: treated });
  return treated.every(({ outcome }) => outcome === 'repaired') ? exitCodes.ok : exitCodes.failed;
}

/** The pipeline's own audit, which reaches the targets; it is told to tell nobody else. */
async function examine(
  { clients }: Context,
  pipeline: DeployedPipeline,
  secretId: string | undefined,
): Promise<AuditAnswer> {
  const { auditFunctionArn } = pipeline.description;
  if (!auditFunctionArn) {
    throw new NotFound(`Pipeline ${pipeline.name} has no audit function. Deploy its stack again with this version.`);
  }
  const answer = await ask(await clients.lambda(), auditFunctionArn, { tell: false, ...(secretId && { secretId }) });
  return parse('What the audit answers', AuditAnswer, answer);
}

function tell({ terminal }: Context, secrets: number, findings: readonly Finding[]): void {
  const looked = `${secrets} ${secrets === 1 ? 'secret' : 'secrets'} looked at`;
  if (findings.length === 0) {
    terminal.print(`${terminal.paint('green', 'ok')}  ${looked}: everything is as it should be.`);
    return;
  }
  terminal.print(`${looked}, ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}:`);
  for (const { code, message, command, repair } of findings) {
    terminal.print('');
    terminal.print(`${terminal.paint('red', code)}  ${oneLine(findingCodes[code])}`);
    terminal.print(`  ${oneLine(message)}`);
    terminal.print(`  ${terminal.paint('dim', repair ? 'mends it:' : 'what to do:')} ${oneLine(command)}`);
  }
}

/** Harmless repairs are asked for once, all together; each of the others by itself, when its turn comes. */
async function confirmAll(
  { terminal }: Context,
  findings: readonly Finding[],
  yes: boolean | undefined,
): Promise<void> {
  const safe = findings.filter(({ repair, isSafe }) => repair && isSafe).length;
  const others = findings.filter(({ repair, isSafe }) => repair && !isSafe).length;
  const parts = [
    ...(safe > 0 ? [`${safe} harmless ${safe === 1 ? 'repair' : 'repairs'}`] : []),
    ...(others > 0 ? [`${others} that can hurt`] : []),
  ];
  await terminal.confirm(`Make ${parts.join(' and ')}?`, yes);
}

async function treat(
  context: Context,
  pipeline: DeployedPipeline,
  finding: Finding,
  yes: boolean | undefined,
): Promise<Treatment> {
  if (!finding.repair) return { outcome: 'found' };
  try {
    if (!finding.isSafe) await context.terminal.confirm(`${finding.code}: ${finding.message} Mend it?`, yes);
    const settings = await pipeline.secretSettings(finding.secretName);
    return { outcome: 'repaired', ...(await repairDrift(await repairerOf(context, pipeline), finding, settings)) };
  } catch (error) {
    if (error instanceof NotConfirmed) return { outcome: 'declined' };
    // One repair that fails does not keep the others from being made.
    if (!(error instanceof KeyturnError) && !isOfAws(error)) throw error;
    return { outcome: 'failed', reason: describeError(error).message };
  }
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
    lambda: await clients.lambda(),
    machines: { rotateSecretArn, retireCredentialArn, propagateSecretArn },
    now,
  };
}

function tellTreatment({ terminal }: Context, finding: Finding, treatment: Treatment): void {
  const name = `${finding.secretName} ${finding.code}`;
  if (treatment.outcome === 'repaired') {
    const goesOn = treatment.executionArn ? `: ${treatment.executionArn}` : '';
    terminal.print(`${terminal.paint('green', 'mended')}  ${name}: ${oneLine(treatment.done)}${goesOn}`);
  }
  if (treatment.outcome === 'failed') {
    terminal.print(`${terminal.paint('red', 'not mended')}  ${name}: ${oneLine(treatment.reason)}`);
  }
}
