import { GetRandomPasswordCommand, type GetRandomPasswordCommandInput } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from './endpoint.ts';
import { openSecrets, type Secrets } from './secrets.ts';

let secrets: Secrets;
beforeAll(async () => {
  secrets = await openSecrets();
});
afterAll(() => secrets.close());

const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const ask = async (input: GetRandomPasswordCommandInput = {}) =>
  (await secrets.send(new GetRandomPasswordCommand(input))).RandomPassword!;
const types = {
  lowercase: /[a-z]/,
  uppercase: /[A-Z]/,
  numbers: /[0-9]/,
  punctuation: new RegExp(`[${PUNCTUATION.replace(/[\]\\^-]/g, '\\$&')}]`),
};

describe('GetRandomPassword', () => {
  test('32 characters, each type, no space, never the same', async () => {
    const password = await ask();
    expect(password).toHaveLength(32);
    for (const type of Object.values(types)) expect(password).toMatch(type);
    expect(password).not.toContain(' ');
    expect(await ask()).not.toBe(password);
  });

  test.each(['Lowercase', 'Uppercase', 'Numbers', 'Punctuation'] as const)('Exclude%s', async (type) => {
    const password = await ask({ PasswordLength: 200, [`Exclude${type}`]: true });
    expect(password).toHaveLength(200);
    expect(password).not.toMatch(types[type.toLowerCase() as keyof typeof types]);
  });

  test('ExcludeCharacters', async () => {
    const excluded = 'xyzDje@?!.';
    const password = await ask({ PasswordLength: 500, ExcludeCharacters: excluded });
    expect([...password].filter((character) => excluded.includes(character))).toEqual([]);
  });

  test('IncludeSpace', async () => {
    expect(await ask({ PasswordLength: 4_096, IncludeSpace: true })).toContain(' ');
  });

  test('as short as the types allow', async () => {
    const password = await ask({ PasswordLength: 4 });
    for (const type of Object.values(types)) expect(password).toMatch(type);
    expect(await ask({ PasswordLength: 1, RequireEachIncludedType: false })).toHaveLength(1);
    expect(await ask({ PasswordLength: 2, ExcludeNumbers: true, ExcludePunctuation: true })).toHaveLength(2);
  });

  test.each<[string, GetRandomPasswordCommandInput, object]>([
    [
      'shorter',
      { PasswordLength: 3 },
      {
        code: 'InvalidParameterException',
        message: expect.stringContaining('Password length is too short based on the required types'),
      },
    ],
    [
      'too long',
      { PasswordLength: 4_097 },
      {
        code: 'ValidationException',
        message:
          "1 validation error detected: Value '4097' at 'passwordLength' failed to satisfy constraint: Member must have value less than or equal to 4096",
      },
    ],
    ['none', { PasswordLength: 0 }, { code: 'ValidationException' }],
    [
      'of a type whose every character is excluded',
      { ExcludeCharacters: '0123456789' },
      {
        code: 'InvalidParameterException',
        message: expect.stringContaining('All characters of the desired type have been excluded'),
      },
    ],
    [
      'of nothing',
      { ExcludeLowercase: true, ExcludeUppercase: true, ExcludeNumbers: true, ExcludePunctuation: true },
      { code: 'InvalidParameterException' },
    ],
  ])('refuses one that is %s', async (_name, input, expected) => {
    expect(await refusal(ask(input))).toMatchObject(expected);
  });

  test('a type whose every character is excluded is fine where none is required', async () => {
    const password = await ask({ ExcludeCharacters: '0123456789', RequireEachIncludedType: false });
    expect(password).not.toMatch(types.numbers);
  });
});
