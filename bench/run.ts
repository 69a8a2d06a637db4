import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { measureBundle } from './bundles.ts';
import { measureCachedReads } from './consumer-cached-reads.ts';
import { measureFailedRequests } from './failed-requests.ts';
import { seeded, simulateFleet } from './fleet.ts';
import { measureLaptop } from './laptop.ts';

/** Runs every benchmark, prints a table, and writes docs/benchmarks.json. */
const laptop = await measureLaptop();
const results = {
  machine: { cores: cpus().length, node: process.version },
  failedRequests: await measureFailedRequests(),
  cachedReads: await measureCachedReads(),
  bundles: ['rotate-postgres', 'rotate-jwt', 'rotate-api-key'].map((handler) => measureBundle(handler)),
  fleet: simulateFleet(100_000, { random: seeded(1) }),
  laptop,
};
writeFileSync('docs/benchmarks.json', `${JSON.stringify(results, null, 2)}\n`);
console.table(results.failedRequests);
console.table(results.cachedReads);
console.table(results.bundles);
console.table([results.fleet]);
console.table([results.laptop]);
