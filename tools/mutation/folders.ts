/** A folder whose code is mutated, and the tests that are to notice. Paths are folders, or files. */
export interface MutatedFolder {
  readonly name: string;
  /** What lies in the folder and is not mutated, but for what `with` names. */
  readonly without?: readonly string[];
  readonly with?: readonly string[];
  readonly tests: readonly string[];
  /** How many of a hundred mutants that have no reason in `survivors.json` the tests have to notice. */
  readonly leastScorePercent: number;
}

const consumerTests = [
  'api-key-acceptor',
  'client-proxy',
  'fresh-secrets',
  'jwt',
  'observe',
  'powertools-contract',
  'read-config',
  'rotating-fetch',
  'rotating-secrets-provider',
];

/**
 * Only tests of `npm test`'s short extent that start no database and no functions: a mutant is tried within a second. Code
 * that nothing else reaches is left out with them. A folder is held by its own tests, not by what other folders' tests
 * take in passing.
 */
export const mutatedFolders: readonly MutatedFolder[] = [
  {
    name: 'pipeline/rotation',
    tests: ['test/pipeline/rotation', 'test/pipeline/workflow'],
    leastScorePercent: 95,
  },
  { name: 'pipeline/workflow', tests: ['test/pipeline/workflow'], leastScorePercent: 85 },
  { name: 'pipeline/contracts', tests: ['test/pipeline/contracts'], leastScorePercent: 85 },
  { name: 'pipeline/propagation', tests: ['test/pipeline/propagation'], leastScorePercent: 85 },
  {
    name: 'pipeline/rotators',
    // What speaks SQL is reached with a database alone: test/pipeline/rotators/postgres and test/proof hold it.
    without: ['pipeline/rotators/postgres'],
    with: ['pipeline/rotators/postgres/scram-verifier.ts'],
    tests: [
      'test/pipeline/rotators/jwt',
      'test/pipeline/rotators/api-key',
      'test/pipeline/rotators/postgres/scram-verifier.test.ts',
    ],
    leastScorePercent: 85,
  },
  {
    name: 'packages/consumer',
    // The pool is reached with a database alone: test/packages/consumer/rotating-pool.test.ts holds it.
    without: ['packages/consumer/database-tls.ts', 'packages/consumer/rotating-pool.ts'],
    tests: consumerTests.map((test) => `test/packages/consumer/${test}.test.ts`),
    leastScorePercent: 85,
  },
  { name: 'stacks', tests: ['test/stacks'], leastScorePercent: 85 },
];

const isIn = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

/** Whether a file's code is mutated with this folder. */
export function isMutated(folder: MutatedFolder, path: string): boolean {
  if (!path.endsWith('.ts') || path.endsWith('.d.ts')) return false;
  if (folder.with?.some((place) => isIn(path, place))) return true;
  return isIn(path, folder.name) && !folder.without?.some((place) => isIn(path, place));
}

/** The tests of a folder, as jest's `testMatch`. */
export function testMatch(folder: MutatedFolder): string[] {
  return folder.tests.map((place) => `<rootDir>/${place}${place.endsWith('.ts') ? '' : '/**/*.test.ts'}`);
}
