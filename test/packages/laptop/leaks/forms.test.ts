import { searchLeaks } from '../../../../packages/laptop/leaks/find-leaks.ts';
import { formsOf, secretTexts } from '../../../../packages/laptop/leaks/forms.ts';

const password = 'p"a ss\\wörd/+1';

test.each([
  ['as it is', password],
  ['in JSON', JSON.stringify({ password })],
  ['in JSON in JSON', JSON.stringify(JSON.stringify({ password }))],
  ['in a URL', `postgresql://app:${encodeURIComponent(password)}@host/db`],
  ['in a form', `password=${encodeURIComponent(password).replaceAll('%20', '+')}`],
  ['in base 64', Buffer.from(password).toString('base64')],
  ['in base 64 behind a user name', Buffer.from(`app:${password}`).toString('base64')],
  ['in base 64 in the middle', Buffer.from(`{"p":"${password}"} and more`).toString('base64')],
  ['in base 64 of a URL', Buffer.from(`ab${password}`).toString('base64url')],
])('a password is found %s', (_, text) => {
  expect(searchLeaks([password], [{ place: 'log', text }]).map(({ place }) => place)).toContain('log');
});

test('what is not there is not found', () => {
  const text = 'the password of app was changed; kid abcdefgh';
  expect(searchLeaks(['s3cret-value'], [{ place: 'log', text }])).toEqual([]);
});

test('of a database secret the password is secret, not the host', () => {
  const value = JSON.stringify({ username: 'application', host: 'database.internal', password: 'long-enough' });
  expect(secretTexts(value)).toEqual(['long-enough']);
});

test('of a key ring the private members are secret, not the key ids', () => {
  const ring = { current: { kid: 'a-long-key-id', jwk: { kty: 'OKP', x: 'public-part', d: 'private-part' } } };
  expect(secretTexts(JSON.stringify({ jwt_secret_key: 'signing-key', jwt_key_ring: ring }))).toEqual([
    'signing-key',
    'private-part',
  ]);
});

test('a value that is no JSON is secret as a whole', () => {
  expect(secretTexts('{not json after all')).toEqual(['{not json after all']);
  expect(formsOf('plain-key')[0]).toBe('plain-key');
});
