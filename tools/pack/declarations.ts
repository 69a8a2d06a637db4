import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
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
  for (const path of await declarationsIn(folder)) await nameJavaScript(path);
  await deleteUnreached(
    folder,
    entries.map((entry) => join(folder, entry.replace(/\.ts$/, '.d.ts'))),
  );
}

async function declarationsIn(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  return paths.filter((path) => path.endsWith('.d.ts')).map((path) => join(folder, path));
}

/** tsc declares every file that the sources import; a reader of the entries' types needs only those that declarations name. */
async function deleteUnreached(folder: string, entries: readonly string[]): Promise<void> {
  const reached = new Set(entries);
  for (const file of reached) {
    for (const named of namedDeclarations(await readFile(file, 'utf8'))) reached.add(join(dirname(file), named));
  }
  for (const file of await declarationsIn(folder)) {
    if (!reached.has(file)) await rm(file);
  }
  await deleteEmptyFolders(folder);
}

function namedDeclarations(text: string): string[] {
  const named = text.matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)\.js['"]/g);
  return [...named].map(([, path]) => `${path}.d.ts`);
}

async function deleteEmptyFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await deleteEmptyFolders(join(folder, entry.name));
  }
  if ((await readdir(folder)).length === 0) await rmdir(folder);
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
