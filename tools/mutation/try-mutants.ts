import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type MutatedFolder, testMatch } from './folders.ts';
import { runStryker } from './run-stryker.ts';
import type { FoundMutant } from './survivors.ts';

export interface Trial {
  readonly root: string;
  readonly folder: MutatedFolder;
  readonly files: readonly string[];
  readonly concurrency: number;
  readonly reports: string;
}

/**
 * Tries every mutant of the files. A file that has a test of its own name is tried with that test alone, which loads a tenth of
 * what a folder's tests load; what it does not notice is tried once more with all tests of the folder.
 */
export async function tryMutants({ root, folder, files, concurrency, reports }: Trial): Promise<FoundMutant[]> {
  const run = (name: string, mutate: readonly string[], tests: readonly string[]) =>
    runStryker({ root, mutate, tests, concurrency, reports: join(reports, name) });
  const ownTest = (file: string) => `test/${file.replace(/\.ts$/, '.test.ts')}`;
  const withOwn = files.filter((file) => existsSync(join(root, ownTest(file))));
  const others = files.filter((file) => !withOwn.includes(file));

  const found: FoundMutant[] = [];
  for (const file of withOwn) {
    found.push(...(await run(file.replaceAll('/', '-'), [file], [`<rootDir>/${ownTest(file)}`])));
  }
  const missed = found.filter((mutant) => !mutant.isNoticed);
  const again = [...others, ...new Set(missed.map(({ file, range }) => `${file}:${range}`))];
  if (again.length === 0) return found;
  const second = await run('folder', again, testMatch(folder));
  return [
    ...found.map((mutant) => second.find((other) => isSame(mutant, other) && other.isNoticed) ?? mutant),
    ...second.filter(({ file }) => others.includes(file)),
  ];
}

function isSame(one: FoundMutant, other: FoundMutant): boolean {
  return (['file', 'range', 'mutator', 'replacement'] as const).every((part) => one[part] === other[part]);
}
