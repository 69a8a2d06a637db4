import { changed } from './prune-models.ts';

interface Partition {
  readonly id: string;
  readonly outputs: object;
  readonly regionRegex: string;
  readonly regions: Readonly<Record<string, { readonly description?: string }>>;
}

/**
 * The SDK lists every region with its description, which nothing reads. A region that the pattern of its own partition
 * finds, and that of no earlier one, needs no line.
 */
export function prunePartitions(file: string, text: string): string {
  const { partitions, ...rest } = parse(file, text);
  const foundBy = (region: string) => partitions.find(({ regionRegex }) => new RegExp(regionRegex).test(region))?.id;
  const pruned = {
    ...rest,
    partitions: partitions.map((partition) => ({
      ...partition,
      regions: Object.fromEntries(
        Object.entries(partition.regions)
          .filter(([region, said]) => foundBy(region) !== partition.id || Object.keys(said).join() !== 'description')
          .map(([region, { description: _, ...said }]) => [region, said]),
      ),
    })),
  };
  return `${HEAD}${JSON.stringify(pruned)};\n`;
}

const HEAD = 'export const partitionsInfo = ';

function parse(file: string, text: string): { partitions: Partition[] } {
  const expected = 'partitions with outputs, a pattern and regions';
  if (!text.startsWith(HEAD)) throw changed(file, expected);
  const { partitions, ...rest } = JSON.parse(text.slice(HEAD.length).trim().replace(/;$/, ''));
  const isWhole = (partition: Partition) =>
    Boolean(partition.id && partition.outputs && partition.regionRegex && partition.regions);
  if (!Array.isArray(partitions) || !partitions.every(isWhole)) throw changed(file, expected);
  return { partitions, ...rest };
}
