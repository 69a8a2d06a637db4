import { readFileSync } from 'node:fs';

const result = JSON.parse(readFileSync('.keyturn/test-result.json', 'utf8'));
const skipped = result.numPendingTests > 0 ? `, ${result.numPendingTests} skipped` : '';
console.log(
  `${result.numPassedTests} passed, ${result.numFailedTests + result.numRuntimeErrorTestSuites} failed${skipped}`,
);
