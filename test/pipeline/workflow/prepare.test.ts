import { randomUUID } from 'node:crypto';
import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';
import type { EventPrivilege } from '../../../pipeline/contracts/event-requests.ts';
import type { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { type SecretDescription, SecretStore } from '../../../pipeline/rotation/secret-store.ts';
import { versionLabels } from '../../../pipeline/rotation/version-labels.ts';
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

/** Prepare of a secret whose labels are these. */
async function planOf(
  stages: Record<string, string[]>,
  input: object,
  { more = {}, described = {} }: { more?: Partial<SecretSettings>; described?: Partial<SecretDescription> } = {},
) {
  const name = `app/${randomUUID()}`;
  const { ARN: arn } = await store.create(name);
  await store.settle(name, more);
  const rotationFunctionArn = 'arn:aws:lambda:us-east-1:000000000000:function:rotate';
  const secret = { arn, name, rotationFunctionArn, ...versionLabels(stages), ...described };
  const known = { ...dependencies(), store: { describe: async () => secret } as never };
  return { plan: await prepare(known, { secretId: name, ...input }, 'execution-7'), arn, name };
}

describe('a plan holds what was decided', () => {
  const C = 'AWSCURRENT';
  const FLIGHT = 'KEYTURN_IN_FLIGHT';

  test('a rotation with nothing special about it', async () => {
    const { plan, arn, name } = await planOf({ v1: [C] }, {});
    expect(plan).toEqual({
      path: 'requested',
      reason: 'a rotation was asked for',
      secretArn: arn,
      secretName: name,
      kind: 'jwt',
      startedBy: 'unknown',
      versionId: expect.stringMatching(/^keyturn-/),
      previousVersionId: 'v1',
      retireFirst: null,
      clearVersionId: null,
      repair: null,
      rotationFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:rotate',
      emergency: false,
      rollBack: true,
      promotionTimeoutSeconds: 900,
      gracePeriodSeconds: 600,
      evidenceIntervalSeconds: 60,
      convergenceBoundSeconds: 0,
      consumers: [],
      checks: [],
      mirrors: [],
    });
  });

  test.each([
    ['when it is known', new Date('2026-05-01T00:00:00Z'), '2026-05-01T00:00:00.000Z'],
    ['long ago where it is not', undefined, '1970-01-01T00:00:00.000Z'],
  ])('a retirement that comes first, of what was promoted %s', async (_case, lastChangedAt, promotedAt) => {
    const stages = { v2: [C, FLIGHT], v1: ['AWSPREVIOUS'], v3: ['AWSPENDING'] };
    const { plan } = await planOf(stages, { retireNow: true, force: true }, { described: { lastChangedAt } });
    expect(plan).toMatchObject({
      retireFirst: { versionId: 'v2', previousVersionId: 'v1', promotedAt },
      clearVersionId: 'v3',
    });
  });

  test('a repair, which undoes nothing', async () => {
    const input = { operation: 'repair', code: 'CurrentRefused', expectedVersionId: 'v'.repeat(36) };
    const { plan, arn } = await planOf({ ['v'.repeat(36)]: [C] }, input);
    expect(plan).toMatchObject({
      path: 'repair',
      rollBack: false,
      repair: { operation: 'Repair', secretArn: arn, versionId: 'v'.repeat(36) },
    });
  });

  test('a check of a secret that has no rotation function and no version before', async () => {
    const { plan } = await planOf(
      { v1: [C] },
      { operation: 'check' },
      { described: { rotationFunctionArn: undefined } },
    );
    expect(plan).toMatchObject({ rotationFunctionArn: null, previousVersionId: null, rollBack: false });
  });

  test.each([true, false])('a value that was put by hand is rolled back where the settings say so: %s', async (is) => {
    const hand = { startedBy: 'hand', versionId: 'h'.repeat(36) };
    const stages = { ['h'.repeat(36)]: [C], v1: ['AWSPREVIOUS'] };
    const { plan } = await planOf(stages, hand, { more: { rollBackHandPutValues: is } });
    expect(plan).toMatchObject({ path: 'promoted-by-hand', rollBack: is });
  });
});

describe('the first run of a schedule', () => {
  const rate = { expression: 'rate(7 days)', timezone: 'UTC' } as never;
  const cron = { expression: 'cron(0 3 * * ? *)', timezone: 'UTC' } as never;
  test.each([
    ['of a rate is the deployment: nothing is rotated', rate, { startedBy: 'schedule' }, 'nothing-to-do'],
    ['of a cron expression rotates', cron, { startedBy: 'schedule' }, 'requested'],
    ['of a secret without a schedule of its own rotates', undefined, { startedBy: 'schedule' }, 'requested'],
    ['is not that of a person', rate, { startedBy: 'console' }, 'requested'],
    ['may check', rate, { startedBy: 'schedule', operation: 'check' }, 'checks-only'],
  ])('%s', async (_case, schedule, input, path) => {
    const { plan } = await planOf({ v1: ['AWSCURRENT'] }, input, { more: schedule && { schedule } });
    expect(plan.path).toBe(path);
  });
});

describe('an event', () => {
  const request = (asked: unknown) => prepare(dependencies(), { request: asked } as object, 'execution-8');

  test('may not ask for a repair', async () => {
    const asked = {
      secretId: 'app/watched',
      operation: 'repair',
      code: 'PendingStuck',
      expectedVersionId: 'v'.repeat(36),
    };
    await expect(request(asked)).rejects.toMatchObject({
      code: 'RequestNotAllowed',
      message: 'app/watched: repairs are not asked for by events. Use keyturn doctor --repair.',
    });
  });

  test('that asks for too much hears of the setting that would allow it', async () => {
    const asked = { secretId: 'app/watched', operation: 'check', emergency: true, force: true };
    await expect(request(asked)).rejects.toThrow(/set allowByEvent: \["emergency","force"\] for the pipeline\.$/);
  });

  test.each(['text', 7, null, undefined])('whose request is %s is refused', async (asked) => {
    await expect(request(asked)).rejects.toMatchObject({ code: 'InputInvalid' });
  });
});

test('an input of nothing is refused', async () => {
  await expect(prepare(dependencies(), null, 'execution-9')).rejects.toMatchObject({ code: 'InputInvalid' });
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
