import { isOneOf, isSameSecret } from '../../../../packages/consumer/contracts/same-secret.ts';

test('equal text is the same secret; other text, of whatever length, is not', () => {
  expect(isSameSecret('one', 'one')).toBe(true);
  for (const other of ['one ', 'One', 'on', '', 'two']) expect(isSameSecret('one', other)).toBe(false);
});

test('no secret is the same as no secret, and as no text', () => {
  expect([isSameSecret(undefined, undefined), isSameSecret(undefined, ''), isSameSecret('', undefined)]).toEqual([
    true,
    false,
    false,
  ]);
});

test('one of several, wherever it stands, and none of none', () => {
  expect([isOneOf('b', ['a', 'b', 'c']), isOneOf('d', ['a', 'b', 'c']), isOneOf('a', [])]).toEqual([
    true,
    false,
    false,
  ]);
});
