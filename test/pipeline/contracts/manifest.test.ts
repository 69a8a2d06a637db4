import { parseManifest } from '../../../pipeline/contracts/manifest-safety.ts';

const postgres = { kind: 'postgres', secret: { name: 'app/db' }, superuserSecret: 'app/superuser' };
const manifest = (secret: object) => ({ secrets: { db: secret } });

test('defaults are filled in: alternating users, the native schedule, a day of grace', () => {
  expect(parseManifest(manifest(postgres)).secrets.db).toMatchObject({
    strategy: 'alternating-users',
    schedule: 'native',
    gracePeriodSeconds: 86_400,
    consumers: [],
  });
});

test.each([
  ['an unknown key', { ...postgres, gracePeriod: 5 }, /gracePeriod/],
  ['an unknown kind', { ...postgres, kind: 'mysql' }, /kind/],
  ['a schedule that AWS does not know', { ...postgres, schedule: { expression: 'every day' } }, /schedule/],
  ['a grace period as text', { ...postgres, gracePeriodSeconds: 'a day' }, /gracePeriodSeconds/],
])('%s is refused, and the place is named', (_, secret, message) => {
  expect(() => parseManifest(manifest(secret))).toThrow(message);
});

test('a grace period shorter than the convergence bound is refused with what to write instead', () => {
  const secret = {
    ...postgres,
    gracePeriodSeconds: 60,
    consumers: [{ function: 'items', maxAgeSeconds: 300, longestInvocationSeconds: 30 }],
  };
  expect(() => parseManifest(manifest(secret))).toThrow(/secrets\["db"\].*Write "gracePeriodSeconds": 330 or more/);
});

test('a grace period as long as the native interval is refused: each rotation would fall into it', () => {
  expect(() => parseManifest(manifest({ ...postgres, nativeIntervalDays: 1 }))).toThrow(/Write a shorter grace period/);
});

test('single user with consumers that only expire is refused: they would fail until their cache is old', () => {
  const secret = { ...postgres, strategy: 'single-user', consumers: [{ function: 'items', freshness: 'expire' }] };
  expect(() => parseManifest(manifest(secret))).toThrow(/no overlap.*"alternating-users"/);
});

test('every problem is named at once', () => {
  const bad = { ...postgres, strategy: 'superuser', proxy: { name: 'p', endpoint: 'e' }, nativeIntervalDays: 1 };
  expect(() => parseManifest(manifest(bad))).toThrow(/superuserSecret[\s\S]*Proxy|Proxy[\s\S]*superuserSecret/);
});
