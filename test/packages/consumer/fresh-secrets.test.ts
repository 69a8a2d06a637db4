import middy from '@middy/core';
import { CONSUMER_CLIENT_CONTEXT } from '../../../packages/consumer/contracts/consumer-events.ts';
import { freshSecrets, withFreshSecrets } from '../../../packages/consumer/fresh-secrets.ts';
import { RotatingParametersProvider } from '../../../packages/consumer/rotating-parameters-provider.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { asPerson, environment, makeSecret, parametersClient, putSecret, startStores } from './laptop.ts';

let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startStores();
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

const pipelineEvent = (operation: string, secretArn: string, versionId: string, secretName = 'app/db') => ({
  keyturn: { operation, schemaVersion: 1, secretArn, secretName, versionId },
});

describe('withFreshSecrets', () => {
  test('an invalidation makes the next read fetch; the answer names what is held, never a value', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'hunter2');
    const { provider } = environment(cloud);
    await provider.get('app/db');
    const handler = withFreshSecrets(async (_event: unknown) => 'untouched', { providers: [provider] });
    const second = await putSecret(cloud, 'app/db', 'hunter3');
    const report = await handler(pipelineEvent('report', arn, second));
    expect(report).toEqual({
      keyturn: { schemaVersion: 1, environmentId: expect.any(String), held: [{ secretId: 'app/db', versionId }] },
    });
    expect(await provider.get('app/db')).toBe('hunter2');
    const answer = await handler(pipelineEvent('invalidate', arn, second));
    expect(JSON.stringify(answer)).not.toContain('hunter');
    expect(await provider.get('app/db')).toBe('hunter3');
  });

  test('reaches every provider of the environment, parameters included, unless the options name some', async () => {
    const { arn } = await makeSecret(cloud, 'app/db', 'one');
    await asPerson(cloud, 'ssm', 'PutParameter', { Name: '/app/flag', Value: 'on', Type: 'String' });
    const { provider } = environment(cloud);
    const parameters = new RotatingParametersProvider({
      awsSdkV3Client: parametersClient(cloud),
      maxAgeSeconds: 3_600,
    });
    await Promise.all([provider.get('app/db'), parameters.get('/app/flag'), parameters.getMultiple('/app')]);
    const second = await putSecret(cloud, 'app/db', 'two');
    await asPerson(cloud, 'ssm', 'PutParameter', { Name: '/app/flag', Value: 'off', Overwrite: true });
    const handler = withFreshSecrets(async (_event: unknown) => 'untouched');
    await handler(pipelineEvent('invalidate', arn, second));
    await handler(
      pipelineEvent(
        'invalidate',
        `arn:aws:ssm:${cloud.region}:${cloud.accountId}:parameter/app/flag`,
        '2',
        '/app/flag',
      ),
    );
    expect(await provider.get('app/db')).toBe('two');
    expect(await parameters.get('/app/flag')).toBe('off');
    expect(await parameters.getMultiple('/app')).toEqual({ flag: 'off' });
    expect(parameters.held()).toMatchObject([{ secretId: '/app/flag', versionId: '2' }]);
  });

  test('the canary runs after the invalidation, and a failure is answered by name and code only', async () => {
    const { arn } = await makeSecret(cloud, 'app/db', 'one');
    const { provider } = environment(cloud);
    await provider.get('app/db');
    const second = await putSecret(cloud, 'app/db', 'two');
    const seen: unknown[] = [];
    const good = withFreshSecrets(async (_event: unknown) => 'untouched', {
      providers: [provider],
      canary: async () => void seen.push(await provider.get('app/db')),
    });
    expect(await good(pipelineEvent('canary', arn, second))).toMatchObject({ keyturn: { canary: { ok: true } } });
    expect(seen).toEqual(['two']);
    const bad = withFreshSecrets(async (_event: unknown) => 'untouched', {
      providers: [provider],
      canary: () => {
        throw Object.assign(new Error('postgresql://app:hunter2@db'), { name: 'DatabaseError', code: '28P01' });
      },
    });
    expect(await bad(pipelineEvent('canary', arn, second))).toMatchObject({
      keyturn: { canary: { ok: false, message: 'DatabaseError: 28P01' } },
    });
  });

  test('everything else passes through untouched: arguments, this, answer, callback, error', async () => {
    const seen: unknown[] = [];
    const handler = withFreshSecrets(function (this: unknown, ...args: [any, ...any[]]) {
      seen.push(this, ...args);
      return 'its own answer' as unknown;
    });
    const [self, context, callback] = [{}, { awsRequestId: 'x' }, () => undefined];
    for (const event of [undefined, null, 'text', 7, [], {}, { body: '{"keyturn":{}}' }, { Records: [] }]) {
      seen.length = 0;
      expect(handler.call(self, event, context, callback)).toBe('its own answer');
      expect(seen).toEqual([self, event, context, callback]);
    }
    const failing = withFreshSecrets((_event: unknown) => {
      throw new TypeError('theirs');
    });
    expect(() => failing({})).toThrow('theirs');
  });

  test('what a public route can make of a request is never an event of the pipeline', async () => {
    const event = pipelineEvent('invalidate', 'arn', 'v2');
    const { keyturn } = event;
    const text = JSON.stringify(event);
    const lookalikes: unknown[] = [
      { version: '2.0', routeKey: '$default', rawPath: '/', body: text, requestContext: {} },
      { resource: '/', httpMethod: 'POST', body: text, requestContext: { elb: {} } },
      { Records: [{ eventSource: 'aws:sqs', body: text }] },
      { Records: [{ EventSource: 'aws:sns', Sns: { Message: text } }] },
      { source: 'another.source', 'detail-type': 'x', detail: event },
      { ...event, requestContext: {} },
      { keyturn: { ...keyturn, more: 1 } },
      { keyturn: { ...keyturn, operation: 'retire' } },
      { keyturn: { ...keyturn, schemaVersion: 2 } },
      { keyturn: { ...keyturn, versionId: undefined } },
      [event],
      text,
    ];
    const handler = withFreshSecrets((_event: unknown) => 'their own');
    for (const lookalike of lookalikes) expect(handler(lookalike)).toBe('their own');
  });

  test('requireClientContext: only who set the pipeline’s client context is answered', async () => {
    const handler = withFreshSecrets((_event: unknown, _context?: unknown): unknown => 'their own', {
      providers: [],
      requireClientContext: true,
    });
    const event = pipelineEvent('report', 'arn', 'v2');
    for (const context of [undefined, {}, { clientContext: null }, { clientContext: { custom: { keyturn: 'x' } } }]) {
      expect(handler(event, context)).toBe('their own');
    }
    expect(await handler(event, { clientContext: CONSUMER_CLIENT_CONTEXT })).toMatchObject({ keyturn: { held: [] } });
  });
});

describe('freshSecrets, the middy middleware', () => {
  test('answers the pipeline before the handler runs, and lets everything else on', async () => {
    const { arn } = await makeSecret(cloud, 'app/db', 'one');
    const { provider } = environment(cloud);
    await provider.get('app/db');
    let calls = 0;
    const handler = middy(async (event: { name?: string }) => {
      calls += 1;
      return { hello: event.name };
    }).use(freshSecrets({ providers: [provider] }));
    const context = { getRemainingTimeInMillis: () => 1_000 } as never;
    expect(await handler({ name: 'world' }, context)).toEqual({ hello: 'world' });
    const second = await putSecret(cloud, 'app/db', 'two');
    expect(await handler(pipelineEvent('invalidate', arn, second) as never, context)).toMatchObject({
      keyturn: { held: [{ secretId: 'app/db' }] },
    });
    expect(calls).toBe(1);
    expect(await provider.get('app/db')).toBe('two');
  });
});
