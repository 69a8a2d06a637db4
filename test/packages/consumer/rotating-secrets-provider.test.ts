import {
  GetParameterError,
  ParameterNotFoundError,
  TransformParameterError,
} from '@aws-lambda-powertools/parameters/errors';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Observation } from '../../../packages/consumer/observe.ts';
import {
  RotatingSecretsProvider,
  type RotatingSecretsProviderOptions,
} from '../../../packages/consumer/rotating-secrets-provider.ts';

/** Secrets Manager as far as a reader sees it, with a switch for outages. */
class Vault {
  calls = 0;
  failing: Error | undefined;
  versions: Record<string, { value: string; versionId: string }> = {
    AWSCURRENT: { value: '{"password":"one"}', versionId: 'v1' },
  };
  gate: Promise<void> = Promise.resolve();

  readonly client = {
    config: { serviceId: 'Secrets Manager' },
    middlewareStack: { identify: () => [], addRelativeTo: () => undefined, use: () => undefined },
    send: async (command: { input: { VersionStage?: string } }) => {
      this.calls += 1;
      const answer = this.versions[command.input.VersionStage ?? 'AWSCURRENT'];
      await this.gate;
      if (this.failing) throw this.failing;
      if (!answer) throw awsError('ResourceNotFoundException');
      return { SecretString: answer.value, VersionId: answer.versionId };
    },
  } as unknown as SecretsManagerClient;

  rotate(value: string, versionId: string): void {
    this.versions.AWSCURRENT = { value, versionId };
  }
}

function awsError(name: string): Error {
  return Object.assign(new Error(`${name} from AWS`), { name });
}

function setUp(options: Partial<RotatingSecretsProviderOptions> = {}) {
  const vault = new Vault();
  const clock = { now: 1_000_000 };
  const observations: Observation[] = [];
  const provider = new RotatingSecretsProvider({
    awsSdkV3Client: vault.client,
    now: () => clock.now,
    random: () => 1,
    observe: (observation) => observations.push(observation),
    ...options,
  } as RotatingSecretsProviderOptions);
  return { vault, clock, provider, observations };
}

describe('what Powertools offers keeps working', () => {
  test('a value is cached for its age and read again after it', async () => {
    const { vault, clock, provider } = setUp();
    expect(await provider.get('app/db', { maxAge: 10 })).toBe('{"password":"one"}');
    vault.rotate('{"password":"two"}', 'v2');
    clock.now += 9_999;
    expect(await provider.get('app/db')).toBe('{"password":"one"}');
    clock.now += 1;
    expect(await provider.get('app/db')).toBe('{"password":"two"}');
    expect(vault.calls).toBe(2);
  });

  test('maxAge 0 never caches, forceFetch reads although a value is warm', async () => {
    const { vault, provider } = setUp();
    await provider.get('app/db', { maxAge: 0 });
    await provider.get('app/db', { maxAge: 0 });
    expect(vault.calls).toBe(2);
    await provider.get('app/db', { maxAge: 60 });
    await provider.get('app/db', { forceFetch: true });
    expect(vault.calls).toBe(4);
  });

  test('transforms: json, binary, none', async () => {
    const { vault, provider } = setUp();
    expect(await provider.get('app/db', { transform: 'json' })).toEqual({ password: 'one' });
    vault.rotate(Buffer.from('text').toString('base64'), 'v2');
    expect(await provider.get('app/db', { transform: 'binary', forceFetch: true })).toBe('text');
  });

  test('what is not JSON is refused without quoting the secret', async () => {
    const { vault, provider } = setUp();
    vault.rotate('hunter2', 'v2');
    const error = await provider.get('app/db', { transform: 'json' }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TransformParameterError);
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain('hunter2');
  });

  test('errors are Powertools’ own classes too, with a code and the next thing to try', async () => {
    const { vault, provider } = setUp();
    vault.failing = awsError('AccessDeniedException');
    const denied = await provider.get('app/db').catch((error) => error);
    expect(denied).toBeInstanceOf(GetParameterError);
    expect(denied).toMatchObject({
      code: 'SecretAccessDeniedError',
      message: expect.stringContaining('secretsmanager:GetSecretValue'),
    });
    const { vault: empty, provider: reader } = setUp();
    empty.failing = awsError('ResourceNotFoundException');
    await expect(reader.get('app/db', { throwOnMissing: true } as never)).rejects.toBeInstanceOf(
      ParameterNotFoundError,
    );
  });
});

