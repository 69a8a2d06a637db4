import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { declareTypes } from './declarations.ts';
import { compileFiles, reachedFiles } from './file-by-file.ts';
import { writeNotices } from './notices.ts';
import { ROOT } from './root.ts';

const HOME = join(ROOT, 'packages/consumer');

/** Fills the folder of `@keyturn/consumer`: modules and CommonJS, each with its types. */
export async function buildConsumer(folder: string): Promise<void> {
  const entries = await entryFiles();
  const files = await reachedFiles(HOME, entries);
  const types = await mkdtemp(join(tmpdir(), 'keyturn-types-'));
  try {
    await declareTypes(HOME, entries, types);
    for (const format of ['esm', 'cjs'] as const) await cp(types, join(folder, 'dist', format), { recursive: true });
  } finally {
    await rm(types, { recursive: true, force: true });
  }
  await compileFiles({ home: HOME, files, folder: join(folder, 'dist/esm'), format: 'esm' });
  await compileFiles({
    home: HOME,
    files,
    folder: join(folder, 'dist/cjs'),
    format: 'cjs',
    plugins: [joseBeside],
    // What is imported late is required late: jest loads CommonJS without any flag.
    options: { supported: { 'dynamic-import': false } },
  });
  await writeFile(join(folder, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');
  await writeNotices(join(folder, 'THIRD-PARTY-NOTICES'), [await bundleJose(join(folder, 'dist/cjs/jose.js'))]);
}

/** The sources of every entry that package.json publishes. */
async function entryFiles(): Promise<string[]> {
  const { exports } = JSON.parse(await readFile(join(HOME, 'package.json'), 'utf8'));
  const sources = Object.values(exports as Record<string, string | Record<string, string>>).flatMap((entry) =>
    typeof entry === 'object' ? [entry['keyturn-source'] ?? ''] : [],
  );
  const contracts = (await readdir(join(HOME, 'contracts'))).filter((name) => name.endsWith('.ts'));
  return sources.flatMap((source) =>
    source.includes('*') ? contracts.map((name) => source.replace('*.ts', name)) : [source],
  );
}

/** jose is a module only, which CommonJS before Node 20.19, and jest at all times, cannot require: a copy lies beside. */
const joseBeside: Plugin = {
  name: 'jose beside',
  setup: ({ onResolve }) => onResolve({ filter: /^jose$/ }, () => ({ path: './jose.js', external: true })),
};

async function bundleJose(outfile: string) {
  const { metafile } = await build({
    stdin: { contents: "export * from 'jose';", resolveDir: HOME },
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    legalComments: 'none',
    metafile: true,
    outfile,
    logLevel: 'error',
  });
  return metafile;
}
