import fc from 'fast-check';
import { needleSearch } from '../../../../packages/laptop/leaks/needle-search.ts';

/** Few characters, so that texts have much in common. */
const letters = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', '漢'), minLength, maxLength });

test('it finds what looking for each text by itself finds', () => {
  fc.assert(
    fc.property(fc.array(letters(1, 12), { maxLength: 30 }), letters(0, 400), (needles, text) => {
      const expected = [...needles.keys()].filter((position) => text.includes(needles[position] as string));
      expect(needleSearch(needles)(text)).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

test('a text is found at the beginning, in the middle and at the end, and one that is cut off is not', () => {
  const search = needleSearch(['password-1', 'password-2']);
  expect(search('password-1 and then')).toEqual([0]);
  expect(search('before password-2 after')).toEqual([1]);
  expect(search('at the end password-1')).toEqual([0]);
  expect(search('password-1password-2password-1')).toEqual([0, 1]);
  expect(search('password-')).toEqual([]);
});

test('thousands of texts are found faster than by looking for each by itself', () => {
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(20_000);
  const needles = Array.from({ length: 1_000 }, (_, index) => `needle-${index}-of-the-haystack`);
  const time = (search: (text: string) => number[]) => {
    const started = performance.now();
    expect(search(text)).toEqual([]);
    return performance.now() - started;
  };
  const oneByOne = (looked: string) =>
    [...needles.keys()].filter((position) => looked.includes(needles[position] as string));
  // A machine with other work stops either for a while: the shortest of several looks tells.
  const shortest = (search: (text: string) => number[]) => Math.min(...Array.from({ length: 5 }, () => time(search)));
  expect(shortest(needleSearch(needles))).toBeLessThan(shortest(oneByOne));
});
