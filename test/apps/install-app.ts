import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { run } from './run-command.ts';

/** Writes the files of an app, objects as JSON. Answers the folder. */
export async function writeApp(folder: string, files: Readonly<Record<string, string | object>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
  }
  return folder;
}

/** `npm install` without flags that settle conflicts: what package.json of the app names, and these besides. */
export async function install(folder: string, ...packages: string[]): Promise<void> {
  await run(folder, ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', ...packages]);
}

/** Every copy of a package that lies in the app, as paths within it. */
export async function installedCopies(folder: string, name: string): Promise<string[]> {
  const listed = await run(folder, ['npm', 'ls', name, '--all', '--parseable']);
  return listed
    .trim()
    .split('\n')
    .map((path) => relative(folder, path));
}
