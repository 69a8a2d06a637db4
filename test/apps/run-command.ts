import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from '../house/blocks.ts';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Shorter than a test may take, so that no process outlives its test. */
const DEADLINE_MILLISECONDS = 170_000;

/** Runs a program as a person outside of this repository does, to its end. What it leaves among temporary files goes. */
export async function outcomeOf(
  folder: string,
  [program = '', ...words]: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const TMPDIR = await mkdtemp(join(tmpdir(), 'keyturn-scratch-'));
  try {
    const env = { ...environmentOutside(), TMPDIR, ...more };
    return await ended(spawn(program, words, { cwd: folder, env, stdio: 'pipe', timeout: DEADLINE_MILLISECONDS }));
  } finally {
    await rm(TMPDIR, { recursive: true, force: true });
  }
}

function ended(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  child.stdin.end();
  const streams = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...streams }));
  });
}

/** The same for a program that has to succeed. Answers what it printed. */
export async function run(folder: string, command: readonly string[], more?: NodeJS.ProcessEnv): Promise<string> {
  const { code, stdout, stderr } = await outcomeOf(folder, command, more);
  if (code !== 0) throw new Error(`${command.join(' ')}: expected exit code 0, got ${code}.\n${stdout}\n${stderr}`);
  return stdout;
}

/** What npm and jest set for the repository would reach into the app: its settings, its tools on the path. */
export function environmentOutside(): NodeJS.ProcessEnv {
  const inside = /^(NODE_|JEST_|KEYTURN_|LAPTOP_|AWS_|CDK_|INIT_CWD$|CI$|npm_(?!config_)|npm_config_local_prefix$)/;
  const kept = Object.entries(process.env).filter(([name]) => !inside.test(name));
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !`${folder}/`.startsWith(root));
  // The command line of the CDK sends figures about its use to AWS otherwise.
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), CDK_DISABLE_CLI_TELEMETRY: 'true' };
}
