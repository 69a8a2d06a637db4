import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import { matchesName } from '../../../../packages/laptop/faults/faults.ts';
import { administrator } from '../../../../packages/laptop/identity/principals.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import type { IamService } from '../../../../packages/laptop/services/iam/service.ts';
import { clientOptions, probe } from '../wire/probe.ts';

let cloud: RunningCloud;
let clock: ManualClock;
let client: SecretsManagerClient;
let effects: string[];
let random: number;

beforeEach(async () => {
  effects = [];
  clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  const operation = { handle: (input: { SecretId: string }) => void effects.push(input.SecretId) };
  const secrets = probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), {
    GetSecretValue: operation,
    DescribeSecret: operation,
    PutSecretValue: operation,
  });
  cloud = await createCloud({ services: [secrets], clock, random: () => random, log: () => {} });
  client = new SecretsManagerClient(clientOptions(cloud));
});
afterEach(() => cloud.close());

const get = (SecretId = 'a') => client.send(new GetSecretValueCommand({ SecretId }));
const outcome = async (call: Promise<unknown>) => {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return (error as Error).name;
  }
};

describe('what a rule does', () => {
  test('throttle is the service’s own error, and nothing happened', async () => {
    cloud.faults.add({ kind: 'throttle', service: 'secretsmanager' });
    await expect(get()).rejects.toMatchObject({ name: 'ThrottlingException', message: 'Rate exceeded' });
    expect(effects).toEqual([]);
    expect(await outcome(get())).toBe('ok');
  });

  test('error is what the rule says, 500 by default', async () => {
    cloud.faults.add({ kind: 'error' });
    await expect(get()).rejects.toMatchObject({ name: 'InternalFailure', $metadata: { httpStatusCode: 500 } });
    cloud.faults.add({ kind: 'error', code: 'DecryptionFailure', message: 'no key' });
    await expect(get()).rejects.toMatchObject({ name: 'DecryptionFailure', message: 'no key' });
  });

  test('reset cuts the connection before the effect, lose-answer after it', async () => {
    cloud.faults.add({ kind: 'reset' });
    await expect(get('before')).rejects.toThrow('ECONNRESET');
    cloud.faults.add({ kind: 'lose-answer' });
    await expect(get('after')).rejects.toThrow('ECONNRESET');
    expect(effects).toEqual(['after']);
    expect(cloud.recorder.calls().map((call) => call.outcome)).toEqual(['SdkClientException', 'SdkClientException']);
  });

  test('time-out never answers', async () => {
    cloud.faults.add({ kind: 'time-out' });
    const gaveUp = AbortSignal.timeout(200);
    await expect(
      client.send(new GetSecretValueCommand({ SecretId: 'a' }), { abortSignal: gaveUp }),
    ).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(effects).toEqual([]);
  });

  test('delay waits on the cloud’s clock', async () => {
    cloud.faults.add({ kind: 'delay', delayMilliseconds: 60_000 });
    const answer = cloud.call({
      service: 'secretsmanager',
      operation: 'GetSecretValue',
      input: { SecretId: 'a' },
      principal: administrator(cloud.accountId),
    });
    await clock.advance(59_999);
    expect(effects).toEqual([]);
    await clock.advance(1);
    await answer;
    expect(effects).toEqual(['a']);
  });

  test('a caller inside the cloud sees a failed connection', async () => {
    cloud.faults.add({ kind: 'lose-answer' });
    const principal = administrator(cloud.accountId);
    const call = { service: 'secretsmanager', operation: 'GetSecretValue', input: { SecretId: 'a' }, principal };
    await expect(cloud.call(call)).rejects.toMatchObject({ code: 'SdkClientException' });
    expect(effects).toEqual(['a']);
  });
});

