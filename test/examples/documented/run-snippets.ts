import { spawn } from 'node:child_process';
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLE_ASSEMBLY } from '../../../cli/laptop/example-assembly.ts';
import { ofSynthesis } from '../../cli/desk.ts';
import { root } from '../../house/blocks.ts';
import type { Snippet } from '../../house/snippets.ts';

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Synthesizes each in a stack of its own: a stack has room for 500 resources. */
export function runConstructs(folder: string, snippets: readonly Snippet[]): Promise<Ended> {
  const shown = snippets.filter(({ kind }) => kind === 'construct');
  const text = `import { App } from 'aws-cdk-lib';
import { Given } from '../../test/examples/documented/given.ts';
const app = new App();
for (const [index, file] of ${JSON.stringify(shown.map(({ file }) => file))}.entries()) {
  const { Shown } = await import('./' + file);
  const given = new Given(app, 'Yours' + index);
  new Shown(given, file, given);
}
app.synth();
`;
  return runFile(folder, 'constructs.ts', text, { ...ofSynthesis(), CDK_OUTDIR: join(folder, 'constructs.out') });
}

/**
 * Imports each, calls its handler, asks its pool, starts its cloud; the internet answers 200. Beside them lie a manifest and
 * an assembly, as in a reader's folder.
 */
export function runModules(
  folder: string,
  snippets: readonly Snippet[],
  environment: Record<string, string>,
): Promise<Ended> {
  const shown = snippets.filter(({ kind }) => kind === 'module');
  copyFileSync(join(root, 'examples/keyturn.json'), join(folder, 'keyturn.json'));
  symlinkSync(EXAMPLE_ASSEMBLY, join(folder, 'cdk.out'));
  const text = `globalThis.fetch = async () => new Response('{}', { status: 200 });
const event = { id: '1', headers: { 'x-api-key': 'a-key-of-ours' } };
for (const file of ${JSON.stringify(shown.map(({ file }) => file))}) {
  const { handler, pool, startCloud } = await import('./' + file);
  const answer = await handler?.(event, {});
  if (handler && (answer.status ?? answer.statusCode) !== 200) throw new Error(file + ' answered ' + JSON.stringify(answer));
  const one = await pool?.query('SELECT 1 AS one');
  if (pool && one.rows[0].one !== 1) throw new Error(file + ': the pool does not answer.');
  await pool?.end();
  const cloud = await startCloud?.();
  if (startCloud && cloud.stacks.length === 0) throw new Error(file + ': the cloud is empty.');
  await cloud?.close();
}
`;
  return runFile(folder, 'modules.ts', text, environment);
}

function runFile(folder: string, name: string, text: string, environment: Record<string, string>): Promise<Ended> {
  writeFileSync(join(folder, name), text);
  const child = spawn(process.execPath, ['--conditions=keyturn-source', '--import', 'tsx', join(folder, name)], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said }));
  });
}