describe('versions', () => {
  test('AWSPENDING and AWSCURRENT are different values of the cache', async () => {
    const { vault, provider } = setUp();
    vault.versions.AWSPENDING = { value: '{"password":"next"}', versionId: 'v2' };
    expect(await provider.get('app/db', { sdkOptions: { VersionStage: 'AWSPENDING' } })).toBe('{"password":"next"}');
    // The short form is the same read, also where the current value is warm.
    expect(await provider.get('app/db', { stage: 'AWSPENDING' } as never)).toBe('{"password":"next"}');
    expect(await provider.get('app/db')).toBe('{"password":"one"}');
    expect(await provider.get('app/db', { sdkOptions: { VersionStage: 'AWSCURRENT' } })).toBe('{"password":"one"}');
    expect(vault.calls).toBe(2);
  });

  test('held() names versions, never values', async () => {
    const { provider } = setUp();
    await provider.get('app/db');
    expect(provider.held()).toMatchObject([{ secretId: 'app/db', versionId: 'v1' }]);
    expect(JSON.stringify(provider.held())).not.toContain('one');
  });

  test('invalidate with the version that is held already does nothing; with another one the next read fetches', async () => {
    const { vault, provider } = setUp();
    await provider.get('app/db');
    expect(provider.invalidate('app/db', 'v1')).toBe(false);
    await provider.get('app/db');
    expect(vault.calls).toBe(1);
    vault.rotate('{"password":"two"}', 'v2');
    expect(provider.invalidate('app/db', 'v2')).toBe(true);
    expect(await provider.get('app/db')).toBe('{"password":"two"}');
  });

  test('a fetch that began earlier never overwrites a newer one', async () => {
    const { vault, provider } = setUp();
    let open: () => void = () => undefined;
    vault.gate = new Promise((resolve) => {
      open = resolve;
    });
    const slow = provider.getVersioned('app/db', { sdkOptions: { VersionStage: 'AWSCURRENT' } });
    vault.rotate('{"password":"two"}', 'v2');
    open();
    await slow;
    expect((await provider.getVersioned('app/db', { forceFetch: true })).versionId).toBe('v2');
    expect((await provider.getVersioned('app/db')).versionId).toBe('v2');
  });
});

describe('one flight', () => {
  test('a hundred concurrent cold reads make one call, whatever the transforms', async () => {
    const { vault, provider } = setUp();
    const reads = Array.from({ length: 100 }, (_, i) => provider.get('app/db', i % 2 ? { transform: 'json' } : {}));
    await Promise.all(reads);
    expect(vault.calls).toBe(1);
  });
});

describe('current()', () => {
  test('is undefined while cold, then the parsed value at once, made once for a version', async () => {
    const { provider } = setUp();
    expect(provider.current('app/db', 'json')).toBeUndefined();
    await provider.get('app/db');
    const value = provider.current<object>('app/db', 'json');
    expect(value).toEqual({ password: 'one' });
    expect(provider.current('app/db', 'json')).toBe(value);
  });

  test('near its expiry it answers the value that is warm and refreshes behind it', async () => {
    const { vault, clock, provider } = setUp();
    await provider.get('app/db', { maxAge: 10 });
    vault.rotate('{"password":"two"}', 'v2');
    clock.now += 7_999;
    expect(provider.current('app/db')).toBe('{"password":"one"}');
    expect(vault.calls).toBe(1);
    clock.now += 1;
    expect(provider.current('app/db')).toBe('{"password":"one"}');
    expect(provider.current('app/db')).toBe('{"password":"one"}');
    await new Promise((resolve) => setImmediate(resolve));
    expect(vault.calls).toBe(2);
    expect(provider.current('app/db')).toBe('{"password":"two"}');
  });

  test('past its age a value is not answered: an environment that was frozen waits for the new one', async () => {
    const { vault, clock, provider } = setUp();
    await provider.get('app/db', { maxAge: 10 });
    vault.rotate('{"password":"two"}', 'v2');
    clock.now += 10_000;
    expect(provider.current('app/db')).toBeUndefined();
    expect(await provider.get('app/db')).toBe('{"password":"two"}');
    expect(vault.calls).toBe(2);
  });

  test('past its age a value is answered while the store fails, for the bounded time', async () => {
    const { vault, clock, provider } = setUp({ staleSeconds: 60 });
    await provider.get('app/db', { maxAge: 10 });
    vault.failing = awsError('InternalServiceError');
    clock.now += 10_000;
    await provider.get('app/db');
    expect(provider.current('app/db')).toBe('{"password":"one"}');
    clock.now += 60_000;
    expect(provider.current('app/db')).toBeUndefined();
  });
});

