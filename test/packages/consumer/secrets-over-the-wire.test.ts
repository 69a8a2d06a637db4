import { RotatingSecretsProvider } from '../../../packages/consumer/rotating-secrets-provider.ts';
import type { FaultRule } from '../../../packages/laptop/faults/rule.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { asPerson, clientConfig, environment, makeSecret, putSecret, reads, startStores } from './laptop.ts';

let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startStores();
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

const repeat = <Value>(count: number, make: (index: number) => Value) =>
  Array.from({ length: count }, (_, i) => make(i));

/** What Secrets Manager is like when it is down, and how long a call is waited for meanwhile. */
const outages: [string, FaultRule, { many: number; once: number }][] = [
  [
    'answers with its own error',
    { kind: 'error', code: 'InternalServiceError', httpStatus: 500, rate: 1 },
    { many: 30, once: 30 },
  ],
  ['throttles', { kind: 'throttle', rate: 1 }, { many: 30, once: 30 }],
  ['drops connections', { kind: 'reset', rate: 1 }, { many: 30, once: 30 }],
  ['never answers', { kind: 'time-out', rate: 1 }, { many: 0.1, once: 2 }],
];
/** However slow this machine is just now. */
async function warm({ provider, clock }: ReturnType<typeof environment>): Promise<void> {
  while ((await provider.testConnection('app/warm')).ok === false) clock.now += 60_000;
}
const down = (rule: FaultRule) =>
  cloud.faults.add({ ...rule, id: 'outage', service: 'secretsmanager', operation: 'GetSecretValue' });

