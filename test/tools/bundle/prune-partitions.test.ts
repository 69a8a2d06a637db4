import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { prunePartitions } from '../../../tools/bundle/prune-partitions.ts';

const file = '@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js';
const whole = readFileSync(fileURLToPath(new URL(`../../../node_modules/${file}`, import.meta.url)), 'utf8');

interface Partition {
  readonly id: string;
  readonly outputs: object;
  readonly regionRegex: string;
  readonly regions: Record<string, object>;
}
const partitionsOf = (text: string): Partition[] =>
  JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)).partitions;

/** As the SDK finds the partition of a region: by name, by pattern, else AWS's own. */
function outputsOf(partitions: Partition[], region: string): object | undefined {
  const named = partitions.find(({ regions }) => region in regions);
  const fitting = partitions.find(({ regionRegex }) => new RegExp(regionRegex).test(region));
  return (named ?? fitting ?? partitions.find(({ id }) => id === 'aws'))?.outputs;
}

test('every region is in the partition that the SDK’s list has it in', () => {
  const pruned = prunePartitions(file, whole);
  expect(pruned.length).toBeLessThan(whole.length / 2);
  const regions = partitionsOf(whole).flatMap(({ regions: listed }) => Object.keys(listed));
  expect(regions.length).toBeGreaterThan(35);
  for (const region of [...regions, 'eu-west-99', 'nowhere']) {
    expect({ region, outputs: outputsOf(partitionsOf(pruned), region) }).toEqual({
      region,
      outputs: outputsOf(partitionsOf(whole), region),
    });
  }
});

test('a list in another form is refused', () => {
  expect(() => prunePartitions(file, whole.replace('export const', 'const'))).toThrow(/partitions\.js: expected/);
  expect(() => prunePartitions(file, whole.replaceAll('regionRegex', 'pattern'))).toThrow(/partitions\.js: expected/);
});
