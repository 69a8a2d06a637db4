import { isNamed } from '../../pipeline/errors.ts';

const named = (name: string) => Object.assign(new Error('from AWS'), { name });

test.each([
  ['NoSuchEntity', true],
  ['NoSuchEntityException', true],
  ['LimitExceeded', true],
  ['NoSuchEntities', false],
  ['Exception', false],
])('an error is told by its names, with "Exception" at the end or without: %s', (name, expected) => {
  expect(isNamed(named(name), 'NoSuchEntity', 'LimitExceeded')).toBe(expected);
});

test('what is no Error has no name', () => {
  expect(isNamed({ name: 'NoSuchEntity' }, 'NoSuchEntity')).toBe(false);
});
