import { readManifest } from '../../../../pipeline/contracts/manifest/manifest-file.ts';
import { parseManifest } from '../../../../pipeline/contracts/manifest/manifest-safety.ts';

const postgres = { kind: 'postgres', secret: { name: 'app/db' }, superuserSecret: 'app/superuser' };
const jwt = { kind: 'jwt', secret: { name: 'app/jwt' } };
const key = { kind: 'api-key', provider: 'generated', secret: { name: 'app/key' } };
const manifest = (secret: object) => ({ secrets: { db: secret } });

test('defaults are filled in: alternating users, the native schedule, a day of grace', () => {
  expect(parseManifest(manifest(postgres)).secrets.db).toMatchObject({
    strategy: 'alternating-users',
    schedule: 'native',
    gracePeriodSeconds: 86_400,
    consumers: [],
  });
});

test('the example manifest is well', () => {
  expect(Object.keys(readManifest('examples/keyturn.json').secrets).length).toBeGreaterThan(1);
});

test.each([
  [
    'an unknown key',
    { ...postgres, gracePeriod: 5 },
    'secrets.db: unknown key "gracePeriod". Did you mean "gracePeriodSeconds"?',
  ],
  [
    'a misspelt key',
    { ...postgres, supperuserSecret: 'x' },
    'unknown key "supperuserSecret". Did you mean "superuserSecret"?',
  ],
  [
    'an unknown kind',
    { ...postgres, kind: 'mysql' },
    'secrets.db.kind: expected "postgres", "jwt", "api-key" or "watched"',
  ],
  ['a missing key', { kind: 'postgres' }, 'secrets.db: "secret" is missing'],
  [
    'a schedule in words',
    { ...postgres, schedule: { expression: 'every day' } },
    'secrets.db.schedule.expression: expected rate(30 days) or cron(0 3 ? * SUN *)',
  ],
  ['a rate in the wrong number', { ...postgres, schedule: { expression: 'rate(1 days)' } }, 'expected rate(1 day)'],
  [
    'a cron of five fields',
    { ...postgres, schedule: { expression: 'cron(0 3 * * SUN)' } },
    'expected six fields in cron()',
  ],
  [
    'a cron with both days',
    { ...postgres, schedule: { expression: 'cron(0 3 * * SUN *)' } },
    'expected a ? in exactly one of day-of-month and day-of-week',
  ],
  [
    'a time zone that is none',
    { ...postgres, schedule: { everyDays: 30, timeZone: 'Mars/Olympus' } },
    'expected a time zone such as Europe/Berlin',
  ],
  [
    'a grace period as text',
    { ...postgres, gracePeriodSeconds: 'a day' },
    'secrets.db.gracePeriodSeconds: expected a number, came a string',
  ],
  [
    'a partial ARN',
    { ...postgres, secret: { arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:app/db' } },
    'with the six characters at its end',
  ],
  [
    'a function with its alias',
    { ...postgres, consumers: [{ function: 'items:live' }] },
    'secrets.db.consumers[0].function: expected a function\'s name or ARN; write "alias" beside it',
  ],
  ['no subnet', undefined, 'network.subnetIds: expected one subnet or more'],
])('%s is refused: the place, and what to write', (_, secret, message) => {
  const input = secret ? manifest(secret) : { network: { vpcId: 'vpc-1', subnetIds: [] }, secrets: {} };
  expect(() => parseManifest(input)).toThrow(message);
});

test('what stood there is in no message: a value may have been pasted in by mistake', () => {
  const pasted = { ...postgres, secret: 'hunter2-the-password', gracePeriodSeconds: 'hunter2-the-password' };
  expect(() => parseManifest(manifest(pasted))).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  );
});

test.each([
  [
    'grace shorter than the convergence bound',
    { ...postgres, gracePeriodSeconds: 60, consumers: [{ function: 'items' }] },
    'Write "gracePeriodSeconds": 330 or more',
  ],
  ['grace as long as the native interval', { ...postgres, nativeIntervalDays: 1 }, 'Write a shorter grace period'],
  ['grace as long as the schedule', { ...postgres, schedule: { everyDays: 1 } }, 'rotates every 86400 seconds'],
  [
    'a safety net before the schedule',
    { ...postgres, schedule: { everyDays: 90 } },
    'Write "nativeIntervalDays": 120, or "schedule": "native"',
  ],
  [
    'single user, and a consumer that only expires',
    { ...postgres, strategy: 'single-user', consumers: [{ function: 'items', freshness: 'expire' }] },
    'no overlap',
  ],
  [
    'alternating users without an administrator',
    { ...postgres, superuserSecret: undefined },
    'Write "superuserSecret"',
  ],
  [
    'a superuser of no database',
    { ...postgres, superuserSecret: undefined, strategy: 'superuser' },
    'Write "database": {"instance"',
  ],
  ['a superuser that RDS manages, of no database', { ...postgres, superuserSecret: 'rds!db-1' }, 'holds no host'],
  [
    'a check of one’s own without function',
    { ...postgres, checks: [{ type: 'function' }] },
    'secrets["db"]: checks[0]: a check of type "function" names its function',
  ],
  ['a canary of nobody', { ...postgres, checks: [{ type: 'consumer' }] }, 'which consumer answers the canary?'],
  [
    'a check with a parameter that it does not know',
    { ...postgres, checks: [{ type: 'database', parameters: { read: ['items'] } }] },
    'checks[0]: parameters: unknown key "read". Did you mean "reads"?',
  ],
  ['a database check of a key', { ...key, checks: [{ type: 'database' }] }, 'logs in with a "postgres" secret'],
  ['a key without its user', { ...key, provider: 'bedrock' }, 'parameters: "userName" is missing'],
  [
    'a key that ends while it is in use',
    { ...key, provider: 'bedrock', parameters: { userName: 'u', credentialAgeDays: 30 } },
    'credentialAgeDays is 30',
  ],
  [
    'a promotion that is waited for beyond what a history holds',
    { ...jwt, promotionTimeoutSeconds: 172_801 },
    '172800',
  ],
  [
    'tokens that outlive the rotation',
    { ...jwt, longestTokenLifetimeSeconds: 90 * 86_400 },
    'their key would leave the ring',
  ],
  [
    'public keys of a symmetric algorithm',
    { ...jwt, algorithm: 'HS256', publicKeys: {} },
    'keys of HS256 have no public part',
  ],
  [
    'verifiers that cache beyond the lead of the next key',
    {
      ...jwt,
      nativeIntervalDays: 2,
      consumers: [{ function: 'v', maxAgeSeconds: 172_800 }],
      gracePeriodSeconds: 172_799,
    },
    'verifiers cache keys',
  ],
  [
    'a new secret with its password in the manifest',
    {
      ...postgres,
      secret: { new: { name: 'n', template: { engine: 'postgres', host: 'h', username: 'u', password: 'x' } } },
    },
    'new.template holds "password"',
  ],
  [
    'a new login of nowhere',
    { ...postgres, secret: { new: { name: 'n', template: { username: 'u' } } } },
    'lacks "engine", "host"',
  ],
  [
    'a new key that only a vendor makes',
    { ...key, provider: 'iam-access-key', parameters: { userName: 'u' }, secret: { new: { name: 'n' } } },
    'Create n with a value that works',
  ],
  [
    'a new key pair',
    { ...jwt, secret: { new: { name: 'n', template: { jwt_algorithm: 'RS256' } } } },
    'a key pair cannot be generated',
  ],
  ['a new watched secret', { kind: 'watched', secret: { new: { name: 'n' } } }, 'is put by others'],
])('%s is refused with what to write instead', (_, secret, message) => {
  expect(() => parseManifest(manifest(secret))).toThrow(message);
});

test('one secret under two names is refused: it would have two settings', () => {
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:app/db-AbCdEf';
  const twice = { secrets: { one: postgres, two: { ...postgres, secret: { arn } } } };
  expect(() => parseManifest(twice)).toThrow('secrets["two"]: app/db is the secret of "one" too');
});

test('a group with two schedules is refused: it is rotated as one', () => {
  const member = { ...postgres, group: 'shop', schedule: { everyDays: 30 } };
  const other = { ...member, secret: { name: 'other' }, schedule: { everyDays: 10 } };
  expect(() => parseManifest({ secrets: { one: member, two: other } })).toThrow('"one" has another schedule');
});

test('one IAM user for two secrets is refused: each would take the credentials of the other', () => {
  const model = { ...key, provider: 'bedrock', parameters: { userName: 'model' } };
  const secrets = { one: model, two: { ...model, secret: { name: 'other' } } };
  expect(() => parseManifest({ secrets })).toThrow('IAM user model belongs to "one" alone');
});

test.each(['', '//', '/shop//features', 'shop features', '/'])('%j is no parameter to watch', (name) => {
  const parameters = { [name]: { consumers: [{ function: 'items' }] } };
  expect(() => parseManifest({ secrets: {}, parameters })).toThrow('expected the name of a parameter');
});

test('every problem is named at once', () => {
  const bad = { ...postgres, strategy: 'superuser', proxy: { name: 'p', endpoint: 'e' }, nativeIntervalDays: 1 };
  expect(() => parseManifest(manifest(bad))).toThrow(
    /needs no superuserSecret[\s\S]*RDS Proxy|RDS Proxy[\s\S]*superuserSecret/,
  );
});

test.each([
  ['no-such-file.json', /no-such-file.json: there is no such file/],
  ['.npmrc', /\.npmrc is no JSON/],
  ['test/house', /test\/house cannot be read: EISDIR/],
])('%s is no manifest, and one line says so', (path, message) => {
  expect(() => readManifest(path)).toThrow(message);
});
