/** As long as the shortest text that is searched for, in any form. */
const PREFIX_LENGTH = 8;
const BASE = 31;
// A global is looked up anew each time where modules run in a context of their own, as a test runner's do.
const { imul } = Math;
const FILTER_BITS = 20;
const FILTER_MASK = (1 << FILTER_BITS) - 1;

/** What the oldest character of a window weighs in its hash, once it leaves. */
const LEAVING = Array.from({ length: PREFIX_LENGTH }).reduce<number>((weight) => imul(weight, BASE), 1);

const withNext = (hash: number, character: number): number => (imul(hash, BASE) + character) | 0;
const slotOf = (hash: number): number => (hash ^ (hash >>> 15)) & FILTER_MASK;

/**
 * Finds which of many texts stand in another one, which is gone through once however many they are (Rabin and Karp, by the
 * first eight characters). Answers their positions in the list, ascending.
 */
export function needleSearch(needles: readonly string[]): (text: string) => number[] {
  const short: number[] = [];
  const byPrefix = new Map<string, number[]>();
  const filter = new Uint8Array(FILTER_MASK + 1);
  for (const [position, needle] of needles.entries()) {
    if (needle.length < PREFIX_LENGTH) {
      short.push(position);
      continue;
    }
    const prefix = needle.slice(0, PREFIX_LENGTH);
    const sharing = byPrefix.get(prefix);
    if (sharing) sharing.push(position);
    else byPrefix.set(prefix, [position]);
    let hash = 0;
    for (let at = 0; at < PREFIX_LENGTH; at += 1) hash = withNext(hash, prefix.charCodeAt(at));
    filter[slotOf(hash)] = 1;
  }
  return (text) => {
    const found = new Set(short.filter((position) => text.includes(needles[position] as string)));
    let hash = 0;
    for (let at = 0; at < text.length; at += 1) {
      hash = withNext(hash, text.charCodeAt(at));
      const start = at - PREFIX_LENGTH + 1;
      if (start > 0) hash = (hash - imul(LEAVING, text.charCodeAt(start - 1))) | 0;
      if (start < 0 || filter[slotOf(hash)] === 0) continue;
      for (const position of byPrefix.get(text.slice(start, at + 1)) ?? []) {
        if (text.startsWith(needles[position] as string, start)) found.add(position);
      }
    }
    return [...found].sort((left, right) => left - right);
  };
}
