import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { measureBundle } from './bundles.ts';
import { measureColdStampede } from './cold-stampede.ts';
import { measureCachedReads } from './consumer-cached-reads.ts';
import { measureConvergence } from './convergence.ts';
import { measureFailedRequests } from './failed-requests.ts';
import { seeded, simulateFleet } from './fleet.ts';
import { measureFleetOnLaptop } from './fleet-on-laptop.ts';
import { measureLaptop } from './laptop.ts';
import { measureRotationCosts } from './rotation-costs.ts';

const FILE = 'docs/benchmarks.json';

/** By name, in the order in which they run: what needs a young process comes first, the longest last. */
const benchmarks: Record<string, () => object | Promise<object>> = {
  laptop: measureLaptop,
  cachedReads: () => measureCachedReads(),
  coldStampede: () => measureColdStampede(),
  bundles: () => ['rotate-postgres', 'rotate-jwt', 'rotate-api-key'].map((handler) => measureBundle(handler)),
  fleet: () => simulateFleet(100_000, { random: seeded(1) }),
  failedRequests: () => measureFailedRequests(),
  rotationCosts: () => measureRotationCosts(),
  convergence: () => measureConvergence(),
  fleetOnLaptop: () => measureFleetOnLaptop(),
};

/** Runs every benchmark, or those that are named, prints their tables, and writes their parts of docs/benchmarks.json. */
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  throw new Error(`There is no benchmark ${unknown.join(', ')}. Expected: ${Object.keys(benchmarks).join(', ')}.`);
}
for (const [name, measure] of Object.entries(benchmarks)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const result = await measure();
  console.log(`\n${name}`);
  console.table([result].flat());
  const machine = { cores: cpus().length, node: process.version };
  // One after the other, so that what was measured is kept where a later one fails.
  const file = { ...JSON.parse(readFileSync(FILE, 'utf8')), machine, [name]: result };
  writeFileSync(FILE, `${JSON.stringify(file, null, 2)}\n`);
}
