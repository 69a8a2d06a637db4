import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import type { FoundMutant } from './survivors.ts';

export interface StrykerRun {
  readonly root: string;
  /** Files, or parts of them: `file.ts:10:4-10:20`. */
  readonly mutate: readonly string[];
  /** jest's `testMatch`. */
  readonly tests: readonly string[];
  /** How many mutants are tried at a time: each takes a core. */
  readonly concurrency: number;
  /** Where the reports are written: `report.html` for a person, `report.json`. */
  readonly reports: string;
}

/** Statuses of a mutant that is none: it does not load, or a comment in the code has it left out. */
const noMutant = ['CompileError', 'RuntimeError', 'Ignored', 'Pending'];

/**
 * Tries every mutant of the files with the tests that reach it, in a copy of the repository.
 * https://stryker-mutator.io/docs/stryker-js/configuration/
 */
export async function runStryker({ root, mutate, tests, concurrency, reports }: StrykerRun): Promise<FoundMutant[]> {
  const stryker = new Stryker({
    mutate: [...mutate],
    testRunner: 'jest',
    plugins: ['@stryker-mutator/jest-runner'],
    jest: {
      configFile: 'jest.mutation.config.js',
      config: { testMatch: [...tests] },
      enableFindRelatedTests: true,
    },
    // Test files are modules. https://jestjs.io/docs/ecmascript-modules
    testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
    coverageAnalysis: 'perTest',
    // A file that no test reaches has survivors; that is no error.
    allowEmpty: true,
    concurrency,
    // A mutant that times out counts as noticed: a busy machine is no reason. An endless loop is seen by its turns.
    timeoutMS: 60_000,
    // Modules of each run stay in memory: the process is replaced before it holds gigabytes.
    maxTestRunnerReuse: 60,
    // Stryker would rewrite tsconfig.json with TypeScript's API, which TypeScript 7 has not; nothing here reads that file.
    tsconfigFile: 'none',
    disableTypeChecks: false,
    ignorePatterns: ['cdk.out', '.keyturn', 'dist'],
    tempDirName: '.keyturn/mutation/sandboxes',
    reporters: ['progress-append-only', 'html', 'json'],
    htmlReporter: { fileName: join(reports, 'report.html') },
    jsonReporter: { fileName: join(reports, 'report.json') },
    // The score is judged here, for reasons count.
    thresholds: { high: 100, low: 100, break: null },
  });
  const results = await stryker.runMutationTest();
  return results
    .filter(({ status }) => !noMutant.includes(status))
    .map(({ fileName, location, mutatorName, replacement, status }) => ({
      file: relative(root, fileName),
      lineNumber: location.start.line,
      range: `${location.start.line}:${location.start.column}-${location.end.line}:${location.end.column}`,
      line: readFileSync(fileName, 'utf8').split('\n')[location.start.line - 1]?.trim() ?? '',
      mutator: mutatorName,
      replacement: replacement ?? '',
      isNoticed: status === 'Killed' || status === 'Timeout',
    }));
}
