import { createHash, randomUUID } from 'node:crypto';
import jsonata from 'jsonata';
import { own } from '../../../own.ts';
import type { Sight } from './sight.ts';

const algorithms: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};
const MOST_IN_RANGE = 1_000;
const format = jsonata('$fromMillis($milliseconds, $picture, $zone)');

/**
 * What Step Functions adds to JSONata and what it takes away; time and chance are the cloud's.
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn
 */
export function functionsOf(sight: Pick<Sight, 'now' | 'random'>): Record<string, unknown> {
  const milliseconds = sight.now.getTime();
  return {
    partition,
    range,
    hash,
    parse: (text: unknown) => JSON.parse(textOf(text, 'parse')),
    uuid: () => randomUUID(),
    random: (seed?: unknown) => (seed === undefined ? sight.random() : seeded(integer(seed, 'random'))),
    millis: () => milliseconds,
    now: (picture?: string, zone?: string) => format.evaluate(undefined, { milliseconds, picture, zone }),
    eval: undefined,
  };
}

function partition(items: unknown, size: unknown): unknown[][] {
  if (!Array.isArray(items)) throw new Error('The first argument of $partition must be an array.');
  const step = Math.floor(Number(size));
  if (typeof size !== 'number' || step < 1) throw new Error('The chunk size of $partition must be a positive number.');
  const chunks: unknown[][] = [];
  for (let start = 0; start < items.length; start += step) chunks.push(items.slice(start, start + step));
  return chunks;
}

/** Like every sequence of JSONata, a range of one is that one. */
function range(first: unknown, last: unknown, delta: unknown = 1): number | number[] | undefined {
  const [from, to, step] = [integer(first, 'range'), integer(last, 'range'), integer(delta, 'range')];
  if (step === 0) throw new Error('The delta of $range must not be 0.');
  const count = Math.max(0, Math.floor((to - from) / step) + 1);
  if (count > MOST_IN_RANGE) throw new Error(`$range makes at most ${MOST_IN_RANGE} numbers, not ${count}.`);
  const numbers = Array.from({ length: count }, (_, index) => from + index * step);
  return numbers.length > 1 ? numbers : numbers[0];
}

function hash(data: unknown, algorithm: unknown): string {
  const name = own(algorithms, String(algorithm));
  if (!name) throw new Error(`$hash knows ${Object.keys(algorithms).join(', ')}, not ${String(algorithm)}.`);
  return createHash(name).update(textOf(data, 'hash')).digest('hex');
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`The argument of $${name} must be a string.`);
}

function integer(value: unknown, name: string): number {
  if (typeof value === 'number') return Math.trunc(value);
  throw new Error(`The arguments of $${name} must be numbers.`);
}

/** mulberry32: one number for one seed. */
function seeded(seed: number): number {
  let state = (seed + 0x6d2b79f5) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 4_294_967_296;
}
