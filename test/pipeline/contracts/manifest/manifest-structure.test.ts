import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest } from '../../../../pipeline/contracts/manifest/manifest-file.ts';
import { parseManifest } from '../../../../pipeline/contracts/manifest/manifest-safety.ts';
import { repeatedKeys } from '../../../../pipeline/contracts/manifest/repeated-keys.ts';

const jwt = { kind: 'jwt', secret: { name: 'app/jwt' } };
const own = (parameters: unknown) => ({
  secrets: { jwt: { ...jwt, checks: [{ type: 'function', function: 'own', parameters }] } },
});
const nested = (levels: number): unknown => (levels === 0 ? 'x' : { in: nested(levels - 1) });

test('parameters of a check of one’s own are anything that a person can read', () => {
  const parameters = { words: ['a', 'b'], text: 'two\nlines', emoji: '👩‍🔧', ratio: 0.25, deep: nested(5), none: null };
  expect(parseManifest(own(parameters)).secrets.jwt?.checks[0]?.parameters).toEqual(parameters);
});

test.each([
  [
    'a mark that turns the line',
    { text: 'a\u202eb' },
    'secrets.jwt.checks[0].parameters.text: expected text without control',
  ],
  ['a control character', { text: '\u001b[2J' }, 'expected text without control characters'],
  ['half a character', { text: '\ud800' }, 'expected text without control characters'],
  [
    'a reference that CloudFormation resolves',
    { text: 'x{{resolve:secretsmanager:app/db}}' },
    'text that stands for itself',
  ],
  ['a token of the CDK', { text: '${Token[TOKEN.12]}' }, 'text that stands for itself'],
  ['a list token of the CDK', { text: '#{Token[TOKEN.12]}' }, 'text that stands for itself'],
  ['a number that JSON does not keep', { number: 2 ** 53 }, 'expected a number of at most 9007199254740991'],
  ['a number without end', { number: Number.POSITIVE_INFINITY }, 'expected a number of at most'],
  ['a text of a book', { text: 'a'.repeat(8_193) }, 'expected at most 8192 characters'],
  ['a depth that code would fall into', nested(30), 'expected at most 20 levels'],
  [
    'a key that turns the line',
    { 'a\u202eb': 1 },
    'parameters: the key "a?b" is longer than 512 characters, or holds a control',
  ],
])('%s is refused, with its place', (_, parameters, message) => {
  expect(() => parseManifest(own(parameters))).toThrow(message);
});

test.each([
  '__proto__',
  'constructor',
  'toString',
  'prototype',
])('a secret named %s is refused: it would be lost without a word', (name) => {
  const secrets = JSON.parse(`{ "${name}": ${JSON.stringify(jwt)} }`);
  expect(() => parseManifest({ secrets })).toThrow(`secrets: the key "${name}" is a name that objects inherit`);
  const parameters = JSON.parse(`{ "${name}": { "consumers": [{ "function": "items" }] } }`);
  expect(() => parseManifest({ secrets: {}, parameters })).toThrow(`the key "${name}"`);
});

test('a bomb of values is refused before anything is read', () => {
  expect(() => parseManifest(own({ list: Array.from({ length: 60_000 }, () => 0) }))).toThrow('at most 50000 values');
});

test.each([
  ['secrets', { secrets: [] }],
  ['secrets.jwt', { secrets: { jwt: [] } }],
  ['parameters', { secrets: {}, parameters: [] }],
  ['secrets.jwt.checks[0].parameters', own([])],
])('a list in the place of the object at %s is refused', (_, manifest) => {
  expect(() => parseManifest(manifest)).toThrow(/expected/);
});

describe('a key that stands in a file twice', () => {
  test.each([
    ['{"a": 1, "a": 2}', [{ key: 'a', line: 1 }]],
    ['{"a": {"b": 1},\n "c": {"b": 2},\n "a": 3}', [{ key: 'a', line: 3 }]],
    ['{"a": [{"b": 1}, {"b": 2}], "b": "\\"a\\": {"}', []],
    ['{"a": 1, "\\u0061": 2}', [{ key: 'a', line: 1 }]],
    ['{"a\\\\": 1, "a": "a"}', []],
    ['[]', []],
  ])('%s', (json, found) => {
    JSON.parse(json);
    expect(repeatedKeys(json)).toEqual(found);
  });

  test('is refused with its line: the parser would keep the last one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-manifest-'));
    const path = join(folder, 'keyturn.json');
    const entry = JSON.stringify(jwt);
    writeFileSync(path, `{ "secrets": {\n"jwt": ${entry},\n"jwt": ${entry.replace('app/jwt', 'stranger')} } }`);
    expect(() => readManifest(path)).toThrow('has the key "jwt" of line 3 twice. Write it once.');
    writeFileSync(path, `{ "secrets": {}, "$schema": "${'a'.repeat(1_000_001)}" }`);
    expect(() => readManifest(path)).toThrow('a manifest has 1000000 at most');
    rmSync(folder, { recursive: true });
  });
});
