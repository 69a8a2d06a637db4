import { randomUUID } from 'node:crypto';
import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';
import type { EventPrivilege } from '../../../pipeline/contracts/event-requests.ts';
import { SecretStore } from '../../../pipeline/rotation/secret-store.ts';
import { SettingsReader } from '../../../pipeline/settings/read-settings.ts';
import { prepare } from '../../../pipeline/workflow/prepare.ts';
import { rotationWindowSeconds } from '../../../pipeline/workflow/rotation-window.ts';
import { PREFIX, startStore } from './managed-secret.ts';

let store: Awaited<ReturnType<typeof startStore>>;
beforeAll(async () => {
  store = await startStore();
  await store.create('app/watched');
  await store.settle('app/watched', {
    rotated: false,
    consumers: [
      {
        name: 'items',
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:items',
        freshness: 'notify',
        maxAgeSeconds: 300,
        longestInvocationSeconds: 30,
      },
    ],
  });
  await store.create('app/stranger');
});
afterAll(() => store.stop());

const dependencies = (allowByEvent: readonly EventPrivilege[] = [], now = new Date()) => ({
  allowByEvent,
  now: () => now,
  store: new SecretStore(store.secretsManager),
  settings: new SettingsReader({ client: store.ssm, prefix: PREFIX, now: () => new Date() }),
});

test('a plan holds ARNs, names and version ids, the consumers and their bound; run twice it is the same', async () => {
  const input = { secretId: 'app/watched', operation: 'check' };
  const plan = await prepare(dependencies(), input, 'execution-1');
  expect(plan).toMatchObject({
    path: 'checks-only',
    secretName: 'app/watched',
    startedBy: 'unknown',
    convergenceBoundSeconds: 330,
    rollBack: false,
    emergency: false,
  });
  expect(JSON.stringify(plan)).not.toContain('a value');
  expect(await prepare(dependencies(), input, 'execution-1')).toEqual(plan);
});

test('a request of an event may ask for a way to rotate, and not say who started it', async () => {
  const request = { secretId: 'app/watched', startedBy: 'native', operation: 'check', versionId: 'x'.repeat(40) };
  const plan = await prepare(dependencies(), { startedBy: 'event', request }, 'execution-2');
  expect(plan).toMatchObject({ path: 'checks-only', startedBy: 'event' });
});

test('beside a request of an event nothing else counts', async () => {
  const request = { secretId: 'app/watched', operation: 'check' };
  const smuggled = { secretId: 'app/stranger', startedBy: 'console', emergency: true, request };
  expect(await prepare(dependencies(), smuggled, 'execution-2')).toMatchObject({
    secretName: 'app/watched',
    startedBy: 'event',
    emergency: false,
  });
});

describe('what an event may only ask for where the pipeline allows exactly that', () => {
  const privileges: EventPrivilege[] = ['emergency', 'force', 'retireNow'];
  const ask = (asked: object, ...allowed: EventPrivilege[]) =>
    prepare(
      dependencies(allowed),
      { request: { secretId: 'app/watched', operation: 'check', ...asked } },
      'execution-4',
    );

  test.each(privileges)('%s', async (privilege) => {
    const others = privileges.filter((one) => one !== privilege);
    await expect(ask({ [privilege]: true }, ...others)).rejects.toMatchObject({
      code: 'RequestNotAllowed',
      message: expect.stringContaining(`asks for ${privilege}, which`),
    });
    expect(await ask({ [privilege]: true }, privilege)).toMatchObject({ path: 'checks-only' });
    expect(await ask({ [privilege]: false })).toMatchObject({ path: 'checks-only' });
  });

  test('all of them at once: each is named', async () => {
    await expect(ask({ emergency: true, force: true, retireNow: true }, 'force')).rejects.toThrow(
      /emergency, retireNow/,
    );
  });

  test('an execution that says of itself that an event started it is held to the same', async () => {
    const input = { secretId: 'app/watched', startedBy: 'event', operation: 'check', emergency: true };
    await expect(prepare(dependencies(), input, 'execution-5')).rejects.toMatchObject({ code: 'RequestNotAllowed' });
  });

  test.each(['console', 'command-line', 'unknown'])('%s may ask for it', async (startedBy) => {
    const input = { secretId: 'app/watched', startedBy, operation: 'check', emergency: true, force: true };
    expect(await prepare(dependencies(), input, 'execution-6')).toMatchObject({ emergency: true });
  });
});

