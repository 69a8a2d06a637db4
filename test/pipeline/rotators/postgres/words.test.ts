import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { judgeSecret } from '../../../../cli/plan/secret-preflight.ts';
import { PostgresPayload } from '../../../../pipeline/contracts/payloads/postgres.ts';
import { PostgresSettings } from '../../../../pipeline/contracts/settings/postgres.ts';
import { parsePayload } from '../../../../pipeline/rotators/parse-payload.ts';
import { generatePassword } from '../../../../pipeline/rotators/postgres/password.ts';
import { withKeyNamed } from '../../../../pipeline/rotators/postgres/secondary-key.ts';

const whole = { engine: 'postgres', host: 'h', username: 'u', password: 'p' };
const refusal = (change: object) => {
  try {
    return parsePayload('arn', PostgresPayload, JSON.stringify({ ...whole, ...change }));
  } catch (error) {
    return (error as Error).message;
  }
};

test.each([
  [{ host: null }, 'arn: host: expected text, came null.'],
  [{ username: '' }, 'arn: username: expected at least one character, came empty text.'],
  [{ password: 7 }, 'arn: password: expected text, came a number.'],
  [{ host: ['h'] }, 'arn: host: expected text, came a list.'],
  [{ dbname: null }, 'arn: dbname: expected text, came null.'],
  [{ engine: undefined }, 'arn: engine: expected a value, came nothing.'],
  [{ engine: 'oracle' }, 'arn: engine: expected ("postgres" | "aurora-postgresql"), came text.'],
  [{ masterarn: 'secret-value' }, 'arn: masterarn: expected "arn:", came text.'],
])('a member of the wrong kind is said in words: %j', (change, message) => expect(refusal(change)).toBe(message));

test('a port that is no port says so, without the value', () => {
  expect(refusal({ port: '99999' })).toMatch(/^arn: port: expected .*, came text\.$/);
  expect(refusal({ port: '99999' })).not.toMatch(/!0|expected check|99999/);
});

test('a binary value blocks', () => {
  const entry = { kind: 'postgres', secret: { name: 'shop/db' } } as never;
  const facts = {
    name: 'shop/db',
    arn: 'arn',
    isDeleted: false,
    stagesByVersion: { one: ['AWSCURRENT'] },
    isBinary: true,
    unreadable: 'its value is binary',
  };
  expect(judgeSecret(entry, facts, new Date())).toMatchObject([{ level: 'blocks', code: 'SecretBinary' }]);
});

test('a generated password stands in a URL as it is', () => {
  const { excludeCharacters, passwordLength: length } = v.parse(PostgresSettings, {});
  for (let round = 0; round < 500; round += 1) {
    const password = generatePassword({ length, excludeCharacters, randomBytes });
    const url = new URL(`postgres://app:${password}@db.example:5432/shop?x=1`);
    expect([url.password, url.hostname, url.pathname, encodeURIComponent(password)]).toEqual([
      password,
      'db.example',
      '/shop',
      password,
    ]);
  }
});

test('a customer’s key that may not be used is said with the secret’s name, for good', async () => {
  const denied = Object.assign(new Error('Access to KMS is not allowed'), { name: 'AccessDeniedException' });
  await expect(
    withKeyNamed('arn:of-superuser', '"superuserSecretKmsKeyArn"', () => Promise.reject(denied)),
  ).rejects.toMatchObject({
    code: 'TargetRefused',
    retryable: false,
    message: expect.stringMatching(/^arn:of-superuser: .*"superuserSecretKmsKeyArn"/),
  });
  const other = Object.assign(new Error('throttled'), { name: 'ThrottlingException' });
  await expect(withKeyNamed('arn', 'x', () => Promise.reject(other))).rejects.toBe(other);
});
