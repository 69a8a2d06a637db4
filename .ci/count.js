import { existsSync, readFileSync } from 'node:fs';

/** What jest wrote of each run; a run that ended before its tests counts as one failure. */
const results = ['.keyturn/test-result.json', '.keyturn/test-apps-result.json'].map((path) =>
  existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { numRuntimeErrorTestSuites: 1 },
);
const sum = (name) => results.reduce((total, result) => total + (result[name] ?? 0), 0);

const skipped = sum('numPendingTests') > 0 ? `, ${sum('numPendingTests')} skipped` : '';
const failed = sum('numFailedTests') + sum('numRuntimeErrorTestSuites');
console.log(`${sum('numPassedTests')} passed, ${failed} failed${skipped}`);
process.exitCode = failed > 0 ? 1 : 0;
