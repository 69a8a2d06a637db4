import { LambdaClient } from '@aws-sdk/client-lambda';
import { recycleConsumer } from '../../../pipeline/propagation/recycle-consumer.ts';
import { withMark } from '../../../pipeline/propagation/recycle-mark.ts';
import { asPerson, invoke, settled } from '../../packages/laptop/services/lambda/laptop.ts';
import { caught, Functions } from './functions.ts';

let functions: Functions;

beforeAll(async () => {
  functions = await Functions.start();
});
afterEach(() => functions.cloud.faults.clear());
afterAll(() => functions.cloud.close());

describe('$LATEST', () => {
  test('every environment is replaced, the old ones are gone, and everything else stays byte for byte', async () => {
    const name = await functions.make({
      Description: 'Grüße\t"quoted"',
      Timeout: 11,
      MemorySize: 384,
      Environment: { Variables: { STAGE: 'prod', URL: 'postgresql://a:b@c/d?e=%20', Umlaut: '„ü“ 🔑', EMPTY: '' } },
      VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
      TracingConfig: { Mode: 'Active' },
      EphemeralStorage: { Size: 1_024 },
      LoggingConfig: { LogFormat: 'JSON', LogGroup: '/shop/consumer' },
      Tags: { team: 'shop' },
    });
    const before = await functions.configurationOf(name);
    const old = await functions.environments(name);
    expect(old.size).toBe(8);
    const steps: string[] = [];
    const asked = functions.request(name, 'v2');
    expect(await functions.recycle(asked, steps)).toMatchObject({ timeoutSeconds: 11 });
    expect(steps.at(-1)).toBe('done');
    const after = await functions.configurationOf(name);
    expect(after).toEqual({ ...before, mark: withMark(undefined, asked) });
    const now = await functions.environments(name);
    expect([...now.keys()].filter((id) => old.has(id))).toEqual([]);
    expect(new Set(now.values())).toEqual(new Set([after.mark]));
  });

  test('asked again it does nothing; one control-plane call in all', async () => {
    const name = await functions.make();
    const from = functions.cloud.recorder.calls().at(-1)?.sequence ?? 0;
    await functions.recycle(functions.request(name, 'v2'));
    await functions.recycle(functions.request(name, 'v2'));
    const calls = functions.cloud.recorder
      .calls({ service: 'lambda', afterSequence: from })
      .map(({ operation }) => operation);
    expect(calls.filter((operation) => operation !== 'GetFunction')).toEqual(['UpdateFunctionConfiguration']);
  });

  test('while an update is in progress old environments may answer: it is not done before none can', async () => {
    const name = await functions.make();
    functions.cloud.settings.functionUpdateMilliseconds = { least: 3_000, most: 3_000 };
    try {
      const old = await functions.environments(name);
      await functions.step(functions.request(name, 'v2'));
      expect(await functions.step(functions.request(name, 'v2'))).toMatchObject({ done: false });
      const answers = await Promise.all(Array.from({ length: 20 }, () => invoke(functions.cloud, {}, { name })));
      expect(answers.some(({ payload }) => old.has(payload.id))).toBe(true);
      await functions.recycle(functions.request(name, 'v2'));
      const now = await functions.environments(name);
      expect([...now.keys()].filter((id) => old.has(id))).toEqual([]);
    } finally {
      functions.cloud.settings.functionUpdateMilliseconds = { least: 50, most: 80 };
    }
  });

  test('back to the value from before, after a roll-back: replaced again', async () => {
    const name = await functions.make();
    await functions.recycle(functions.request(name, 'v2'));
    const second = await functions.environments(name);
    await functions.recycle(functions.request(name, 'v1'));
    const first = await functions.environments(name);
    expect([...first.keys()].filter((id) => second.has(id))).toEqual([]);
  });

  test('two rotations at once recycle one function without undoing each other', async () => {
    const name = await functions.make();
    const other = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/key-GhIjKl';
    const [database, key] = [functions.request(name, 'v2'), functions.request(name, 'k7', { itemArn: other })];
    await Promise.all([functions.recycle(database), functions.recycle(key)]);
    const { mark } = await functions.configurationOf(name);
    expect(mark).toBe(withMark(withMark(undefined, database), key));
  });
});