describe('one flight', () => {
  test('a hundred concurrent cold reads make one call, whatever the transforms and the ways to read', async () => {
    await makeSecret(cloud, 'app/db', '{"n":1}');
    const { provider } = environment(cloud);
    const values = await Promise.all(
      repeat(100, async (i) => {
        if (i % 4 === 0) return provider.get('app/db', { transform: 'json' });
        if (i % 4 === 1) return JSON.parse(String(await provider.get('app/db')));
        if (i % 4 === 2) return (await provider.getVersioned('app/db', { transform: 'json', maxAge: i })).value;
        return provider.get('app/db', { transform: 'json', sdkOptions: { VersionStage: 'AWSCURRENT' } });
      }),
    );
    expect(values).toEqual(repeat(100, () => ({ n: 1 })));
    expect(reads(cloud)).toBe(1);
  });

  test('a hundred reads that are forced while an older call is under way share one call that begins after it', async () => {
    await makeSecret(cloud, 'app/db', 'one');
    const { provider, clock } = environment(cloud);
    cloud.faults.add({ kind: 'delay', delayMilliseconds: 200, operation: 'GetSecretValue' });
    const early = provider.get('app/db');
    // The cloud has taken the call, and holds it.
    while (reads(cloud) + cloud.faults.list()[0]!.struck < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    clock.now += 1;
    const forced = repeat(100, () => provider.getVersioned('app/db', { forceFetch: true }));
    const second = await putSecret(cloud, 'app/db', 'two');
    expect(new Set((await Promise.all(forced)).map(({ versionId }) => versionId))).toEqual(new Set([second]));
    await early;
    expect(reads(cloud)).toBe(2);
    expect(await provider.get('app/db')).toBe('two');
  });
});

describe.each(outages)('Secrets Manager %s for five minutes', (fault, rule, seconds) => {
  test('readers with a value go on, readers without get a clear error, and neither hammers it', async () => {
    await makeSecret(cloud, 'app/warm', 'one');
    await makeSecret(cloud, 'app/cold', 'one');
    const environments = repeat(8, () => environment(cloud, { maxAgeSeconds: 10, fetchTimeoutSeconds: seconds.many }));
    await Promise.all(environments.map(warm));
    down(rule);
    await putSecret(cloud, 'app/warm', 'two');
    const step = rule.kind === 'time-out' ? 30 : 5;
    for (let second = 0; second < 300; second += step) {
      await Promise.all(
        environments.map(async ({ provider, clock }) => {
          clock.now += step * 1_000;
          const warm = await Promise.all(repeat(10, () => provider.get('app/warm')));
          expect(new Set(warm)).toEqual(new Set(['one']));
          await expect(provider.get('app/cold')).rejects.toMatchObject({
            code: 'SecretUnavailableError',
            retryable: true,
            message: expect.stringMatching(fault === 'throttles' ? 'throttles this account' : 'Check the network path'),
          });
        }),
      );
    }
    // In 300 s: after 1, 2, 4, 8, 16, then every 30 s, each shortened by up to half: at most 25 for each value.
    const { struck } = cloud.faults.list()[0]!;
    expect(struck).toBeGreaterThan(8 * 2 * 5);
    expect(struck).toBeLessThan(8 * 2 * 25);
  });

  test('on its return each environment makes one call for each value, however many readers wait', async () => {
    await makeSecret(cloud, 'app/warm', 'one');
    const environments = repeat(8, () => environment(cloud, { maxAgeSeconds: 10, fetchTimeoutSeconds: seconds.once }));
    await Promise.all(environments.map(warm));
    down(rule);
    const second = await putSecret(cloud, 'app/warm', 'two');
    await Promise.all(
      environments.map(async ({ provider, clock }) => {
        clock.now += 11_000;
        await provider.get('app/warm');
        clock.now += 31_000;
      }),
    );
    cloud.faults.clear();
    const before = reads(cloud);
    await Promise.all(environments.flatMap(({ provider }) => repeat(50, () => provider.get('app/warm'))));
    expect(reads(cloud) - before).toBe(8);
    expect(environments.map(({ provider }) => provider.held()[0]?.versionId)).toEqual(repeat(8, () => second));
  });
});

test('a call that was frozen with its environment is not waited for', async () => {
  await makeSecret(cloud, 'app/db', 'one');
  const { provider, clock } = environment(cloud, { maxAgeSeconds: 10, fetchTimeoutSeconds: 60 });
  await provider.get('app/db');
  clock.now += 9_000;
  cloud.faults.add({ kind: 'time-out', operation: 'GetSecretValue' });
  expect(provider.current('app/db')).toBe('one');
  // The environment freezes with the refresh under way, and wakes an hour later.
  const second = await putSecret(cloud, 'app/db', 'two');
  clock.now += 3_600_000;
  expect(provider.current('app/db')).toBeUndefined();
  expect(await provider.getVersioned('app/db')).toEqual({ value: 'two', versionId: second });
});

describe('invalidation', () => {
  test('reaches a value by the name, the ARN or the partial ARN that it was read under', async () => {
    const { arn } = await makeSecret(cloud, 'app/db', 'one');
    const partial = arn.replace(/-[A-Za-z0-9]{6}$/, '');
    const { provider, clock } = environment(cloud);
    for (const readAs of ['app/db', arn, partial]) await provider.get(readAs);
    const second = await putSecret(cloud, 'app/db', 'two');
    for (const [i, name] of ['app/db', arn].entries()) {
      clock.now += i * 10_000;
      expect(provider.invalidate(name, second)).toBe(i === 0);
      for (const readAs of ['app/db', arn, partial]) expect(await provider.get(readAs)).toBe('two');
    }
    expect(reads(cloud)).toBe(6);
  });

  test('of one version leaves other secrets and what is up to date alone', async () => {
    const { versionId } = await makeSecret(cloud, 'app/db', 'one');
    await makeSecret(cloud, 'app/other', 'one');
    const { provider } = environment(cloud);
    await provider.get('app/db');
    await provider.get('app/other');
    expect(provider.invalidate('app/db', versionId)).toBe(false);
    expect(provider.invalidate('app', versionId)).toBe(false);
    await provider.get('app/db');
    await provider.get('app/other');
    expect(reads(cloud)).toBe(2);
  });

  test('that comes while an older call is under way is not undone by what that call brings', async () => {
    await makeSecret(cloud, 'app/db', 'one');
    const { provider, clock } = environment(cloud);
    // The answer is under way when the value changes and the invalidation comes.
    const client = (provider as unknown as { client: { send: (...args: unknown[]) => Promise<unknown> } }).client;
    const send = client.send.bind(client);
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    client.send = async (...args) => {
      const answer = await send(...args);
      await held;
      return answer;
    };
    const early = provider.get('app/db');
    while (reads(cloud) < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    const second = await putSecret(cloud, 'app/db', 'two');
    clock.now += 1;
    provider.invalidate('app/db', second);
    letGo();
    expect(await early).toBe('one');
    expect(await provider.get('app/db')).toBe('two');
  });

  test('a flood of invalidations makes one call in a cooldown', async () => {
    await makeSecret(cloud, 'app/db', 'one');
    const { provider, clock } = environment(cloud, { refetchCooldownSeconds: 5 });
    await provider.get('app/db');
    for (let i = 0; i < 100; i += 1) {
      clock.now += 100;
      provider.invalidate('app/db', `made-up-${i}`);
      await provider.get('app/db');
    }
    // Ten seconds: the first at once, then one for each five.
    expect(reads(cloud)).toBeLessThanOrEqual(4);
    expect(reads(cloud)).toBeGreaterThanOrEqual(3);
  });
});

describe('what IAM says', () => {
  async function readerWith(actions: string[]) {
    const trust = { Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }] };
    await asPerson(cloud, 'iam', 'CreateRole', {
      RoleName: 'reader',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', ...trust }),
    });
    if (actions.length > 0) {
      const Statement = [{ Effect: 'Allow', Action: actions, Resource: '*' }];
      await asPerson(cloud, 'iam', 'PutRolePolicy', {
        RoleName: 'reader',
        PolicyName: 'reads',
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
      });
    }
    const credentials = cloud.assumeRole(`arn:aws:iam::${cloud.accountId}:role/reader`, 'test');
    return new RotatingSecretsProvider({
      clientConfig: { ...clientConfig(cloud), credentials },
      observe: () => undefined,
    });
  }

  test('a refusal says what to grant; testConnection answers it instead of throwing; health names it', async () => {
    await makeSecret(cloud, 'app/db', 'one');
    const provider = await readerWith([]);
    await expect(provider.get('app/db')).rejects.toMatchObject({
      code: 'SecretAccessDeniedError',
      cause: { name: 'AccessDeniedException' },
      message: expect.stringContaining("Grant the function's role secretsmanager:GetSecretValue"),
    });
    expect(await provider.testConnection('app/db')).toMatchObject({ ok: false, code: 'SecretAccessDeniedError' });
    expect(provider.healthCheck()).toMatchObject({
      status: 'unhealthy',
      secrets: [{ secretId: 'app/db', lastError: 'SecretAccessDeniedError' }],
    });
  });

  test('with the one permission it works, and says which version it read', async () => {
    const { versionId } = await makeSecret(cloud, 'app/db', 'hunter2');
    const provider = await readerWith(['secretsmanager:GetSecretValue']);
    expect(await provider.testConnection('app/db')).toMatchObject({ ok: true, versionId });
    const health = provider.healthCheck();
    expect(health).toMatchObject({ status: 'healthy', secrets: [{ secretId: 'app/db', versionId, ageSeconds: 0 }] });
    expect(JSON.stringify(health)).not.toContain('hunter2');
  });

  test('credentials that AWS does not know are another error than a missing permission', async () => {
    const stranger = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'unknown', sessionToken: 'unknown' };
    const provider = new RotatingSecretsProvider({
      clientConfig: { ...clientConfig(cloud), credentials: stranger },
      observe: () => undefined,
    });
    await expect(provider.get('app/db')).rejects.toMatchObject({ code: 'CredentialsInvalidError' });
  });
});

