import { own } from '../../own.ts';
import { invalidValue } from './state.ts';

export interface Filter {
  Name?: string;
  Values?: string[];
}

interface Paged {
  MaxRecords?: number;
  Marker?: string;
}

/** One page and the marker of the next; 20 to 100 records, as every Describe operation of RDS has it. */
export function page<Item>(items: readonly Item[], input: Paged, nameOf: (item: Item) => string) {
  const size = input.MaxRecords ?? 100;
  if (size < 20 || size > 100) throw invalidValue(`Invalid value ${size} for MaxRecords. Must be between 20 and 100`);
  const sorted = [...items].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const after = input.Marker === undefined ? undefined : Buffer.from(input.Marker, 'base64url').toString();
  if (after !== undefined && !sorted.some((item) => nameOf(item) === after)) throw invalidValue('Invalid marker');
  const rest = after === undefined ? sorted : sorted.filter((item) => nameOf(item) > after);
  const records = rest.slice(0, size);
  const last = records.at(-1);
  return { records, Marker: last && rest.length > size ? Buffer.from(nameOf(last)).toString('base64url') : undefined };
}

/** Keeps what every filter names; an ARN stands for its identifier. */
export function filtered<Item>(
  items: readonly Item[],
  filters: readonly Filter[] | undefined,
  known: Readonly<Record<string, (item: Item) => string | undefined>>,
): Item[] {
  return (filters ?? []).reduce<Item[]>(
    (rest, { Name = '', Values = [] }) => {
      const read = own(known, Name);
      if (!read) throw invalidValue(`Unrecognized filter name: ${Name}`);
      const wanted = new Set(Values.map((value) => (value.startsWith('arn:') ? value.split(':').at(-1) : value)));
      return rest.filter((item) => wanted.has(read(item)));
    },
    [...items],
  );
}