test.each([
  ['a watched secret is not rotated', { secretId: 'app/watched' }, 'SecretUnusable', /watched, not rotated/],
  [
    'a secret without settings is nobody’s',
    { secretId: 'app/stranger' },
    'SecretNotManaged',
    /Add the secret to the manifest/,
  ],
  ['input without a secret', {}, 'InputInvalid', /secretId/],
  ['input that is no object', 'app/watched', 'InputInvalid', /execution input/],
])('%s', async (_, input, code, message) => {
  await expect(prepare(dependencies(), input, 'execution-3')).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('a secret is new until its settings are half an hour old, or were changed', async () => {
  const at = (minutes: number) =>
    new SettingsReader({ client: store.ssm, prefix: PREFIX, now: () => new Date(Date.now() + minutes * 60_000) });
  const { arn } = await new SecretStore(store.secretsManager).describe('app/watched');
  expect(await at(0).isNew(arn)).toBe(true);
  expect(await at(31).isNew(arn)).toBe(false);
  await store.settle('app/watched', { rotated: false });
  expect(await at(0).isNew(arn)).toBe(false);
});

describe('how long a rotation may take', () => {
  const noon = new Date('2026-06-01T12:00:00Z');
  const plan = async (rotationRules: RotationRulesType, startedBy: 'native' | 'unknown', now = noon) => {
    const name = `app/${randomUUID()}`;
    const { ARN: arn } = await store.create(name);
    await store.settle(name, { promotionTimeoutSeconds: 900 });
    const rotationFunctionArn = 'arn:aws:lambda:us-east-1:000000000000:function:rotate';
    const described = {
      ...(await new SecretStore(store.secretsManager).describe(arn!)),
      rotationRules,
      rotationFunctionArn,
    };
    const reader = { ...dependencies([], now), store: { describe: async () => described } as never };
    return prepare(reader, { secretId: arn, startedBy, versionId: 'n'.repeat(36) }, 'execution-4');
  };

  test.each<[string, RotationRulesType, number]>([
    ['a window of three hours', { ScheduleExpression: 'cron(0 11 * * ? *)', Duration: '3h' }, 3 * 3_600],
    [
      'a window that would reach the next UTC day',
      { ScheduleExpression: 'rate(10 days)', Duration: '24h' },
      12 * 3_600,
    ],
    ['a schedule in hours, without a duration', { ScheduleExpression: 'rate(6 hours)' }, 3_600],
    ['a schedule in days, without a duration', { ScheduleExpression: 'rate(10 days)' }, 12 * 3_600],
    ['an interval in days', { AutomaticallyAfterDays: 30 }, 12 * 3_600],
  ])('a native rotation that is adopted, %s: until the window closes', async (_, rules, expected) => {
    expect(await plan(rules, 'native')).toMatchObject({ path: 'adopted', promotionTimeoutSeconds: expected });
  });

  test('a rotation that the workflow asked for: what the settings say', async () => {
    expect(await plan({ Duration: '3h' }, 'unknown')).toMatchObject({
      path: 'requested',
      promotionTimeoutSeconds: 900,
    });
  });

  test('a window that closes in a moment: never less than the settings say', async () => {
    expect(rotationWindowSeconds({ Duration: '1h' }, new Date('2026-06-01T23:59:30Z'))).toBe(30);
    const late = new Date('2026-06-01T23:59:30Z');
    expect(await plan({ Duration: '1h' }, 'native', late)).toMatchObject({ promotionTimeoutSeconds: 900 });
  });
});
