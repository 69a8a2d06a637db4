import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync } from 'esbuild';

const LAMBDA_CREDENTIALS = fileURLToPath(new URL('./lambda-credentials.ts', import.meta.url));

/** How every function is bundled. https://esbuild.github.io/api/ */
export const bundleOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  mainFields: ['module', 'main'],
  alias: { '@aws-sdk/credential-provider-node': LAMBDA_CREDENTIALS },
  logLevel: 'error',
} satisfies BuildOptions;

/** Removed when the process ends: CDK has staged its copies by then. */
const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/**
 * Bundles one function with esbuild. CDK's NodejsFunction starts npx for each function, which takes a second; this
 * takes fifty milliseconds. One bundle runs on every runtime from Node 20 on, and the SDK is in it, so that what was
 * tested is what runs. `files` lie beside the code.
 */
export function bundle(entry: string, files: Readonly<Record<string, string>> = {}): lambda.Code {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-bundle-'));
  folders.push(folder);
  buildSync({ ...bundleOptions, entryPoints: [entry], outfile: join(folder, 'index.js') });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return lambda.Code.fromAsset(folder);
}