describe('a deployment at the same moment', () => {
  test('that comes between looking and writing wins: nothing of ours is written, and the next step keeps its settings', async () => {
    const name = await functions.make();
    // Ours is held on its way; the deployment's, the second, is not.
    functions.cloud.faults.add({
      kind: 'delay',
      delayMilliseconds: 300,
      operation: 'UpdateFunctionConfiguration',
      nth: 1,
    });
    const asked = functions.request(name, 'v2');
    const ours = caught(functions.step(asked));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const deployed = { Timeout: 42, Environment: { Variables: { STAGE: 'deployed', NEW: '1' } } };
    await functions.ask('UpdateFunctionConfiguration', { FunctionName: name, ...deployed });
    expect(await ours).toMatchObject({ code: 'RecycleConflict', retryable: true });
    expect(await functions.configurationOf(name)).toMatchObject({
      variables: deployed.Environment.Variables,
      mark: undefined,
    });
    await functions.recycle(asked);
    expect(await functions.configurationOf(name)).toMatchObject({
      Timeout: 42,
      variables: deployed.Environment.Variables,
      mark: withMark(undefined, asked),
    });
  });

  test('however often it strikes: what was deployed last is there, byte for byte, and our variable with it', async () => {
    const name = await functions.make();
    let isOver = false;
    let deployments = 0;
    let last: { Timeout: number; variables: Record<string, string> } | undefined;
    // Somebody's tool: it reads nothing, knows nothing of our variable, and writes all of its own.
    const deploying = (async () => {
      while (!isOver) {
        const variables = { STAGE: 'prod', BUILD: String(deployments + 1), TEXT: 'ü'.repeat(deployments % 7) };
        const next = { Timeout: 3 + (deployments % 60), variables };
        const input = { FunctionName: name, Timeout: next.Timeout, Environment: { Variables: variables } };
        const error = await caught(functions.ask('UpdateFunctionConfiguration', input));
        if (error === undefined) {
          deployments += 1;
          last = next;
        } else expect(error.code).toBe('ResourceConflictException');
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 250));
      }
    })();
    let version = 0;
    try {
      // However slow this machine is: until both have had their way often enough.
      while (deployments < 8 || version < 8) {
        version += 1;
        for (let attempt = 0; attempt < 20; attempt += 1) {
          const error = await caught(functions.step(functions.request(name, `v${version}`)));
          if (error) expect(error.code).toBe('RecycleConflict');
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        }
      }
    } finally {
      isOver = true;
      await deploying;
    }
    await settled(functions.cloud, name);
    const asked = functions.request(name, 'last');
    await functions.recycle(asked);
    const after = await functions.configurationOf(name);
    expect([after.Timeout, after.variables]).toEqual([last?.Timeout, last?.variables]);
    expect(after.mark).toBe(withMark(undefined, asked));
  });
});

