import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './root.ts';

/**
 * Writes the declarations of the entries, and of all that they reach, into the folder, which mirrors `home`. Members that
 * are marked as internal are left out.
 */
export async function declareTypes(home: string, entries: readonly string[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const config = join(folder, 'tsconfig.json');
  const settings = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      outDir: folder,
      rootDir: home,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    include: [],
    files: entries.map((entry) => join(home, entry)),
  };
  await writeFile(config, JSON.stringify(settings));
  await compile(config);
  await rm(config);
  for (const path of await readdir(folder, { recursive: true })) {
    if (path.endsWith('.d.ts')) await nameJavaScript(join(folder, path));
  }
}

async function compile(config: string): Promise<void> {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  try {
    await promisify(execFile)(process.execPath, [compiler, '-p', config]);
  } catch (cause) {
    throw new Error(`The declarations cannot be written: ${(cause as { stdout?: string }).stdout ?? cause}`, { cause });
  }
}

/** tsc 7 leaves `./x.ts` in declarations, where the package holds `./x.js`. */
async function nameJavaScript(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/((?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, '$1.js$2'));
}