describe('which calls a rule strikes', () => {
  test('by operation and secret', async () => {
    cloud.faults.add({ kind: 'throttle', operation: 'GetSecretValue', resource: 'app/db', times: 9 });
    expect(await outcome(get('app/other'))).toBe('ok');
    expect(await outcome(get('app/db'))).toBe('ThrottlingException');
    const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';
    expect(await outcome(get(arn))).toBe('ThrottlingException');
    expect(await outcome(client.send(new DescribeSecretCommand({ SecretId: 'app/db' })))).toBe('ok');
  });

  test('by what the input mentions, in texts and in bytes, and never in a secret’s value', async () => {
    cloud.faults.add({ kind: 'throttle', mentions: 'app/db', rate: 1 });
    const put = (more: object) =>
      client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'app/db', ...more }));
    expect(await outcome(put({}))).toBe('ok');
    expect(await outcome(put({ VersionStages: ['of app/db'] }))).toBe('ThrottlingException');
    const principal = administrator(cloud.accountId);
    const strikes = (input: object) =>
      cloud.faults.take({ service: 'lambda', operation: 'Invoke', input, principal }) !== undefined;
    expect(strikes({ FunctionName: 'f', Payload: Buffer.from('{"secret":"app/db"}') })).toBe(true);
    expect(strikes({ Entries: [{ Detail: '{"secret":"app/db"}' }] })).toBe(true);
    expect(strikes({ FunctionName: 'f', Payload: Buffer.from('{}') })).toBe(false);
  });

  test('a secret’s value is never taken for a name', async () => {
    cloud.faults.add({ kind: 'throttle', resource: 'hunter2' });
    const put = new PutSecretValueCommand({ SecretId: 'a', SecretString: 'hunter2' });
    expect(await outcome(client.send(put))).toBe('ok');
  });

  test('the nth, and so many times', async () => {
    cloud.faults.add({ kind: 'throttle', nth: 2, times: 2 });
    const outcomes: string[] = [];
    for (let count = 0; count < 5; count++) outcomes.push(await outcome(get()));
    expect(outcomes).toEqual(['ok', 'ThrottlingException', 'ThrottlingException', 'ok', 'ok']);
    expect(cloud.faults.list()).toMatchObject([{ matched: 5, struck: 2 }]);
  });

  test('by rate', async () => {
    cloud.faults.add({ kind: 'throttle', rate: 0.5 });
    random = 0.49;
    expect(await outcome(get())).toBe('ThrottlingException');
    random = 0.5;
    expect(await outcome(get())).toBe('ok');
  });

  test.each([
    ['app/*', 'app/db', true],
    ['app/d', 'app/db', false],
    ['a.p/db', 'app/db', false],
    ['db', 'arn:aws:iam::000000000000:role/path/db', true],
    ['path/db', 'arn:aws:iam::000000000000:role/path/db', true],
    ['path', 'arn:aws:iam::000000000000:role/path/db', false],
    ['f', 'arn:aws:lambda:us-east-1:000000000000:function:f', true],
    ['function:f', 'arn:aws:lambda:us-east-1:000000000000:function:f', true],
    ['app/db', 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf', true],
    ['db', 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf', false],
    ['arn:aws:sns:*:alarms', 'arn:aws:sns:us-east-1:000000000000:alarms', true],
  ])('%s fits %s: %s', (pattern, name, fits) => {
    expect(matchesName(pattern, name)).toBe(fits);
  });
});

describe('killing the execution environment that calls', () => {
  async function asEnvironment() {
    const { state } = cloud.service<IamService>('iam');
    const arn = `arn:aws:iam::${cloud.accountId}:role/rotator`;
    const bare = { path: '/', id: 'AROA', arn, createDate: new Date(0), tags: new Map(), trustPolicy: '{}' };
    const policies = {
      inlinePolicies: new Map(),
      attachedPolicies: new Set<string>(),
      maxSessionDurationSeconds: 3600,
    };
    state.roles.set('rotator', { kind: 'role', name: 'rotator', ...bare, ...policies });
    const { accessKeyId, secretAccessKey, sessionToken } = cloud.assumeRole(arn, 'environment-1');
    let killed = false;
    cloud.faults.registerEnvironment(accessKeyId, () => {
      killed = true;
    });
    const own = new SecretsManagerClient({
      ...clientOptions(cloud),
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    });
    return { own, killed: () => killed };
  }

  test.each([
    ['kill-before' as const, []],
    ['kill-after' as const, ['a']],
  ])('%s', async (kind, expected) => {
    const environment = await asEnvironment();
    cloud.faults.add({ kind, operation: 'GetSecretValue', role: 'rotator' });
    expect(await outcome(get('person'))).toBe('ok');
    await expect(environment.own.send(new GetSecretValueCommand({ SecretId: 'a' }))).rejects.toThrow();
    expect(environment.killed()).toBe(true);
    expect(effects).toEqual(['person', ...expected]);
  });

  test('a rule for a function strikes its invocations, not calls', async () => {
    cloud.faults.add({ kind: 'kill-after', function: 'rotate' });
    expect(await outcome(get())).toBe('ok');
    expect(cloud.faults.takeInvocation('other')).toBeUndefined();
    expect(cloud.faults.takeInvocation('rotate')).toBe('kill-after');
    expect(cloud.faults.takeInvocation('rotate')).toBeUndefined();
  });
});
