import { hasMark, readMarks, withMark } from '../../../pipeline/propagation/recycle-mark.ts';

const secretArn = (name: string) => `arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/${name}`;
const at = (second: number) => new Date(Date.UTC(2026, 2, 1, 0, 0, second));
const database = { itemArn: secretArn('db-AbCdEf'), versionId: 'one', promotedAt: at(1) };
const key = { itemArn: secretArn('key-GhIjKl'), versionId: 'two', promotedAt: at(1) };

test('two items each have their entry: neither rotation undoes the other’s', () => {
  const first = withMark(undefined, database);
  const both = withMark(first, key);
  expect([hasMark(both, database), hasMark(both, key)]).toEqual([true, true]);
  expect(withMark(withMark(undefined, key), database)).toBe(both);
  const later = withMark(both, { ...database, versionId: 'three', promotedAt: at(2) });
  expect(hasMark(later, key)).toBe(true);
  expect(withMark(later, database)).toBe(both);
});

test('a version that was current before is another promotion; who began after a later one began after this one too', () => {
  const first = withMark(undefined, database);
  const rolledBack = { ...database, promotedAt: at(3) };
  expect(hasMark(first, rolledBack)).toBe(false);
  expect(hasMark(withMark(first, rolledBack), database)).toBe(true);
  // Two versions of one instant: neither stands for the other.
  expect(hasMark(first, { ...database, versionId: 'three' })).toBe(false);
});

test('an entry is short, however long the version', () => {
  const tokens = ['keyturn-0', 'keyturn-1'].map((start) => start.padEnd(64, 'x'));
  const values = tokens.map((versionId) => withMark(undefined, { ...database, versionId }));
  expect(values[0]).not.toBe(values[1]);
  expect(values[0]?.length).toBeLessThanOrEqual(33);
});

test.each([
  undefined,
  '',
  'somebody else’s text',
  'a=b,c=d',
  '0123abcd=',
  '0123abcd=keyturn-3f2a91bc',
  ',,,',
])('what stood there before as %p is replaced', (before) => {
  expect(readMarks(before).size).toBe(0);
  expect(withMark(before, database)).toBe(withMark(undefined, database));
});
