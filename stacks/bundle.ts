import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync } from 'esbuild';
import type { BundleAnswer, BundleRequest } from './bundling/worker.ts';

const LAMBDA_CREDENTIALS = fileURLToPath(new URL('./lambda-credentials.ts', import.meta.url));
const WORKER = fileURLToPath(new URL('./bundling/worker.ts', import.meta.url));
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
  alias: { '@aws-sdk/credential-provider-node': LAMBDA_CREDENTIALS },
} satisfies BuildOptions;

/** By what lies in them: a process that makes several stacks bundles each function once. Removed when it ends: CDK has staged its copies by then. */
const folders = new Map<string, string>();
process.once('exit', () => {
  for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true });
});

/**
 * Bundles one function with esbuild, the SDK and all. CDK's NodejsFunction starts npx for each function, which takes a
 * second; this takes a tenth of one. One bundle runs on every runtime from Node 20 on, and what was tested is what runs.
 */
export function bundle(entry: string): lambda.Code {
  return codeOf(`any ${entry}`, {}, (outfile) => {
    buildSync({ ...bundleOptions, entryPoints: [entry], outfile, logLevel: 'error' });
  });
}

/** The same for one of Keyturn's own functions, without what they never reach. `files` lie beside the code. */
export function bundleHandler(entry: string, files: Readonly<Record<string, string>> = {}): lambda.Code {
  return codeOf(`${entry} ${JSON.stringify(files)}`, files, (outfile) => writeBundle(entry, outfile));
}

/**
 * KEYTURN_BUNDLES names a folder that keeps bundles from one process to the next, whatever has changed since: for a run of
 * the tests, which makes the same functions in many processes. Whoever sets it empties it.
 */
const kept = process.env.KEYTURN_BUNDLES;

function codeOf(
  content: string,
  files: Readonly<Record<string, string>>,
  write: (outfile: string) => void,
): lambda.Code {
  const place = kept && join(kept, createHash('sha256').update(content).digest('hex'));
  if (place && existsSync(place)) return lambda.Code.fromAsset(place);
  const known = folders.get(content);
  if (known) return lambda.Code.fromAsset(known);
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-bundle-'));
  write(join(folder, 'index.js'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  folders.set(content, folder);
  if (place) keep(folder, place);
  return lambda.Code.fromAsset(folder);
}

/** At once or not at all: another process may look there now. */
function keep(folder: string, place: string): void {
  const half = `${place}.${process.pid}`;
  cpSync(folder, half, { recursive: true });
  try {
    renameSync(half, place);
  } catch (error) {
    // Somebody else was first, with the same.
    if (!existsSync(place)) throw error;
    rmSync(half, { recursive: true });
  }
}

const warnInProcess = (text: string) => process.emitWarning(text, 'BundleWarning');

/** Constructs cannot wait, and esbuild's plugins cannot do without waiting: they run in a thread of their own. */
export function writeBundle(entry: string, outfile: string, warn: (text: string) => void = warnInProcess): void {
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const options = { ...bundleOptions, entryPoints: [entry], outfile };
  worker ??= startWorker();
  worker.postMessage({ options, answer: port2, signal } satisfies BundleRequest, [port2]);
  const waited = Atomics.wait(signal, 0, 0, DEADLINE_MILLISECONDS);
  const answer = receiveMessageOnPort(port1);
  port1.close();
  if (waited === 'timed-out' || !answer) {
    throw new Error(`${entry}: expected a bundle within ${DEADLINE_MILLISECONDS / 1000} seconds, came none.`);
  }
  const { fault, warning } = answer.message as BundleAnswer;
  if (fault !== undefined) throw new Error(`${entry} cannot be bundled: ${fault}`);
  if (warning !== undefined) warn(`${entry} is bundled whole. ${warning}`);
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
    alias: { esbuild },
    external: [esbuild],
    logLevel: 'error',
  });
  const started = new Worker(outputFiles[0]?.text ?? '', { eval: true });
  started.unref();
  return started;
}