describe('what Lambda says', () => {
  test('throttled: nothing is written, and the next step goes on', async () => {
    const name = await functions.make();
    functions.cloud.faults.add({ kind: 'throttle', service: 'lambda', operation: 'UpdateFunctionConfiguration' });
    expect(await caught(functions.step(functions.request(name, 'v2')))).toMatchObject({
      name: 'TooManyRequestsException',
    });
    expect((await functions.configurationOf(name)).mark).toBeUndefined();
    await functions.recycle(functions.request(name, 'v2'));
  });

  test('half of the control-plane calls throttled: a dozen consumers all get there, each updated once', async () => {
    const names = await Promise.all(Array.from({ length: 12 }, () => functions.make()));
    const from = functions.cloud.recorder.calls().at(-1)?.sequence ?? 0;
    functions.cloud.faults.add({
      kind: 'throttle',
      service: 'lambda',
      operation: 'UpdateFunctionConfiguration',
      rate: 0.5,
    });
    const throughThrottling = async (name: string) => {
      for (;;) {
        const error = await caught(functions.recycle(functions.request(name, 'v2')));
        if (error === undefined) return;
        expect(error.name).toBe('TooManyRequestsException');
      }
    };
    await Promise.all(names.map(throughThrottling));
    const calls = (outcome: string) =>
      functions.cloud.recorder.calls({ operation: 'UpdateFunctionConfiguration', afterSequence: from, outcome }).length;
    expect(calls('ok')).toBe(names.length);
    expect(calls('TooManyRequestsException')).toBeGreaterThan(0);
  });

  test('variables under a key that may not be used: refused, and not lost', async () => {
    const { KeyMetadata } = await asPerson(functions.cloud, 'kms', 'CreateKey', {});
    const name = await functions.make({ KMSKeyArn: KeyMetadata.Arn });
    const trust = { Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }] };
    const document = (value: object) => JSON.stringify({ Version: '2012-10-17', ...value });
    await asPerson(functions.cloud, 'iam', 'CreateRole', {
      RoleName: 'recycler',
      AssumeRolePolicyDocument: document(trust),
    });
    await asPerson(functions.cloud, 'iam', 'PutRolePolicy', {
      RoleName: 'recycler',
      PolicyName: 'recycle',
      PolicyDocument: document({ Statement: [{ Effect: 'Allow', Action: 'lambda:*', Resource: '*' }] }),
    });
    const credentials = functions.cloud.assumeRole(`arn:aws:iam::${functions.cloud.accountId}:role/recycler`, 'test');
    const unable = new LambdaClient({
      region: functions.cloud.region,
      endpoint: functions.cloud.endpointUrl,
      credentials,
      maxAttempts: 1,
    });
    expect(await caught(recycleConsumer(unable, functions.request(name, 'v2'), new Date()))).toMatchObject({
      code: 'RecycleRefused',
      message: expect.stringContaining('kms:Decrypt'),
    });
    expect(await functions.configurationOf(name)).toMatchObject({ variables: { STAGE: 'prod' }, mark: undefined });
  });

  test('no such function, no such alias: the manifest is wrong', async () => {
    const name = await functions.make();
    for (const asked of [functions.request('nobody', 'v2'), functions.request(name, 'v2', { alias: 'nobody' })]) {
      expect(await caught(functions.recycle(asked))).toMatchObject({
        code: 'RecycleRefused',
        message: expect.stringContaining('Correct the consumer in the manifest'),
      });
    }
  });

  test('a refusal of Lambda’s own that quotes the variables is told without them', async () => {
    const name = await functions.make();
    const quoting = 'exceeded the 4KB limit. String measured: {"PASSWORD":"hunter2"}';
    functions.cloud.faults.add({
      kind: 'error',
      code: 'InvalidParameterValueException',
      message: quoting,
      operation: 'UpdateFunctionConfiguration',
    });
    const error = await caught(functions.recycle(functions.request(name, 'v2')));
    expect(error.code).toBe('RecycleRefused');
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain('hunter2');
  });

  test('what does not come to an end is told, with what it waits for', async () => {
    const name = await functions.make();
    functions.cloud.settings.functionUpdateMilliseconds = { least: 60_000, most: 60_000 };
    const since = new Date('2026-03-01T00:00:00Z');
    const at = (minutes: number) => new Date(since.getTime() + minutes * 60_000);
    try {
      const asked = functions.request(name, 'v2', { since });
      expect(await functions.step(asked, at(0))).toMatchObject({ done: false });
      expect(await functions.step(asked, at(29.9))).toMatchObject({ done: false });
      expect(await caught(functions.step(asked, at(30)))).toMatchObject({
        code: 'RecycleOverdue',
        message: expect.stringContaining('an update of'),
      });
    } finally {
      functions.cloud.settings.functionUpdateMilliseconds = { least: 50, most: 80 };
    }
  });
});
