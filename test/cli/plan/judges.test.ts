import { createHash } from 'node:crypto';
import { judgeDatabase } from '../../../cli/plan/database-preflight.ts';
import { judgeDenied } from '../../../cli/plan/iam-preflight.ts';
import { judgeKey } from '../../../cli/plan/kms-preflight.ts';
import { judgePassword } from '../../../cli/plan/password-preflight.ts';
import { judgeProxy, type ProxyFacts } from '../../../cli/plan/proxy-preflight.ts';
import { judgePending, judgeSecret } from '../../../cli/plan/secret-preflight.ts';
import type { PostgresManifestSecret } from '../../../pipeline/contracts/manifest/manifest.ts';
import { parseManifest } from '../../../pipeline/contracts/manifest/manifest-safety.ts';

const entryOf = (more: object = {}) =>
  parseManifest({
    secrets: { db: { kind: 'postgres', secret: { name: 'app/db' }, superuserSecret: 'app/superuser', ...more } },
  }).secrets.db as PostgresManifestSecret;
const arn = (name: string) => `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-AbCdEf`;

describe('the secret', () => {
  const now = new Date('2026-03-01T00:00:00Z');
  const value = JSON.stringify({ engine: 'postgres', host: 'h', username: 'u', password: 'hunter2' });
  const facts = {
    name: 'app/db',
    arn: arn('app/db'),
    isDeleted: false,
    stagesByVersion: { one: ['AWSCURRENT'] },
    value,
  };
  const codes = (more: object, entry = entryOf()) =>
    judgeSecret(entry, { ...facts, ...more }, now).map(({ code }) => code);

  test.each<[string, object, string]>([
    ['is there', {}, 'SecretFound'],
    ['does not exist', { arn: undefined }, 'SecretMissing'],
    ['is scheduled for deletion', { isDeleted: true }, 'SecretDeleted'],
    ['is another service’s', { owningService: 'rds' }, 'SecretOwned'],
    ['has no value', { stagesByVersion: {} }, 'SecretEmpty'],
    ['may not be read from here', { value: undefined, unreadable: 'denied' }, 'SecretUnreadable'],
    ['holds no database login', { value: '{"engine":"mysql","password":"hunter2"}' }, 'PayloadInvalid'],
    ['holds no JSON', { value: 'hunter2' }, 'PayloadInvalid'],
  ])('%s', (_, more, code) => {
    expect(codes(more)).toEqual([code]);
  });

  test('a signing key that is no secret blocks, and a short one is worth a word', () => {
    const entry = parseManifest({ secrets: { jwt: { kind: 'jwt', secret: { name: 'app/jwt' } } } }).secrets.jwt!;
    const judged = (payload: object) => judgeSecret(entry, { ...facts, value: JSON.stringify(payload) }, now);
    const publicPem = '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n';
    expect(judged({ jwt_secret_key: `  ${publicPem}` })).toMatchObject([
      { level: 'blocks', code: 'SigningKeyUnfit', remedy: expect.stringContaining('"jwt_algorithm"') },
    ]);
    expect(judged({ jwt_secret_key: 'hunter2hunter2' })).toMatchObject([
      { level: 'warns', code: 'SigningKeyShort', text: expect.stringContaining('the 32 bytes that HS256 asks for') },
    ]);
    const alike = { kid: 'a', alg: 'HS512', jwk: { kty: 'oct', k: 'aHVudGVyMg' } };
    expect(judged({ jwt_secret_key: 'hunter2', jwt_key_ring: { current: alike } })).toMatchObject([
      { code: 'SigningKeyShort', text: expect.stringContaining('key a is shorter than the 64 bytes') },
    ]);
    expect(judged({ jwt_secret_key: 'x'.repeat(32) })).toMatchObject([{ level: 'ok', code: 'SecretFound' }]);
    expect(judged({ jwt_secret_key: publicPem, jwt_algorithm: 'RS256' })).toMatchObject([{ code: 'SecretFound' }]);
    expect(JSON.stringify([judged({ jwt_secret_key: 'hunter2' })])).not.toContain('hunter2');
  });

  test('its value is in no finding', () => {
    const found = judgeSecret(entryOf(), { ...facts, value: '{"engine":"mysql","host":"hunter2"}' }, now);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  test('one that the stack would make is there already', () => {
    const made = { new: { name: 'app/db', template: { engine: 'postgres', host: 'h', username: 'u' } } };
    expect(codes({}, entryOf({ secret: made }))).toEqual(['SecretExists']);
    expect(codes({ arn: undefined }, entryOf({ secret: made }))).toEqual(['SecretNew']);
  });

  test('AWSPENDING beside AWSCURRENT is an ended rotation; elsewhere it is none', () => {
    const pending = (stagesByVersion: Record<string, string[]>) => judgePending({ ...facts, stagesByVersion })[0];
    expect(pending({ one: ['AWSCURRENT', 'AWSPENDING'] })).toMatchObject({ level: 'ok' });
    expect(pending({ one: ['AWSCURRENT'], two: ['AWSPENDING'] })).toMatchObject({
      level: 'blocks',
      remedy: expect.stringContaining('--remove-from-version-id two'),
    });
  });
});

describe('the key', () => {
  const key = { Arn: 'arn:aws:kms:eu-central-1:123456789012:key/k', KeyId: 'k', KeyState: 'Enabled' } as const;
  test.each<[string, object, string | undefined, string]>([
    ['is enabled and named', key, key.Arn, 'KeyUsable'],
    ['is not named in the manifest', key, undefined, 'KeyNotNamed'],
    ['is another one than the manifest names', key, 'arn:aws:kms:eu-central-1:123456789012:key/other', 'KeyNotNamed'],
    ['is disabled', { ...key, KeyState: 'Disabled' }, key.Arn, 'KeyUnusable'],
    ['is about to be deleted', { ...key, KeyState: 'PendingDeletion' }, key.Arn, 'KeyUnusable'],
  ])('%s', (_, metadata, named, code) => {
    expect(judgeKey('app/db', metadata, named).map((found) => found.code)).toEqual([code]);
  });
});

describe('the role', () => {
  test('what it may not do is named, each with its resource', () => {
    expect(judgeDenied('role', [])).toMatchObject([{ level: 'ok' }]);
    const denied = judgeDenied('role', ['secretsmanager:PutSecretValue on arn:…', 'ssm:GetParameter on arn:…']);
    expect(denied).toMatchObject([{ level: 'blocks', text: expect.stringContaining('ssm:GetParameter on arn:…') }]);
  });
});

describe('the password', () => {
  let draws = 0;
  // Another draw each time: a password that lacks a class is drawn anew.
  const bytes = (size: number) => {
    draws += 1;
    return createHash('shake256', { outputLength: size }).update(String(draws)).digest();
  };
  const judged = (more: object, username = 'app') =>
    judgePassword(entryOf(more), username, bytes).map(({ level, code }) => [level, code]);

  test('the default is strong', () => expect(judged({})).toEqual([['ok', 'PasswordStrong']]));
  test('sixteen characters of few are weak', () =>
    expect(judged({ passwordLength: 16, excludeCharacters: 'abcdefghijklmnopqrstuvwxyz' })).toEqual([
      ['warns', 'PasswordWeak'],
    ]));
  test('nothing left to make one from', () =>
    expect(judged({ excludeCharacters: printable.slice(0, 85) })).toEqual([['blocks', 'UnsafeRotation']]));
  test('a login whose second name PostgreSQL would cut off', () =>
    expect(judged({}, 'x'.repeat(60))).toEqual([['blocks', 'UnsafeRotation']]));
});
const printable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');

describe('the proxy', () => {
  const proxy = (more: object = {}): ProxyFacts => ({
    proxy: {
      DBProxyName: 'shop',
      EngineFamily: 'POSTGRESQL',
      Auth: [{ SecretArn: arn('login/base'), IAMAuth: 'DISABLED' }],
      ...more,
    },
  });
  const named = { name: 'shop', endpoint: 'proxy.example.com' };
  const logins = { base: 'login/base', second: arn('login/second') };
  const judged = (entry: object, facts: ProxyFacts) => judgeProxy(entryOf(entry), 'app/db', facts);

  test.each<[string, object, ProxyFacts, string]>([
    ['is not there', { proxy: named }, { proxy: undefined }, 'ProxyMissing'],
    ['speaks MySQL', { proxy: named }, proxy({ EngineFamily: 'MYSQL' }), 'ProxyOfOtherEngine'],
    [
      'authenticates end to end by IAM',
      { proxy: named },
      proxy({ DefaultAuthScheme: 'IAM_AUTH', Auth: [] }),
      'ProxyFits',
    ],
    ['knows one login of two', { proxy: named }, proxy(), 'LoginSecretsMissing'],
    ['lacks a registration', { proxy: { ...named, loginSecrets: logins } }, proxy(), 'LoginSecretsNotRegistered'],
    [
      'has both registered',
      { proxy: { ...named, loginSecrets: logins } },
      proxy({ Auth: [{ SecretArn: arn('login/base') }, { SecretArn: arn('login/second') }] }),
      'ProxyFits',
    ],
    [
      'single user: the secret itself is registered',
      { strategy: 'single-user', proxy: named },
      proxy({ Auth: [{ SecretArn: arn('app/db') }] }),
      'ProxyFits',
    ],
    ['single user: it is not', { strategy: 'single-user', proxy: named }, proxy(), 'LoginSecretsNotRegistered'],
    [
      'does not begin as the owner',
      { ownerRole: 'owner', proxy: { ...named, ownership: 'init-query' } },
      proxy({ DefaultAuthScheme: 'IAM_AUTH' }),
      'InitQueryMissing',
    ],
    [
      'begins as the owner',
      { ownerRole: 'owner', proxy: { ...named, ownership: 'init-query' } },
      { ...proxy({ DefaultAuthScheme: 'IAM_AUTH' }), initQuery: 'SET ROLE owner' },
      'ProxyFits',
    ],
  ])('%s', (_, entry, facts, code) => {
    expect(judged(entry, facts).map((found) => found.code)).toEqual([code]);
  });

  test('the command that registers keeps those that are registered: --auth replaces the list', () => {
    const [missing] = judged({ proxy: { ...named, loginSecrets: logins } }, proxy());
    const [, auth] = missing?.remedy?.match(/^aws rds modify-db-proxy --db-proxy-name shop --auth '(.*)'$/) ?? [];
    const entry = (secret: string) => ({ AuthScheme: 'SECRETS', SecretArn: arn(secret), IAMAuth: 'DISABLED' });
    expect(JSON.parse(auth ?? '')).toEqual([entry('login/base'), entry('login/second')]);
  });
});

describe('the database', () => {
  test('one that is not reached from a desk is no finding against it', () => {
    const [found] = judgeDatabase([{ code: 'TargetUnavailable', blocks: true, text: 'timed out' }]);
    expect(found).toMatchObject({ level: 'unknown', code: 'TargetUnavailable' });
  });
  test('a missing grant comes with its statement', () => {
    const [found] = judgeDatabase([{ code: 'AdminOptionMissing', blocks: true, text: 't', statement: 'GRANT a TO b' }]);
    expect(found).toMatchObject({ level: 'blocks', remedy: 'Run: GRANT a TO b;' });
  });
});
