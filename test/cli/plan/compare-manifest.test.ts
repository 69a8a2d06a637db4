import { compareManifest } from '../../../cli/plan/compare-manifest.ts';
import { parseManifest } from '../../../pipeline/contracts/manifest/manifest-safety.ts';
import type { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';

const arn = (service: string, rest: string) => `arn:aws:${service}:eu-central-1:123456789012:${rest}`;
const manifest = (more: object = {}) =>
  parseManifest({
    secrets: {
      db: {
        kind: 'postgres',
        secret: { name: 'app/db' },
        superuserSecret: 'app/superuser',
        schedule: { everyDays: 30 },
        consumers: [{ function: 'items', alias: 'live' }],
        checks: [{ type: 'function', function: 'probe' }],
        mirrors: [{ replica: 'eu-west-1' }, { parameter: '/app/db' }],
        ...more,
      },
    },
  });
const deployed: SecretSettings = {
  schemaVersion: 1,
  name: 'app/db',
  kind: 'postgres',
  rotated: true,
  rotator: {
    strategy: 'alternating-users',
    superuserSecretArn: arn('secretsmanager', 'secret:app/superuser'),
    convergenceBoundSeconds: 330,
  },
  schedule: { expression: 'rate(30 days)', timeZone: 'Etc/UTC' },
  gracePeriodSeconds: 86_400,
  promotionTimeoutSeconds: 900,
  evidenceIntervalSeconds: 60,
  rollBackHandPutValues: false,
  consumers: [
    {
      name: 'items',
      functionArn: arn('lambda', 'function:items'),
      alias: 'live',
      freshness: 'notify',
      maxAgeSeconds: 300,
      longestInvocationSeconds: 30,
    },
  ],
  checks: [{ name: 'probe', type: 'function', functionArn: arn('lambda', 'function:probe'), parameters: {} }],
  mirrors: [
    { to: 'replica', region: 'eu-west-1' },
    { to: 'parameter', parameterName: '/app/db' },
  ],
};

const compareSecrets = (wanted: ReturnType<typeof manifest>, secrets: SecretSettings[]) =>
  compareManifest(wanted, { secrets, parameters: [] });

test('the same, with ARNs on one side and names on the other, is no change', () => {
  expect(compareSecrets(manifest(), [deployed])).toEqual([
    { of: 'secret', name: 'app/db', what: 'keep', settings: [] },
  ]);
  const complete = { ...deployed.rotator, superuserSecretArn: arn('secretsmanager', 'secret:app/superuser-AbCdEf') };
  expect(compareSecrets(manifest(), [{ ...deployed, rotator: complete }])[0]?.what).toBe('keep');
});

test.each<[string, object, object]>([
  ['a number', { gracePeriodSeconds: 90_000 }, { path: 'gracePeriodSeconds', from: 86_400, to: 90_000 }],
  [
    'a strategy',
    { strategy: 'single-user' },
    { path: 'rotator.strategy', from: 'alternating-users', to: 'single-user' },
  ],
  [
    'a schedule',
    { schedule: { everyDays: 10 } },
    { path: 'schedule.expression', from: 'rate(30 days)', to: 'rate(10 days)' },
  ],
  ['a group', { group: 'shop' }, { path: 'group', to: 'shop' }],
  [
    'a consumer’s freshness',
    { consumers: [{ function: 'items', alias: 'live', freshness: 'recycle' }] },
    { path: 'consumers.items.freshness', from: 'notify', to: 'recycle' },
  ],
  ['a check that goes', { checks: [] }, { path: 'checks.probe.type', from: 'function' }],
])('%s that changes is told, from and to', (_, more, change) => {
  const [told] = compareSecrets(manifest(more), [deployed]);
  expect(told).toMatchObject({ what: 'change', settings: expect.arrayContaining([change]) });
});

test('what is new is added, and what the manifest no longer names is removed', () => {
  expect(compareSecrets(manifest(), []).map(({ what }) => what)).toEqual(['add']);
  expect(compareSecrets(manifest(), [deployed, { ...deployed, name: 'app/old' }])).toContainEqual({
    of: 'secret',
    name: 'app/old',
    what: 'remove',
    settings: [],
  });
});

test('watched parameters are compared as secrets are', () => {
  const wanted = parseManifest({ secrets: {}, parameters: { '/app/': { consumers: [{ function: 'items' }] } } });
  const [consumer] = deployed.consumers;
  const settings = { schemaVersion: 1 as const, name: '/app/', consumers: [{ ...consumer!, alias: undefined }] };
  const compared = (parameters: (typeof settings)[]) => compareManifest(wanted, { secrets: [], parameters });
  expect(compared([])).toEqual([{ of: 'parameter', name: '/app/', what: 'add', settings: [] }]);
  expect(compared([settings])).toMatchObject([{ what: 'keep' }]);
  expect(compared([settings, { ...settings, name: '/old' }])).toMatchObject([
    { what: 'keep' },
    { name: '/old', what: 'remove' },
  ]);
});