test.each([
  ['disabled', 'DisableKey', 'EnableKey'],
  ['waiting for its deletion', 'ScheduleKeyDeletion', 'CancelKeyDeletion'],
])('a KMS key that is %s is an outage: the value at hand is served, and the next one comes with the key', async (_, stop, go) => {
  const { KeyMetadata } = await asPerson(cloud, 'kms', 'CreateKey', {});
  const key = { KeyId: KeyMetadata.KeyId };
  await asPerson(cloud, 'secretsmanager', 'CreateSecret', { Name: 'app/db', SecretString: 'one', KmsKeyId: key.KeyId });
  const { provider, clock } = environment(cloud, { maxAgeSeconds: 10, staleSeconds: 600 });
  const cold = environment(cloud).provider;
  expect(await provider.get('app/db')).toBe('one');
  await putSecret(cloud, 'app/db', 'two');
  await asPerson(cloud, 'kms', stop, key);
  clock.now += 11_000;
  expect(await provider.get('app/db')).toBe('one');
  expect(provider.healthCheck().status).toBe('degraded');
  await expect(cold.get('app/db')).rejects.toMatchObject({
    code: 'SecretUnavailableError',
    retryable: true,
    message: expect.stringMatching(/DecryptionFailure.*KMS key/),
  });
  await asPerson(cloud, 'kms', go, key);
  if (go === 'CancelKeyDeletion') await asPerson(cloud, 'kms', 'EnableKey', key);
  clock.now += 60_000;
  expect(await provider.get('app/db')).toBe('two');
});

test('health: degraded while an outage is bridged, unhealthy where a read has nothing to give', async () => {
  await makeSecret(cloud, 'app/db', 'one');
  const { provider, clock } = environment(cloud, { maxAgeSeconds: 10, staleSeconds: 60 });
  await provider.get('app/db');
  down({ kind: 'error', code: 'InternalServiceError', httpStatus: 500, rate: 1 });
  clock.now += 11_000;
  await provider.get('app/db');
  expect(provider.healthCheck().status).toBe('degraded');
  clock.now += 60_000;
  expect(provider.healthCheck().status).toBe('unhealthy');
  cloud.faults.clear();
  await provider.get('app/db');
  expect(provider.healthCheck().status).toBe('healthy');
});
