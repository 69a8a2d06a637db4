import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { commandLineOptions } from '../bundle/command-line.js';
import { HANDLERS, writeHandler } from '../bundle.ts';
import { declareTypes } from './declarations.ts';
import { writeNotices } from './notices.ts';
import { ROOT } from './root.ts';

const SCRAM = 'pipeline/rotators/postgres/scram-verifier.ts';

/** Fills the folder of `keyturn`: constructs, functions, state machines, the command line, and the app for a manifest. */
export async function buildKeyturn(folder: string): Promise<void> {
  const dist = join(folder, 'dist');
  const made = [
    await bundleConstructs(join(dist, 'constructs')),
    await bundleApp(dist),
    await bundleCommandLine(join(dist, 'cli')),
    await bundleFunctions(join(dist, 'handlers')),
  ];
  await declareTypes(ROOT, ['stacks/index.ts', SCRAM], join(dist, 'constructs/types'));
  await cp(join(ROOT, 'statemachines'), join(dist, 'statemachines'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  await cp(join(ROOT, 'bin/keyturn.js'), join(folder, 'bin/keyturn.js'));
  await writeNotices(join(folder, 'THIRD-PARTY-NOTICES'), made);
}

const options = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  external: ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'],
  legalComments: 'none',
  metafile: true,
  logLevel: 'error',
} satisfies BuildOptions;

/** Contracts come from the sources, the code of the functions from `dist/handlers`. */
const contractsFromSources: Plugin = {
  name: 'contracts from the sources',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^@keyturn\/consumer\/contracts\// }, ({ path }) => ({
      path: `${join(ROOT, path.replace('@keyturn/consumer', 'packages/consumer'))}.ts`,
    })),
};

/**
 * CommonJS only: an app that is a module imports it by name, and the jest test that `cdk init` writes can load it. One
 * bundle, so that `instanceof` and private members hold.
 */
async function bundleConstructs(outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    ...options,
    entryPoints: { index: join(ROOT, 'stacks/index.ts'), scram: join(ROOT, SCRAM) },
    outdir,
    format: 'cjs',
    plugins: [contractsFromSources],
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  await writeFile(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
  return metafile;
}

/** `cdk --app` for people who have a manifest and no app of their own. */
async function bundleApp(outdir: string): Promise<Metafile> {
  const constructsBeside: Plugin = {
    name: 'constructs beside',
    setup: ({ onResolve }) =>
      onResolve({ filter: /\/stacks\/index\.ts$/ }, () => ({ path: './constructs/index.js', external: true })),
  };
  const { metafile } = await build({
    ...options,
    entryPoints: [join(ROOT, 'bin/app.ts')],
    outdir,
    format: 'esm',
    plugins: [constructsBeside],
  });
  return metafile;
}

async function bundleCommandLine(outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    ...commandLineOptions,
    outdir,
    write: true,
    logLevel: 'error',
    // Names stay, so that a stack trace can be read.
    minifyWhitespace: true,
    minifySyntax: true,
  });
  return metafile;
}

/** Every function as it is deployed; what an app synthesizes is what the tests ran. */
async function bundleFunctions(folder: string): Promise<Metafile> {
  const names = (await readdir(HANDLERS)).filter((name) => name.endsWith('.ts'));
  for (const name of names) {
    const place = join(folder, basename(name, '.ts'));
    await mkdir(place, { recursive: true });
    writeHandler(`${HANDLERS}${name}`, place);
  }
  // The bundles are made in a thread of their own; for the notices it is enough to know what they may hold.
  const { metafile } = await build({
    ...options,
    entryPoints: names.map((name) => `${HANDLERS}${name}`),
    outdir: 'unwritten',
    write: false,
    conditions: ['keyturn-source', 'module'],
  });
  return metafile;
}
