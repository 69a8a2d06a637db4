import { type FleetPosition, FleetRequest } from '../pipeline/contracts/fleet.ts';
import { parse } from '../pipeline/contracts/parse.ts';
import { selectSecrets } from '../pipeline/fleet/select-secrets.ts';
import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import { executionName, startExecution, waitForEnd } from './execution/run-execution.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
import { printJson } from './terminal/table.ts';

export interface RotateAllOptions {
  /** `key` or `key=value`. */
  readonly tag?: string;
  readonly kind?: string;
  readonly group?: string;
  readonly canary?: string[];
  readonly tolerate?: number;
  readonly emergency?: boolean;
  readonly wait?: boolean;
  readonly yes?: boolean;
}

/** Rotates many secrets by one execution of `rotate-fleet`: canaries first, under the write quota. */
export async function rotateAll(context: Context, options: RotateAllOptions): Promise<ExitCode> {
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const request = fleetRequest(options);
  const names = await selectedNames(pipeline, parse('The selection', FleetRequest, request));
  await context.terminal.confirm(question(names, options.emergency ?? false), options.yes);
  const startedAt = context.now();
  const executionArn = await startExecution(pipeline, {
    stateMachineArn: pipeline.description.rotateFleetArn,
    name: executionName(),
    input: request,
  });
  if (options.wait) {
    return waitForEnd(context, pipeline, { executionArn, startedAt }, () => `${count(names)} rotated.`);
  }
  if (context.json) printJson(context.terminal, { executionArn, secrets: names });
  else context.terminal.print(`Started ${executionArn} for ${count(names)}.`);
  return exitCodes.ok;
}

/** Pure. What was not said is the workflow's own default. */
export function fleetRequest({ tag, kind, group, canary, tolerate, emergency }: RotateAllOptions): object {
  const [key = '', ...rest] = tag?.split('=') ?? [];
  return {
    ...(tag !== undefined && { tag: { key, ...(tag.includes('=') && { value: rest.join('=') }) } }),
    ...(kind !== undefined && { kind }),
    ...(group !== undefined && { group }),
    ...(canary && { canaries: canary }),
    ...(tolerate !== undefined && { toleratedFailurePercentage: tolerate }),
    ...(emergency && { emergency }),
  };
}

/** The same selection as the workflow makes, so that the question names what will be rotated. */
async function selectedNames(pipeline: DeployedPipeline, request: FleetRequest): Promise<string[]> {
  const [ssm, secretsManager] = [await pipeline.clients.ssm(), await pipeline.clients.secretsManager()];
  const names: string[] = [];
  let position: FleetPosition | null = null;
  do {
    const page = await selectSecrets({ ssm, secretsManager, prefix: pipeline.settingsPrefix }, request, position);
    names.push(...page.canaries, ...page.secretIds);
    position = page.after;
  } while (position);
  return names;
}

const NAMED = 10;

function count(names: readonly string[]): string {
  return `${names.length} ${names.length === 1 ? 'secret' : 'secrets'}`;
}

function question(names: readonly string[], emergency: boolean): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const hurts = emergency
    ? ' In an emergency: previous credentials are revoked at once, and each consumer that still uses one fails.'
    : '';
  return `Rotate ${count(names)}: ${names.slice(0, NAMED).join(', ')}${more}?${hurts}`;
}
