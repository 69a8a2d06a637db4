import { seeded, simulateFleet } from '../../bench/fleet.ts';

test('100,000 secrets are rotated within 1.05 of what the write quota allows, and nothing is throttled', () => {
  for (const seed of [1, 2, 3]) {
    const fleet = simulateFleet(100_000, { random: seeded(seed) });
    expect(fleet.ratio).toBeLessThan(1.05);
    expect(fleet.throttled).toBe(0);
  }
}, 60_000);

test('more at once than the quota allows is throttled: the bucket is no decoration', () => {
  expect(simulateFleet(20_000, { random: seeded(1), concurrency: 300 }).throttled).toBeGreaterThan(1_000);
});
