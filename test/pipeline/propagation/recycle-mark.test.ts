import { hasMark, readMarks, withMark } from '../../../pipeline/propagation/recycle-mark.ts';

const database = { itemArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/db-AbCdEf', versionId: 'one' };
const key = { itemArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/key-GhIjKl', versionId: 'two' };

test('two items each have their entry: neither rotation undoes the other’s', () => {
  const first = withMark(undefined, database);
  const both = withMark(first, key);
  expect([hasMark(both, database), hasMark(both, key)]).toEqual([true, true]);
  expect(withMark(withMark(undefined, key), database)).toBe(both);
  const later = withMark(both, { ...database, versionId: 'three' });
  expect([hasMark(later, database), hasMark(later, key)]).toEqual([false, true]);
  expect(withMark(later, database)).toBe(both);
});

test('an entry is short and shows a version that is; longer ones are told apart', () => {
  const value = withMark(undefined, database);
  expect(value).toMatch(/^[0-9a-f]{8}=one$/);
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
  ',,,',
])('what stood there before as %p is replaced', (before) => {
  expect(readMarks(before).size).toBe(0);
  expect(withMark(before, database)).toBe(withMark(undefined, database));
});
