import { LambdaClient } from '@aws-sdk/client-lambda';
import type { RunningCloud } from '../../../local/create-cloud.ts';
import { type RecycleRequest, recycleConsumer } from '../../../pipeline/propagation/recycle-consumer.ts';
import { RECYCLE_VARIABLE, readMarks } from '../../../pipeline/propagation/recycle-mark.ts';
import {
  asPerson,
  clientOf,
  invoke,
  lambdaOf,
  make,
  settled,
  startLaptop,
} from '../../local/services/lambda/laptop.ts';

let cloud: RunningCloud;
let client: LambdaClient;

beforeAll(async () => {
  cloud = await startLaptop();
  client = clientOf(cloud);
});
afterEach(() => cloud.faults.clear());
afterAll(() => cloud.close());

const ask = (operation: string, input: object) => asPerson(cloud, 'lambda', operation, input);
const arnOf = (name: string) => `arn:aws:lambda:${cloud.region}:${cloud.accountId}:function:${name}`;
const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';
/** Answers from which environment, and what it began with. */
const code = `
const id = Math.random().toString(36).slice(2);
exports.handler = async (event) => {
  await new Promise((resolve) => setTimeout(resolve, event.wait ?? 0));
  return { id, mark: process.env.${RECYCLE_VARIABLE} ?? null };
};`;

let functions = 0;
async function newFunction(more: object = {}): Promise<string> {
  functions += 1;
  const name = `consumer-${functions}`;
  await make(cloud, code, { name, Environment: { Variables: { STAGE: 'prod' } }, ...more });
  return name;
}

const request = (name: string, versionId: string, more: Partial<RecycleRequest> = {}): RecycleRequest => ({
  functionArn: arnOf(name),
  itemArn: SECRET,
  versionId,
  ...more,
});

