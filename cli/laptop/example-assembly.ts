import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AssemblyUnusable } from '../terminal/errors.ts';
import { PACKAGE_ROOT } from './package-root.ts';

const SOURCES = [
  'examples',
  'stacks',
  'statemachines',
  'handlers',
  'pipeline',
  'packages/consumer',
  'tools/bundle.ts',
  'tools/bundle',
  'cdk.json',
  'package-lock.json',
];

/** Where the example's assembly lies; `npm run synth` writes it there too. */
export const EXAMPLE_ASSEMBLY = join(PACKAGE_ROOT, '.keyturn', 'example');

/** What is loaded where no assembly is named: in a clone the example, elsewhere what `cdk synth` writes by default. */
export function defaultAssembly(note: (line: string) => void): string | Promise<string> {
  return existsSync(join(PACKAGE_ROOT, 'examples', 'app.ts')) ? exampleAssembly(note) : 'cdk.out';
}

/** The example's assembly, synthesized where it is missing or older than what it is made of. */
export async function exampleAssembly(note: (line: string) => void): Promise<string> {
  if (isFresh(EXAMPLE_ASSEMBLY)) return EXAMPLE_ASSEMBLY;
  note('Synthesizing the example …');
  await synthesize(note);
  return EXAMPLE_ASSEMBLY;
}

function isFresh(assembly: string): boolean {
  const made = statSync(join(assembly, 'manifest.json'), { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && SOURCES.every((source) => newest(join(PACKAGE_ROOT, source)) <= made);
}

function newest(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** By the CDK's own command line in a process: the settings of cdk.json count as they do in a deployment. */
async function synthesize(note: (line: string) => void): Promise<void> {
  const cdk = findCdk();
  const app = 'node --conditions=keyturn-source --import tsx examples/app.ts';
  const child = spawn(process.execPath, [cdk, 'synth', '--quiet', '--app', app, '--output', EXAMPLE_ASSEMBLY], {
    cwd: PACKAGE_ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-4_000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  note(complaint.trim());
  throw new AssemblyUnusable('The example cannot be synthesized: the lines above say why.');
}

function findCdk(): string {
  try {
    const description = createRequire(import.meta.url).resolve('aws-cdk/package.json');
    return join(description, '..', 'bin', 'cdk');
  } catch (cause) {
    throw new AssemblyUnusable(
      'The CDK command line is not installed here, so the example cannot be synthesized. Load an assembly of your own: --assembly cdk.out.',
      { cause },
    );
  }
}
