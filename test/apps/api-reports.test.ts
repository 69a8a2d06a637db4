import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiReport, packagesWithReports, REPORTS } from '../../tools/api-reports.ts';

// A difference is what users of the package will see. `npm run api-reports` writes the reports anew.
test.each(packagesWithReports)('the report of what %s exports is that of the packed package', (name) => {
  expect(apiReport(name)).toBe(readFileSync(join(REPORTS, `${name}.api.md`), 'utf8'));
});
