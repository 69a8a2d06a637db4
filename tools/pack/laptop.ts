import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { declareTypes } from './declarations.ts';
import { compileFiles } from './file-by-file.ts';
import { ROOT } from './root.ts';

const HOME = join(ROOT, 'packages/laptop');

/** Fills the folder of `@keyturn/laptop`: its modules file by file, for it finds services and pages beside its own files. */
export async function buildLaptop(folder: string): Promise<void> {
  const found = await readdir(HOME, { recursive: true });
  const inside = found.filter((path) => !/^(bin|node_modules)\b/.test(path));
  const files = inside.filter((path) => path.endsWith('.ts'));
  await compileFiles({ home: HOME, files, folder: join(folder, 'dist'), format: 'esm' });
  await declareTypes(HOME, ['index.ts'], join(folder, 'dist'));
  // What functions start from, and what the page serves.
  for (const path of inside.filter((path) => /^(environments\/bootstrap\.|console\/assets\/)/.test(path)))
    await cp(join(HOME, path), join(folder, 'dist', path));
  await cp(join(HOME, 'bin'), join(folder, 'bin'), { recursive: true });
}

/** The README, what each service supports, and what the pages of administration and console are. */
export async function documentsOfLaptop(home: string): Promise<string[]> {
  const found = await readdir(home, { recursive: true });
  return found.filter((path) => /^(README|(.*\/)?SUPPORT|(admin|console)\/README)\.md$/.test(path));
}
