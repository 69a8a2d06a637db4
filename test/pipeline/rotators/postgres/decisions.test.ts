import { randomBytes } from 'node:crypto';
import { alternateOf, loginNames } from '../../../../pipeline/rotators/postgres/login-names.ts';
import { generatePassword } from '../../../../pipeline/rotators/postgres/password.ts';
import { digestSettings, mergeSettings, splitList } from '../../../../pipeline/rotators/postgres/role-settings.ts';

describe('the two logins', () => {
  test('AWS’s convention, from either name', () => {
    expect(loginNames('s', 'app')).toEqual({ base: 'app', second: 'app_clone' });
    expect(loginNames('s', 'app_clone')).toEqual({ base: 'app', second: 'app_clone' });
    expect(alternateOf('s', 'app')).toBe('app_clone');
    expect(alternateOf('s', 'app_clone')).toBe('app');
    expect(alternateOf('s', '_clone')).toBe('_clone_clone');
  });
});

describe('settings that differ', () => {
  const settings = (entries: Record<string, string>) => new Map(Object.entries(entries));
  const same = settings({ work_mem: '4MB' });
  const remembered = digestSettings(same);
  test.each([
    ['changed on the base', { work_mem: '5MB' }, { work_mem: '4MB' }, { work_mem: '5MB' }],
    ['changed on the second', { work_mem: '4MB' }, { work_mem: '6MB' }, { work_mem: '6MB' }],
    ['changed on both: the base counts', { work_mem: '5MB' }, { work_mem: '6MB' }, { work_mem: '5MB' }],
    ['removed from the base', {}, { work_mem: '4MB' }, {}],
    ['removed from the second', { work_mem: '4MB' }, {}, {}],
    ['added to either', { work_mem: '4MB', a: '1' }, { work_mem: '4MB', b: '2' }, { work_mem: '4MB', a: '1', b: '2' }],
  ])('%s', (_what, base, second, expected) => {
    const merged = mergeSettings(settings(base as never), settings(second as never), remembered);
    expect(Object.fromEntries(merged)).toEqual(expected);
  });
});

test.each([
  ['"$user", public', ['$user', 'public']],
  ['"a, ""b""", c', ['a, "b"', 'c']],
  ['""', ['']],
  ['', ['']],
])('the list %p is given name by name', (value, names) => {
  expect(splitList(value)).toEqual(names);
});

describe('passwords', () => {
  test('every class, no excluded character, the length that was asked for', () => {
    for (let round = 0; round < 200; round += 1) {
      const password = generatePassword({ length: 16, excludeCharacters: ':/@"\'\\', randomBytes });
      expect(password).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^a-zA-Z0-9])[!-~]{16}$/);
      expect(password).not.toMatch(/[:/@"'\\]/);
    }
  });
  test('too few characters left: refused', () => {
    const excludeCharacters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
    expect(() => generatePassword({ length: 32, excludeCharacters, randomBytes })).toThrow(/leaves 10 characters/);
  });
});
