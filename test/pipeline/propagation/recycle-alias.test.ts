import type { LambdaClient } from '@aws-sdk/client-lambda';
import { recycleConsumer } from '../../../pipeline/propagation/recycle-consumer.ts';
import { RECYCLE_VARIABLE, withMark } from '../../../pipeline/propagation/recycle-mark.ts';
import { lambdaOf, settled } from '../../packages/laptop/services/lambda/laptop.ts';
import { caught, Functions } from './functions.ts';

let functions: Functions;

beforeAll(async () => {
  functions = await Functions.start();
});
afterEach(() => functions.cloud.faults.clear());
afterAll(() => functions.cloud.close());

describe('an alias', () => {
  async function withAlias(more: object = {}) {
    const name = await functions.make(more);
    const { Version } = await functions.ask('PublishVersion', { FunctionName: name, Description: 'release' });
    await functions.ask('CreateAlias', { FunctionName: name, Name: 'live', FunctionVersion: Version });
    const aliasVersion = async () =>
      (await functions.ask('GetAlias', { FunctionName: name, Name: 'live' })).FunctionVersion;
    return { name, aliasVersion, released: Version as string };
  }

  test('is moved to a version that differs in our variable alone, and no traffic is on the old one when it is done', async () => {
    const { name, aliasVersion, released } = await withAlias();
    const before = await functions.configurationOf(name, released);
    const old = await functions.environments(name, 'live');
    const steps: string[] = [];
    const asked = functions.request(name, 'v2', { alias: 'live' });
    await functions.recycle(asked, steps);
    const version = await aliasVersion();
    expect(version).not.toBe(released);
    const { Version, FunctionArn, Description, mark, ...after } = await functions.configurationOf(name, version);
    const { Version: _, FunctionArn: __, Description: ___, mark: ____, ...same } = before;
    expect(after).toEqual(same);
    expect(mark).toBe(withMark(undefined, asked));
    const now = await functions.environments(name, 'live');
    expect([...now.keys()].filter((id) => old.has(id))).toEqual([]);
    // The published version of the release was never touched.
    expect(await functions.configurationOf(name, released)).toEqual(before);
  });

  test('a step that was killed after publishing goes on with that version', async () => {
    const { name, aliasVersion } = await withAlias();
    const asked = functions.request(name, 'v2', { alias: 'live' });
    functions.cloud.faults.add({ kind: 'error', code: 'ServiceException', httpStatus: 500, operation: 'UpdateAlias' });
    const errors: unknown[] = [];
    for (let attempt = 0; attempt < 500 && errors.length === 0; attempt += 1) {
      const error = await caught(functions.step(asked));
      if (error) errors.push(error.name);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(errors).toEqual(['ServiceException']);
    const versions = await functions.versionsOf(name);
    await functions.recycle(asked);
    expect(await functions.versionsOf(name)).toEqual(versions);
    expect(await aliasVersion()).toBe(versions.at(-1));
  });

  test('ours are pruned, the one before stays for what still runs on it, and nobody else’s is deleted', async () => {
    const { name, aliasVersion, released } = await withAlias();
    for (const version of ['v2', 'v3', 'v4', 'v5'])
      await functions.recycle(functions.request(name, version, { alias: 'live' }));
    const current = Number(await aliasVersion());
    expect(await functions.versionsOf(name)).toEqual(['$LATEST', released, String(current - 1), String(current)]);
  });

  test('a version of ours that another alias points to is left, and does not stop the recycle', async () => {
    const { name, aliasVersion } = await withAlias();
    await functions.recycle(functions.request(name, 'v2', { alias: 'live' }));
    const held = await aliasVersion();
    await functions.ask('CreateAlias', { FunctionName: name, Name: 'pinned', FunctionVersion: held });
    for (const version of ['v3', 'v4']) await functions.recycle(functions.request(name, version, { alias: 'live' }));
    expect(await functions.versionsOf(name)).toContain(held);
  });

  test('provisioned concurrency is waited for until it is ready with the new version', async () => {
    const { name, aliasVersion, released } = await withAlias();
    await functions.ask('PutProvisionedConcurrencyConfig', {
      FunctionName: name,
      Qualifier: 'live',
      ProvisionedConcurrentExecutions: 2,
    });
    const status = async () =>
      (await functions.ask('GetProvisionedConcurrencyConfig', { FunctionName: name, Qualifier: 'live' })).Status;
    for (let attempt = 0; (await status()) !== 'READY' && attempt < 500; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await functions.recycle(functions.request(name, 'v2', { alias: 'live' }));
    expect(await status()).toBe('READY');
    expect(await aliasVersion()).not.toBe(released);
    const provisioned = lambdaOf(functions.cloud)
      .environments()
      .filter((held) => held.functionName === name && held.initializationType === 'provisioned-concurrency');
    expect(new Set(provisioned.map(({ version }) => version))).toEqual(new Set([await aliasVersion()]));
  });

  test('one that points to $LATEST needs no version', async () => {
    const name = await functions.make();
    await functions.ask('CreateAlias', { FunctionName: name, Name: 'live', FunctionVersion: '$LATEST' });
    const asked = functions.request(name, 'v2', { alias: 'live' });
    await functions.recycle(asked);
    expect(await functions.versionsOf(name)).toEqual(['$LATEST']);
    expect((await functions.configurationOf(name)).mark).toBe(withMark(undefined, asked));
  });

  test.each([
    [
      'it has weights',
      async (name: string, released: string) => {
        await functions.ask('UpdateFunctionConfiguration', { FunctionName: name, Timeout: 9 });
        await settled(functions.cloud, name);
        const { Version } = await functions.ask('PublishVersion', { FunctionName: name });
        const RoutingConfig = { AdditionalVersionWeights: { [Version]: 0.1 } };
        await functions.ask('UpdateAlias', {
          FunctionName: name,
          Name: 'live',
          FunctionVersion: released,
          RoutingConfig,
        });
      },
      'weighted routing',
    ],
    [
      '$LATEST is ahead of it',
      async (name: string) => {
        await functions.ask('UpdateFunctionConfiguration', { FunctionName: name, MemorySize: 512 });
        await settled(functions.cloud, name);
      },
      'would deploy it',
    ],
  ])('is refused when %s, and neither function nor alias is touched', async (_name, change, words) => {
    const { name, aliasVersion, released } = await withAlias();
    await change(name, released);
    const before = await functions.configurationOf(name);
    expect(await caught(functions.recycle(functions.request(name, 'v2', { alias: 'live' })))).toMatchObject({
      code: 'RecycleRefused',
      message: expect.stringContaining(words),
    });
    expect(await functions.configurationOf(name)).toEqual(before);
    expect(await aliasVersion()).toBe(released);
  });

  test('weights that appear while it is recycled are seen before it is called done', async () => {
    const { name, released } = await withAlias();
    const asked = functions.request(name, 'v2', { alias: 'live' });
    await functions.recycle(asked);
    const RoutingConfig = { AdditionalVersionWeights: { [released]: 0.5 } };
    await functions.ask('UpdateAlias', { FunctionName: name, Name: 'live', RoutingConfig });
    expect(await caught(functions.recycle(asked))).toMatchObject({ code: 'RecycleRefused' });
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
  const asked = functions.request('snap', 'v2', { alias: 'live' });
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
