import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { type BuildOptions, buildSync } from 'esbuild';
import { filesBeside } from './bundle/files-beside.ts';
import type { BundleAnswer, BundleRequest } from './bundle/worker.ts';

export const HANDLERS = fileURLToPath(new URL('../handlers/', import.meta.url));
const LAMBDA_CREDENTIALS = fileURLToPath(new URL('./bundle/lambda-credentials.ts', import.meta.url));
const WORKER = fileURLToPath(new URL('./bundle/worker.ts', import.meta.url));
/** A bundle takes a tenth of a second; a machine that is busy takes longer. */
const DEADLINE_MILLISECONDS = 120_000;

/** How every function is bundled. https://esbuild.github.io/api/ */
const bundleOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  mainFields: ['module', 'main'],
  // Naming a condition takes away esbuild's default one, "module".
  conditions: ['keyturn-source', 'module'],
  alias: { '@aws-sdk/credential-provider-node': LAMBDA_CREDENTIALS },
} satisfies BuildOptions;

/** The folders of this process, by what lies in them. Removed when the process ends: CDK has staged its copies by then. */
const folders = new Map<string, string>();
process.once('exit', () => {
  for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true });
});

/**
 * Bundles one function with esbuild, the SDK and all, and answers the folder. CDK's NodejsFunction starts npx for each
 * function, which takes a second; this takes a tenth of one. One bundle runs on every runtime from Node 20 on, and what
 * the tests run is what a stack deploys. May be called again: a process bundles each function once.
 */
export function bundle(entry: string): string {
  return folderOf(`any ${entry}`, (folder) => {
    buildSync({ ...bundleOptions, entryPoints: [entry], outfile: join(folder, 'index.js'), logLevel: 'error' });
  });
}

/** The same for the function `handlers/<handler>.ts`, without what it never reaches, and with the files that it reads. */
export function bundleHandler(handler: string): string {
  const entry = `${HANDLERS}${handler}.ts`;
  return folderOf(entry, (folder) => writeHandler(entry, folder));
}

/** Writes the bundle of one of Keyturn's own functions, and the files that lie beside it, into an existing folder. */
export function writeHandler(entry: string, folder: string): void {
  writeBundle(entry, join(folder, 'index.js'));
  for (const [name, text] of Object.entries(filesBeside(basename(entry, '.ts'))))
    writeFileSync(join(folder, name), text);
}

/**
 * KEYTURN_BUNDLES names a folder that keeps bundles from one process to the next, whatever has changed since: for a run of
 * the tests, which makes the same functions in many processes. The run that sets it empties it.
 */
const kept = process.env.KEYTURN_BUNDLES;

function folderOf(content: string, write: (folder: string) => void): string {
  if (kept) return keep(join(kept, createHash('sha256').update(content).digest('hex')), write);
  const known = folders.get(content);
  if (known) return known;
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-bundle-'));
  writeOrRemove(folder, write);
  folders.set(content, folder);
  return folder;
}

/** A folder whose bundle failed holds no function. */
function writeOrRemove(folder: string, write: (folder: string) => void): void {
  try {
    write(folder);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/** The folder appears at once or not at all: another process may look there now. */
function keep(folder: string, write: (folder: string) => void): string {
  if (existsSync(folder)) return folder;
  const half = `${folder}.${process.pid}`;
  mkdirSync(half, { recursive: true });
  writeOrRemove(half, write);
  try {
    renameSync(half, folder);
  } catch (error) {
    // Another process was first, with the same bundle.
    if (!existsSync(folder)) throw error;
    rmSync(half, { recursive: true });
  }
  return folder;
}

/** Constructs cannot wait, and esbuild's plugins cannot do without waiting: they run in a thread of their own. */
export function writeBundle(entry: string, outfile: string): void {
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const options = { ...bundleOptions, entryPoints: [entry], outfile };
  worker ??= startWorker();
  worker.postMessage({ options, answer: port2, signal } satisfies BundleRequest, [port2]);
  const waited = Atomics.wait(signal, 0, 0, DEADLINE_MILLISECONDS);
  const answer = receiveMessageOnPort(port1);
  port1.close();
  if (waited === 'timed-out' || !answer) {
    throw new Error(`${entry}: expected a bundle within ${DEADLINE_MILLISECONDS / 1000} seconds, none came.`);
  }
  const { fault } = answer.message as BundleAnswer;
  if (fault !== undefined) throw new Error(`${entry} cannot be bundled: ${fault}`);
}

let worker: Worker | undefined;

/** A thread runs JavaScript, whatever loads TypeScript here. */
function startWorker(): Worker {
  const esbuild = createRequire(import.meta.url).resolve('esbuild');
  const { outputFiles } = buildSync({
    entryPoints: [WORKER],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['keyturn-source', 'module'],
    alias: { esbuild },
    external: [esbuild],
    logLevel: 'error',
  });
  const started = new Worker(outputFiles[0]?.text ?? '', { eval: true });
  started.unref();
  return started;
}
