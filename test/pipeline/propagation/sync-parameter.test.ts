import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createEventsService from '../../../packages/laptop/services/events/service.ts';
import createSqsService from '../../../packages/laptop/services/sqs/service.ts';
import createSsmService from '../../../packages/laptop/services/ssm/service.ts';
import createStatesService from '../../../packages/laptop/services/states/service.ts';
import {
  declarableNames,
  type ParameterSettings,
  parameterSettingsName,
} from '../../../pipeline/contracts/settings/parameter.ts';
import type { ConsumerSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { lookAtParameter } from '../../../pipeline/propagation/look-at-parameter.ts';
import { syncParameter } from '../../../pipeline/propagation/sync-parameter.ts';
import { asPerson, clientConfig } from '../../packages/consumer/laptop.ts';

const PREFIX = '/keyturn/shop';
const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:look-at-parameter';
let cloud: RunningCloud;
let queueUrl: string;
let stateMachineArn: string;

/** Parameter Store's own events, caught by a rule; and a machine that takes whatever `propagate-secret` is given. */
beforeAll(async () => {
  cloud = await createCloud({
    log: () => {},
    services: [createEventsService, createSqsService, createSsmService, createStatesService],
    settings: { eventsDuplicatedRate: 0 },
  });
});
beforeEach(async () => {
  queueUrl = (await asPerson(cloud, 'sqs', 'CreateQueue', { QueueName: 'events' })).QueueUrl;
  const queueArn = `arn:aws:sqs:${cloud.region}:${cloud.accountId}:events`;
  const policy = { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage' };
  await asPerson(cloud, 'sqs', 'SetQueueAttributes', {
    QueueUrl: queueUrl,
    Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ ...policy, Resource: queueArn }] }) },
  });
  const EventPattern = JSON.stringify({ source: ['aws.ssm'], detail: { name: [{ prefix: '/app/' }] } });
  await asPerson(cloud, 'events', 'PutRule', { Name: 'changes', EventPattern });
  await asPerson(cloud, 'events', 'PutTargets', { Rule: 'changes', Targets: [{ Id: 'queue', Arn: queueArn }] });
  const trust = { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const { Role } = await asPerson(cloud, 'iam', 'CreateRole', {
    RoleName: 'machine',
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
  });
  ({ stateMachineArn } = await asPerson(cloud, 'states', 'CreateStateMachine', {
    name: 'propagate-secret',
    roleArn: Role.Arn,
    definition: JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Take', States: { Take: { Type: 'Succeed' } } }),
  }));
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

const consumer = (name: string, more: Partial<ConsumerSettings> = {}): ConsumerSettings => ({
  name,
  functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
  freshness: 'notify',
  maxAgeSeconds: 300,
  longestInvocationSeconds: 30,
  ...more,
});
const put = (Name: string, Value: string, more: object = {}) =>
  asPerson(cloud, 'ssm', 'PutParameter', { Name, Value, Type: 'String', Overwrite: true, ...more });
const declare = (name: string, consumers: ConsumerSettings[]) => {
  const settings: ParameterSettings = { schemaVersion: 1, name, consumers };
  return put(parameterSettingsName(PREFIX, name), JSON.stringify(settings));
};
const sync = (event: unknown) =>
  syncParameter(
    {
      ssm: new SSMClient(clientConfig(cloud)),
      states: new SFNClient(clientConfig(cloud)),
      settingsPrefix: PREFIX,
      propagateSecretArn: stateMachineArn,
      lookAtParameterFunctionArn: FUNCTION_ARN,
    },
    event,
  );
/** The events that Parameter Store has sent since this was asked last. */
async function events(count: number): Promise<any[]> {
  const found: any[] = [];
  for (let attempt = 0; found.length < count && attempt < 500; attempt += 1) {
    const { Messages } = await asPerson(cloud, 'sqs', 'ReceiveMessage', {
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
    });
    for (const { Body, ReceiptHandle } of Messages ?? []) {
      found.push(JSON.parse(Body));
      await asPerson(cloud, 'sqs', 'DeleteMessage', { QueueUrl: queueUrl, ReceiptHandle });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return found.sort((a, b) => (a.time < b.time ? -1 : 1));
}
async function propagations(): Promise<any[]> {
  const { executions } = await asPerson(cloud, 'states', 'ListExecutions', { stateMachineArn });
  const inputs = executions.map(async ({ executionArn }: { executionArn: string }) =>
    JSON.parse((await asPerson(cloud, 'states', 'DescribeExecution', { executionArn })).input),
  );
  return Promise.all(inputs);
}

test('a change of a declared parameter starts propagate-secret for its consumers, at the version that is there', async () => {
  await declare('/app/flag', [consumer('web'), consumer('worker', { freshness: 'recycle', alias: 'live' })]);
  await put('/app/flag', 'hunter2', { Type: 'SecureString' });
  const [created] = await events(1);
  expect(await sync(created)).toMatchObject({ started: true });
  const [propagation] = await propagations();
  expect(propagation).toEqual({
    secretArn: `arn:aws:ssm:${cloud.region}:${cloud.accountId}:parameter/app/flag`,
    secretName: '/app/flag',
    versionId: '1',
    promotedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    consumers: [consumer('web'), consumer('worker', { freshness: 'recycle', alias: 'live' })],
    mirrors: [],
    parameterFunctionArn: FUNCTION_ARN,
  });
  expect(JSON.stringify(propagation)).not.toContain('hunter2');
});

test('a look answers the version that is there now and nothing of the value; null where the parameter is gone', async () => {
  const look = (parameterName: string) => lookAtParameter(new SSMClient(clientConfig(cloud)), { parameterName });
  await put('/app/flag', 'hunter2');
  await put('/app/flag', 'hunter3');
  expect(await look('/app/flag')).toEqual({ version: 2 });
  expect(await look('/app/gone')).toEqual({ version: null });
});

test('an event that comes twice starts one execution; one that is late brings what is there now', async () => {
  await declare('/app/flag', [consumer('web')]);
  await put('/app/flag', 'one');
  await put('/app/flag', 'two');
  const [first, second] = await events(2);
  for (const event of [second, first, second]) expect(await sync(event)).toMatchObject({ started: true });
  expect((await propagations()).map(({ versionId }) => versionId)).toEqual(['2']);
});

test('deleted and made anew, it is propagated although its versions begin at 1 again', async () => {
  await declare('/app/flag', [consumer('web')]);
  await put('/app/flag', 'one');
  const [created] = await events(1);
  await sync(created);
  await asPerson(cloud, 'ssm', 'DeleteParameter', { Name: '/app/flag' });
  const [deleted] = await events(1);
  expect(await sync(deleted)).toEqual({ started: false, reason: expect.stringContaining('deleted') });
  expect(await sync(created)).toEqual({ started: false, reason: expect.stringContaining('meanwhile') });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await put('/app/flag', 'two');
  const [again] = await events(1);
  await sync(again);
  expect((await propagations()).map(({ versionId }) => versionId)).toEqual(['1', '1']);
});

test('a label that moved is a change, told apart from the version’s own', async () => {
  await declare('/app/flag', [consumer('web')]);
  await put('/app/flag', 'one');
  await sync((await events(1))[0]);
  await asPerson(cloud, 'ssm', 'LabelParameterVersion', { Name: '/app/flag', Labels: ['live'] });
  const [labelled] = await events(1);
  // As if it had come an hour later: readers have seen the version before until then.
  labelled.time = new Date(Date.parse(labelled.time) + 3_600_000).toISOString();
  await sync(labelled);
  await sync(labelled);
  const found = (await propagations()).sort((a, b) => (a.versionId < b.versionId ? -1 : 1));
  expect(found.map(({ versionId }) => versionId)).toEqual(['1', expect.stringMatching(/^1\.label\.[0-9a-f]{8}$/)]);
  const [at, labelledAt] = found.map(({ promotedAt }) => Date.parse(promotedAt)) as [number, number];
  expect(labelledAt - at).toBeGreaterThanOrEqual(3_600_000);
});

test('consumers of a path hear of everything under it; one that is declared twice is told once', async () => {
  await declare('/app/', [consumer('web'), consumer('worker')]);
  await declare('/app/prod/flag', [consumer('web', { maxAgeSeconds: 5 })]);
  await declare('/other/', [consumer('stranger')]);
  await put('/app/prod/flag', 'on');
  await sync((await events(1))[0]);
  const [{ consumers }] = await propagations();
  expect(consumers).toEqual([consumer('web', { maxAgeSeconds: 5 }), consumer('worker')]);
});

test('a parameter without a consumer starts nothing', async () => {
  await put('/app/flag', 'on');
  expect(await sync((await events(1))[0])).toEqual({
    started: false,
    reason: expect.stringContaining('no consumer is declared'),
  });
  expect(await propagations()).toEqual([]);
});

test('Step Functions down: thrown, so that EventBridge tries again', async () => {
  await declare('/app/flag', [consumer('web')]);
  await put('/app/flag', 'on');
  const [event] = await events(1);
  cloud.faults.add({ kind: 'throttle', service: 'states', operation: 'StartExecution' });
  await expect(sync(event)).rejects.toMatchObject({ name: 'ThrottlingException' });
  expect(await sync(event)).toMatchObject({ started: true });
});

test.each([
  ['nothing', undefined],
  ['another event', { id: 'x', source: 'aws.s3', 'detail-type': 'Object Created', resources: ['arn:x'], detail: {} }],
  [
    'no name',
    { id: 'x', source: 'aws.ssm', 'detail-type': 'Parameter Store Change', resources: ['arn:x'], detail: {} },
  ],
])('%s is refused with the place', async (_name, event) => {
  await expect(sync(event)).rejects.toMatchObject({ code: 'InputInvalid' });
});

test('names: a deep one is kept in one level, and no two are kept in one place', () => {
  const deep = `/${Array.from({ length: 15 }, (_, i) => `level-${i}`).join('/')}`;
  expect(parameterSettingsName(PREFIX, deep).split('/')).toHaveLength(5);
  expect(declarableNames(deep)).toHaveLength(16);
  expect(declarableNames('/app/prod/flag')).toEqual(['/app/prod/flag', '/app/prod/', '/app/', '/']);
  expect(declarableNames('flag')).toEqual(['flag']);
  const names = ['/a/b', '/a.b', '/a-b', '/a_b', 'a/b', '/a.x2f.b', '/a/'].map((name) =>
    parameterSettingsName(PREFIX, name),
  );
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[\w./-]+$/);
});
