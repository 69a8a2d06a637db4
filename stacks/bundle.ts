import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

/**
 * Bundles one function with esbuild. CDK's NodejsFunction starts npx for each function, which takes a second; this
 * takes fifty milliseconds. One bundle runs on every runtime from Node 20 on, and the SDK is in it, so that what was
 * tested is what runs.
 */
export function bundle(entry: string): lambda.Code {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-bundle-'));
  buildSync({
    entryPoints: [entry],
    outfile: join(folder, 'index.js'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  return lambda.Code.fromAsset(folder);
}
