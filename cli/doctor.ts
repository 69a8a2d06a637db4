import { ask } from '../pipeline/audit/ask-function.ts';
import { AuditAnswer, type Finding } from '../pipeline/contracts/audit.ts';
import { parse } from '../pipeline/contracts/parse.ts';
import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import { printFindings, printTreatment } from './doctor/print-findings.ts';
import { type Treatment, treatFinding } from './doctor/treat-finding.ts';
import { NotFound } from './terminal/errors.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
import { printJson } from './terminal/table.ts';

export interface DoctorOptions {
  readonly repair?: boolean;
  readonly yes?: boolean;
}

type Treated = Finding & Treatment;

/**
 * Looks at everything that the pipeline manages, and repairs it when asked to, with the rights of the caller. A finding
 * counts as repaired when what was started has ended well and a second look does not find it.
 */
export async function doctor(context: Context, name: string, options: DoctorOptions): Promise<ExitCode> {
  const { terminal } = context;
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const only = name === '' ? undefined : (await pipeline.secretSettings(name)).name;
  const { secrets, findings } = await examine(context, pipeline, only);
  if (!context.json) printFindings(terminal, secrets, findings);
  if (options.repair && findings.some(({ repair }) => repair)) await confirmAll(context, findings, options.yes);

  const treated: Treated[] = [];
  for (const finding of findings) {
    const treatment = options.repair
      ? await treatFinding(context, pipeline, finding, options.yes)
      : ({ outcome: 'found' } as const);
    treated.push({ ...finding, ...treatment });
    // Ctrl-C ends the waiting and the repairs after it.
    if (treatment.outcome === 'interrupted') break;
  }
  const seen = await lookAgain(context, pipeline, treated);
  if (!context.json) for (const one of seen) printTreatment(terminal, one, one);
  if (context.json) printJson(terminal, { pipeline: pipeline.name, secrets, findings: seen });
  if (seen.some(({ outcome }) => outcome === 'interrupted')) return exitCodes.interrupted;
  return seen.every(({ outcome }) => outcome === 'repaired') ? exitCodes.ok : exitCodes.failed;
}

/** The pipeline's own audit, which reaches the targets. It publishes nothing: the caller reads the answer. */
async function examine(
  { clients }: Context,
  pipeline: DeployedPipeline,
  secretId: string | undefined,
): Promise<AuditAnswer> {
  const { auditFunctionArn } = pipeline.description;
  if (!auditFunctionArn) {
    throw new NotFound(`Pipeline ${pipeline.name} has no audit function. Deploy its stack again with this version.`);
  }
  const answer = await ask(await clients.lambda(), auditFunctionArn, { publish: false, ...(secretId && { secretId }) });
  return parse('What the audit answers', AuditAnswer, answer);
}

/** A replica is made, and a consumer notified, within seconds. */
const LOOKS = 12;
const LOOK_MILLISECONDS = 5_000;

/** Whether each repaired finding is gone. What is still found was not repaired, whatever the repair answered. */
async function lookAgain(context: Context, pipeline: DeployedPipeline, treated: Treated[]): Promise<Treated[]> {
  const names = new Set(treated.filter(({ outcome }) => outcome === 'repaired').map(({ secretName }) => secretName));
  const left: Finding[] = [];
  for (const name of names) {
    const repaired = treated.filter((one) => one.secretName === name && one.outcome === 'repaired');
    left.push(...(await stillFound(context, pipeline, name, repaired)));
  }
  return treated.map((one): Treated => {
    const again = left.find((found) => isSame(found, one));
    if (one.outcome !== 'repaired' || !again) return one;
    return {
      ...one,
      outcome: 'failed',
      reason: `The repair ended, and the audit still finds it: ${again.message}`,
    };
  });
}

async function stillFound(
  context: Context,
  pipeline: DeployedPipeline,
  name: string,
  repaired: readonly Finding[],
): Promise<Finding[]> {
  for (let look = 1; ; look += 1) {
    const { findings } = await examine(context, pipeline, name);
    const left = findings.filter((found) => repaired.some((one) => isSame(found, one)));
    if (left.length === 0 || look === LOOKS) return left;
    await context.sleep(LOOK_MILLISECONDS);
  }
}

const isSame = (left: Finding, right: Finding) => left.secretName === right.secretName && left.code === right.code;

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