/** Steps until it is done, as the state machine does; a conflict is tried again. */
async function recycle(asked: RecycleRequest, steps: string[] = []): Promise<{ timeoutSeconds: number }> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    try {
      const progress = await recycleConsumer(client, asked, new Date());
      steps.push(progress.done ? 'done' : progress.waitingFor);
      if (progress.done) return progress;
    } catch (error) {
      if ((error as { code?: string }).code !== 'RecycleConflict') throw error;
      steps.push('conflict');
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Not done after ${steps.length} steps: ${[...new Set(steps)].join('; ')}.`);
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );
const configurationOf = async (name: string, Qualifier?: string) => {
  const { Configuration } = await ask('GetFunction', { FunctionName: name, ...(Qualifier && { Qualifier }) });
  const { RevisionId, LastModified, LastUpdateStatus, State, Environment, ...rest } = Configuration;
  const { [RECYCLE_VARIABLE]: mark, ...variables } = Environment?.Variables ?? {};
  return { ...rest, variables, mark };
};
/** Eight environments at once. */
const environments = async (name: string, Qualifier?: string) => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => invoke(cloud, { wait: 100 }, { name, ...(Qualifier && { Qualifier }) })),
  );
  return new Map(answers.map(({ payload }) => [payload.id, payload.mark]));
};
const versionsOf = async (name: string) =>
  (await ask('ListVersionsByFunction', { FunctionName: name })).Versions.map(
    ({ Version }: { Version: string }) => Version,
  );

describe('$LATEST', () => {
  test('every environment is replaced, the old ones are gone, and everything else stays byte for byte', async () => {
    const name = await newFunction({
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
    const before = await configurationOf(name);
    const old = await environments(name);
    expect(old.size).toBe(8);
    const steps: string[] = [];
    expect(await recycle(request(name, 'v2'), steps)).toMatchObject({ timeoutSeconds: 11 });
    expect(steps.at(-1)).toBe('done');
    const after = await configurationOf(name);
    expect(after).toEqual({ ...before, mark: expect.stringMatching(/=v2$/) });
    const now = await environments(name);
    expect([...now.keys()].filter((id) => old.has(id))).toEqual([]);
    expect(new Set(now.values())).toEqual(new Set([after.mark]));
  });

  test('asked again it does nothing; one control-plane call in all', async () => {
    const name = await newFunction();
    const from = cloud.recorder.calls().at(-1)?.sequence ?? 0;
    await recycle(request(name, 'v2'));
    await recycle(request(name, 'v2'));
    const calls = cloud.recorder.calls({ service: 'lambda', afterSequence: from }).map(({ operation }) => operation);
    expect(calls.filter((operation) => operation !== 'GetFunction')).toEqual(['UpdateFunctionConfiguration']);
  });

  test('while an update is in progress old environments may answer: it is not done before none can', async () => {
    const name = await newFunction();
    cloud.settings.functionUpdateMilliseconds = { least: 3_000, most: 3_000 };
    try {
      const old = await environments(name);
      await recycleConsumer(client, request(name, 'v2'), new Date());
      expect(await recycleConsumer(client, request(name, 'v2'), new Date())).toMatchObject({ done: false });
      const answers = await Promise.all(Array.from({ length: 20 }, () => invoke(cloud, {}, { name })));
      expect(answers.some(({ payload }) => old.has(payload.id))).toBe(true);
      await recycle(request(name, 'v2'));
      const now = await environments(name);
      expect([...now.keys()].filter((id) => old.has(id))).toEqual([]);
    } finally {
      cloud.settings.functionUpdateMilliseconds = { least: 50, most: 80 };
    }
  });

  test('back to the value from before, after a roll-back: replaced again', async () => {
    const name = await newFunction();
    await recycle(request(name, 'v2'));
    const second = await environments(name);
    await recycle(request(name, 'v1'));
    const first = await environments(name);
    expect([...first.keys()].filter((id) => second.has(id))).toEqual([]);
  });

  test('two rotations at once recycle one function without undoing each other', async () => {
    const name = await newFunction();
    const other = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/key-GhIjKl';
    await Promise.all([recycle(request(name, 'v2')), recycle(request(name, 'k7', { itemArn: other }))]);
    const { mark } = await configurationOf(name);
    expect([...readMarks(mark).values()].sort()).toEqual(['k7', 'v2']);
  });
});

describe('a deployment at the same moment', () => {
  test('that comes between looking and writing wins: nothing of ours is written, and the next step keeps its settings', async () => {
    const name = await newFunction();
    // Ours is held on its way; the deployment's, the second, is not.
    cloud.faults.add({ kind: 'delay', delayMilliseconds: 300, operation: 'UpdateFunctionConfiguration', nth: 1 });
    const ours = caught(recycleConsumer(client, request(name, 'v2'), new Date()));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const deployed = { Timeout: 42, Environment: { Variables: { STAGE: 'deployed', NEW: '1' } } };
    await ask('UpdateFunctionConfiguration', { FunctionName: name, ...deployed });
    expect(await ours).toMatchObject({ code: 'RecycleConflict', retryable: true });
    expect(await configurationOf(name)).toMatchObject({ variables: deployed.Environment.Variables, mark: undefined });
    await recycle(request(name, 'v2'));
    expect(await configurationOf(name)).toMatchObject({
      Timeout: 42,
      variables: deployed.Environment.Variables,
      mark: expect.stringMatching(/=v2$/),
    });
  });

  test('however often it strikes: what was deployed last is there, byte for byte, and our variable with it', async () => {
    const name = await newFunction();
    let isOver = false;
    let deployments = 0;
    let last: { Timeout: number; variables: Record<string, string> } | undefined;
    // Somebody's tool: it reads nothing, knows nothing of our variable, and writes all of its own.
    const deploying = (async () => {
      while (!isOver) {
        const variables = { STAGE: 'prod', BUILD: String(deployments + 1), Ünïcode: 'ü'.repeat(deployments % 7) };
        const { Ünïcode, ...ascii } = variables;
        const next = { Timeout: 3 + (deployments % 60), variables: { ...ascii, TEXT: Ünïcode } };
        const answer = await caught(
          ask('UpdateFunctionConfiguration', {
            FunctionName: name,
            Timeout: next.Timeout,
            Environment: { Variables: next.variables },
          }),
        );
        if (answer === undefined) {
          deployments += 1;
          last = next;
        } else expect(answer.code).toBe('ResourceConflictException');
        await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 60));
      }
    })();
    const steps: string[] = [];
    try {
      for (let version = 0; version < 15; version += 1) {
        for (let attempt = 0; attempt < 40; attempt += 1) {
          const progress = await recycleConsumer(client, request(name, `v${version}`), new Date()).catch((error) => {
            if (error.code !== 'RecycleConflict') throw error;
            return undefined;
          });
          steps.push(progress === undefined ? 'conflict' : progress.done ? 'done' : 'waiting');
          if (progress?.done) break;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        }
      }
    } finally {
      isOver = true;
      await deploying;
    }
    await settled(cloud, name);
    await recycle(request(name, 'last'));
    const after = await configurationOf(name);
    expect([after.Timeout, after.variables]).toEqual([last?.Timeout, last?.variables]);
    expect(after.mark).toMatch(/=last$/);
    expect(deployments).toBeGreaterThan(5);
    expect(steps).toContain('done');
  });
});

describe('an alias', () => {
  async function withAlias(more: object = {}) {
    const name = await newFunction(more);
    const { Version } = await ask('PublishVersion', { FunctionName: name, Description: 'release' });
    await ask('CreateAlias', { FunctionName: name, Name: 'live', FunctionVersion: Version });
    const aliasVersion = async () => (await ask('GetAlias', { FunctionName: name, Name: 'live' })).FunctionVersion;
    return { name, aliasVersion, released: Version as string };
  }

  test('is moved to a version that differs in our variable alone, and no traffic is on the old one when it is done', async () => {
    const { name, aliasVersion, released } = await withAlias();
    const before = await configurationOf(name, released);
    const old = await environments(name, 'live');
    const steps: string[] = [];
    await recycle(request(name, 'v2', { alias: 'live' }), steps);
    const version = await aliasVersion();
    expect(version).not.toBe(released);
    const { Version, FunctionArn, Description, mark, ...after } = await configurationOf(name, version);
    const { Version: _, FunctionArn: __, Description: ___, mark: ____, ...same } = before;
    expect(after).toEqual(same);
    expect(mark).toMatch(/=v2$/);
    const now = await environments(name, 'live');
    expect([...now.keys()].filter((id) => old.has(id))).toEqual([]);
    // The published version of the release was never touched.
    expect(await configurationOf(name, released)).toEqual(before);
  });

  test('a step that was killed after publishing goes on with that version', async () => {
    const { name, aliasVersion } = await withAlias();
    const asked = request(name, 'v2', { alias: 'live' });
    cloud.faults.add({ kind: 'error', code: 'ServiceException', httpStatus: 500, operation: 'UpdateAlias' });
    const errors: unknown[] = [];
    for (let attempt = 0; attempt < 500 && errors.length === 0; attempt += 1) {
      const error = await caught(recycleConsumer(client, asked, new Date()));
      if (error) errors.push(error.name);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(errors).toEqual(['ServiceException']);
    const versions = await versionsOf(name);
    await recycle(asked);
    expect(await versionsOf(name)).toEqual(versions);
    expect(await aliasVersion()).toBe(versions.at(-1));
  });

  test('ours are pruned, the one before stays for what still runs on it, and nobody else’s is deleted', async () => {
    const { name, aliasVersion, released } = await withAlias();
    for (const version of ['v2', 'v3', 'v4', 'v5']) await recycle(request(name, version, { alias: 'live' }));
    const current = Number(await aliasVersion());
    expect(await versionsOf(name)).toEqual(['$LATEST', released, String(current - 1), String(current)]);
  });

  test('a version of ours that another alias points to is left, and does not stop the recycle', async () => {
    const { name, aliasVersion } = await withAlias();
    await recycle(request(name, 'v2', { alias: 'live' }));
    const held = await aliasVersion();
    await ask('CreateAlias', { FunctionName: name, Name: 'pinned', FunctionVersion: held });
    for (const version of ['v3', 'v4']) await recycle(request(name, version, { alias: 'live' }));
    expect(await versionsOf(name)).toContain(held);
  });

  test('provisioned concurrency is waited for until it is ready with the new version', async () => {
    const { name, aliasVersion, released } = await withAlias();
    await ask('PutProvisionedConcurrencyConfig', {
      FunctionName: name,
      Qualifier: 'live',
      ProvisionedConcurrentExecutions: 2,
    });
    const status = async () =>
      (await ask('GetProvisionedConcurrencyConfig', { FunctionName: name, Qualifier: 'live' })).Status;
    for (let attempt = 0; (await status()) !== 'READY' && attempt < 500; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await recycle(request(name, 'v2', { alias: 'live' }));
    expect(await status()).toBe('READY');
    expect(await aliasVersion()).not.toBe(released);
    const provisioned = lambdaOf(cloud)
      .environments()
      .filter((held) => held.functionName === name && held.initializationType === 'provisioned-concurrency');
    expect(new Set(provisioned.map(({ version }) => version))).toEqual(new Set([await aliasVersion()]));
  });

  test('one that points to $LATEST needs no version', async () => {
    const name = await newFunction();
    await ask('CreateAlias', { FunctionName: name, Name: 'live', FunctionVersion: '$LATEST' });
    await recycle(request(name, 'v2', { alias: 'live' }));
    expect(await versionsOf(name)).toEqual(['$LATEST']);
    expect((await configurationOf(name)).mark).toMatch(/=v2$/);
  });

  test.each([
    [
      'it has weights',
      async (name: string, released: string) => {
        await ask('UpdateFunctionConfiguration', { FunctionName: name, Timeout: 9 });
        await settled(cloud, name);
        const { Version } = await ask('PublishVersion', { FunctionName: name });
        const RoutingConfig = { AdditionalVersionWeights: { [Version]: 0.1 } };
        await ask('UpdateAlias', { FunctionName: name, Name: 'live', FunctionVersion: released, RoutingConfig });
      },
      'weighted routing',
    ],
    [
      '$LATEST is ahead of it',
      async (name: string) => {
        await ask('UpdateFunctionConfiguration', { FunctionName: name, MemorySize: 512 });
        await settled(cloud, name);
      },
      'would deploy it',
    ],
  ])('is refused when %s, and neither function nor alias is touched', async (_name, change, words) => {
    const { name, aliasVersion, released } = await withAlias();
    await change(name, released);
    const before = await configurationOf(name);
    expect(await caught(recycle(request(name, 'v2', { alias: 'live' })))).toMatchObject({
      code: 'RecycleRefused',
      message: expect.stringContaining(words),
    });
    expect(await configurationOf(name)).toEqual(before);
    expect(await aliasVersion()).toBe(released);
  });

  test('weights that appear while it is recycled are seen before it is called done', async () => {
    const { name, released } = await withAlias();
    const asked = request(name, 'v2', { alias: 'live' });
    await recycle(asked);
    const RoutingConfig = { AdditionalVersionWeights: { [released]: 0.5 } };
    await ask('UpdateAlias', { FunctionName: name, Name: 'live', RoutingConfig });
    expect(await caught(recycle(asked))).toMatchObject({ code: 'RecycleRefused' });
  });
});

describe('what Lambda says', () => {
  test('throttled: nothing is written, and the next step goes on', async () => {
    const name = await newFunction();
    cloud.faults.add({ kind: 'throttle', service: 'lambda', operation: 'UpdateFunctionConfiguration' });
    expect(await caught(recycleConsumer(client, request(name, 'v2'), new Date()))).toMatchObject({
      name: 'TooManyRequestsException',
    });
    expect((await configurationOf(name)).mark).toBeUndefined();
    await recycle(request(name, 'v2'));
  });

  test('half of the control-plane calls throttled: a dozen consumers all get there, each updated once', async () => {
    const names = await Promise.all(Array.from({ length: 12 }, () => newFunction()));
    const from = cloud.recorder.calls().at(-1)?.sequence ?? 0;
    cloud.faults.add({ kind: 'throttle', service: 'lambda', operation: 'UpdateFunctionConfiguration', rate: 0.5 });
    const throughThrottling = async (name: string) => {
      for (;;) {
        const error = await caught(recycle(request(name, 'v2')));
        if (error === undefined) return;
        expect(error.name).toBe('TooManyRequestsException');
      }
    };
    await Promise.all(names.map(throughThrottling));
    const calls = (outcome: string) =>
      cloud.recorder.calls({ operation: 'UpdateFunctionConfiguration', afterSequence: from, outcome }).length;
    expect(calls('ok')).toBe(names.length);
    expect(calls('TooManyRequestsException')).toBeGreaterThan(0);
  });

  test('variables under a key that may not be used: refused, and not lost', async () => {
    const { KeyMetadata } = await asPerson(cloud, 'kms', 'CreateKey', {});
    const name = await newFunction({ KMSKeyArn: KeyMetadata.Arn });
    const trust = { Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }] };
    const document = (value: object) => JSON.stringify({ Version: '2012-10-17', ...value });
    await asPerson(cloud, 'iam', 'CreateRole', { RoleName: 'recycler', AssumeRolePolicyDocument: document(trust) });
    await asPerson(cloud, 'iam', 'PutRolePolicy', {
      RoleName: 'recycler',
      PolicyName: 'recycle',
      PolicyDocument: document({ Statement: [{ Effect: 'Allow', Action: 'lambda:*', Resource: '*' }] }),
    });
    const credentials = cloud.assumeRole(`arn:aws:iam::${cloud.accountId}:role/recycler`, 'test');
    const unable = new LambdaClient({ region: cloud.region, endpoint: cloud.endpointUrl, credentials, maxAttempts: 1 });
    expect(await caught(recycleConsumer(unable, request(name, 'v2'), new Date()))).toMatchObject({
      code: 'RecycleRefused',
      message: expect.stringContaining('kms:Decrypt'),
    });
    expect(await configurationOf(name)).toMatchObject({ variables: { STAGE: 'prod' }, mark: undefined });
  });

  test('no such function, no such alias: the manifest is wrong', async () => {
    const name = await newFunction();
    for (const asked of [request('nobody', 'v2'), request(name, 'v2', { alias: 'nobody' })]) {
      expect(await caught(recycle(asked))).toMatchObject({
        code: 'RecycleRefused',
        message: expect.stringContaining('Correct the consumer in the manifest'),
      });
    }
  });

  test('a refusal of Lambda’s own that quotes the variables is told without them', async () => {
    const name = await newFunction();
    const quoting = 'exceeded the 4KB limit. String measured: {"PASSWORD":"hunter2"}';
    cloud.faults.add({
      kind: 'error',
      code: 'InvalidParameterValueException',
      message: quoting,
      operation: 'UpdateFunctionConfiguration',
    });
    const error = await caught(recycle(request(name, 'v2')));
    expect(error.code).toBe('RecycleRefused');
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain('hunter2');
  });

  test('what does not come to an end is told, with what it waits for', async () => {
    const name = await newFunction();
    cloud.settings.functionUpdateMilliseconds = { least: 60_000, most: 60_000 };
    const since = new Date('2026-03-01T00:00:00Z');
    const at = (minutes: number) => new Date(since.getTime() + minutes * 60_000);
    try {
      const asked = request(name, 'v2', { since });
      expect(await recycleConsumer(client, asked, at(0))).toMatchObject({ done: false });
      expect(await recycleConsumer(client, asked, at(29.9))).toMatchObject({ done: false });
      expect(await caught(recycleConsumer(client, asked, at(30)))).toMatchObject({
        code: 'RecycleOverdue',
        message: expect.stringContaining('an update of'),
      });
    } finally {
      cloud.settings.functionUpdateMilliseconds = { least: 50, most: 80 };
    }
  });
});

test('a version whose snapshot is still made gets no traffic: the alias waits', async () => {
  const sent: string[] = [];
  let state = 'Pending';
  const variables = { [RECYCLE_VARIABLE]: '' };
  const base = { FunctionName: 'snap', Timeout: 3, State: 'Active', LastUpdateStatus: 'Successful', RevisionId: 'r' };
  const answers: Record<string, (input: { Qualifier?: string }) => object> = {
    GetFunction: ({ Qualifier }) => ({
      Configuration: {
        ...base,
        Version: Qualifier ? '1' : '$LATEST',
        Environment: { Variables: Qualifier ? {} : variables },
      },
    }),
    UpdateFunctionConfiguration: (input) => {
      Object.assign(variables, (input as { Environment: { Variables: object } }).Environment.Variables);
      return {};
    },
    GetAlias: () => ({ FunctionVersion: '1', RevisionId: 'a' }),
    PublishVersion: () => ({ ...base, Version: '2', State: state }),
    UpdateAlias: () => ({}),
  };
  // The laptop makes no snapshots, so Lambda is what its documentation says of them.
  const snapStart = {
    send: async (command: { input: { Qualifier?: string } }) => {
      const operation = command.constructor.name.replace('Command', '');
      sent.push(operation);
      return answers[operation]?.(command.input);
    },
  } as unknown as LambdaClient;
  const asked = request('snap', 'v2', { alias: 'live' });
  await recycleConsumer(snapStart, asked, new Date());
  for (let i = 0; i < 3; i += 1) {
    expect(await recycleConsumer(snapStart, asked, new Date())).toMatchObject({
      done: false,
      waitingFor: 'version 2 of snap',
    });
  }
  expect(sent).not.toContain('UpdateAlias');
  state = 'Active';
  await recycleConsumer(snapStart, asked, new Date());
  expect(sent.filter((operation) => operation === 'UpdateAlias')).toHaveLength(1);
});