describe('proof of staleness', () => {
  test('refetches once, and within the cooldown answers what is held', async () => {
    const { vault, clock, provider } = setUp({ refetchCooldownSeconds: 5 });
    await provider.get('app/db');
    vault.rotate('{"password":"two"}', 'v2');
    expect(await provider.refetch('app/db', { seenVersionId: 'v1', reason: '28P01' })).toMatchObject({
      versionId: 'v2',
      changed: true,
    });
    expect(await provider.refetch('app/db', { seenVersionId: 'v2', reason: '28P01' })).toMatchObject({
      versionId: 'v2',
      changed: false,
    });
    expect(vault.calls).toBe(2);
    clock.now += 5_000;
    await provider.refetch('app/db', { seenVersionId: 'v2', reason: '28P01' });
    expect(vault.calls).toBe(3);
  });

  test('a reader that saw an older version is served the newer one without a call', async () => {
    const { vault, provider } = setUp();
    vault.rotate('{"password":"two"}', 'v2');
    await provider.get('app/db');
    expect(await provider.refetch('app/db', { seenVersionId: 'v1', reason: '401' })).toMatchObject({
      versionId: 'v2',
      changed: true,
    });
    expect(vault.calls).toBe(1);
  });
});

describe('Secrets Manager is down for five minutes', () => {
  const outage = awsError('InternalServiceError');

  test('readers with a value go on, with few calls, and pick the new value up on its return', async () => {
    const { vault, clock, provider, observations } = setUp();
    await provider.get('app/db', { maxAge: 10 });
    vault.failing = outage;
    vault.rotate('{"password":"two"}', 'v2');
    const before = vault.calls;
    for (let second = 0; second < 300; second += 1) {
      clock.now += 1_000;
      expect(await provider.get('app/db', { maxAge: 10 })).toBe('{"password":"one"}');
    }
    expect(vault.calls - before).toBeLessThan(20);
    expect(observations.filter((o) => o.event === 'served-stale').length).toBeGreaterThan(200);
    vault.failing = undefined;
    clock.now += 30_000;
    const after = vault.calls;
    const values = await Promise.all(Array.from({ length: 100 }, () => provider.get('app/db', { maxAge: 10 })));
    expect(new Set(values)).toEqual(new Set(['{"password":"two"}']));
    expect(vault.calls - after).toBe(1);
  });

  test('readers without a value get a clear error, and do not hammer', async () => {
    const { vault, clock, provider } = setUp();
    vault.failing = outage;
    for (let second = 0; second < 300; second += 1) {
      clock.now += 1_000;
      await expect(provider.get('app/db')).rejects.toMatchObject({
        code: 'SecretUnavailableError',
        message: expect.stringContaining('no value is warm'),
      });
    }
    expect(vault.calls).toBeLessThan(20);
  });

  test('stale serving ends with its bound', async () => {
    const { vault, clock, provider } = setUp({ staleSeconds: 60 });
    await provider.get('app/db', { maxAge: 10 });
    vault.failing = outage;
    clock.now += 70_001;
    await expect(provider.get('app/db')).rejects.toMatchObject({ code: 'SecretUnavailableError' });
  });

  test('a refusal is not an outage, and no expired value is served', async () => {
    const { vault, clock, provider } = setUp();
    await provider.get('app/db', { maxAge: 10 });
    vault.failing = awsError('AccessDeniedException');
    clock.now += 11_000;
    await expect(provider.get('app/db')).rejects.toMatchObject({ code: 'SecretAccessDeniedError' });
  });
});

test('no observation carries a value', async () => {
  const { vault, clock, provider, observations } = setUp();
  await provider.get('app/db', { maxAge: 1 });
  vault.failing = awsError('InternalServiceError');
  clock.now += 2_000;
  await provider.get('app/db');
  expect(observations.length).toBeGreaterThan(2);
  expect(JSON.stringify(observations)).not.toContain('one');
});
