import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  type CreateLogGroupCommandInput,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { resources } from '../../../../../packages/laptop/services/logs/resources.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import { clientOptions } from '../../wire/probe.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
let cloud: RunningCloud;
let logs: CloudWatchLogsClient;
beforeEach(async () => {
  cloud = await createCloud({ clock: new ManualClock(NOW), services: [createLogsService], log: () => {} });
  logs = new CloudWatchLogsClient(clientOptions(cloud));
});
afterEach(() => cloud.close());

const create = (logGroupName: string, more: Partial<CreateLogGroupCommandInput> = {}) =>
  logs.send(new CreateLogGroupCommand({ logGroupName, ...more }));
const groupNames = async (more: object = {}) =>
  (await logs.send(new DescribeLogGroupsCommand(more))).logGroups?.map(({ logGroupName }) => logGroupName);
const arn = (name: string) => `arn:aws:logs:us-east-1:000000000000:log-group:${name}`;

describe('a log group', () => {
  test('is made once, described, and gone with all its streams', async () => {
    await create('/app/one');
    await expect(create('/app/one')).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: 'The specified log group already exists',
    });
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
    expect(logGroups).toEqual([
      {
        logGroupName: '/app/one',
        creationTime: NOW.getTime(),
        metricFilterCount: 0,
        arn: `${arn('/app/one')}:*`,
        logGroupArn: arn('/app/one'),
        logGroupClass: 'STANDARD',
        storedBytes: 0,
      },
    ]);
    await logs.send(new DeleteLogGroupCommand({ logGroupName: '/app/one' }));
    expect(await groupNames()).toEqual([]);
    await expect(logs.send(new DeleteLogGroupCommand({ logGroupName: '/app/one' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The specified log group does not exist.',
    });
  });

  test.each([
    ['a b', 'Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+'],
    ['x'.repeat(513), 'Member must have length less than or equal to 512'],
  ])('cannot be called %.10s', async (name, told) => {
    await expect(create(name)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: `1 validation error detected: Value '${name}' at 'logGroupName' failed to satisfy constraint: ${told}`,
    });
  });

  test('is one of its region', async () => {
    await create('/app/one');
    const elsewhere = new CloudWatchLogsClient({ ...clientOptions(cloud), region: 'eu-west-1' });
    expect((await elsewhere.send(new DescribeLogGroupsCommand({}))).logGroups).toEqual([]);
  });

  test('keeps its lines for as many days as CloudWatch offers', async () => {
    await create('/app/one');
    const keep = (retentionInDays: number) =>
      logs.send(new PutRetentionPolicyCommand({ logGroupName: '/app/one', retentionInDays }));
    const look = async () => (await logs.send(new DescribeLogGroupsCommand({}))).logGroups?.[0]?.retentionInDays;
    await keep(14);
    expect(await look()).toBe(14);
    await expect(keep(15)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await logs.send(new DeleteRetentionPolicyCommand({ logGroupName: '/app/one' }));
    expect(await look()).toBeUndefined();
  });

  test('carries tags', async () => {
    await create('/app/one', { tags: { team: 'red' } });
    const resourceArn = arn('/app/one');
    const list = async () => (await logs.send(new ListTagsForResourceCommand({ resourceArn }))).tags;
    await logs.send(new TagResourceCommand({ resourceArn, tags: { stage: 'test' } }));
    expect(await list()).toEqual({ team: 'red', stage: 'test' });
    await logs.send(new UntagResourceCommand({ resourceArn, tagKeys: ['team'] }));
    expect(await list()).toEqual({ stage: 'test' });
  });

  test('is listed by prefix, by a piece of its name, by class, and page by page', async () => {
    for (const name of ['/b/Two', '/a/one', '/b/one']) await create(name);
    await create('/c/rare', { logGroupClass: 'INFREQUENT_ACCESS' });
    expect(await groupNames({ logGroupNamePrefix: '/b' })).toEqual(['/b/Two', '/b/one']);
    expect(await groupNames({ logGroupNamePattern: 'two' })).toEqual(['/b/Two']);
    expect(await groupNames({ logGroupClass: 'INFREQUENT_ACCESS' })).toEqual(['/c/rare']);
    expect(await groupNames({ logGroupIdentifiers: [arn('/a/one')] })).toEqual(['/a/one']);
    const first = await logs.send(new DescribeLogGroupsCommand({ limit: 3 }));
    expect(first.logGroups?.map(({ logGroupName }) => logGroupName)).toEqual(['/a/one', '/b/Two', '/b/one']);
    expect(await groupNames({ nextToken: first.nextToken, limit: 3 })).toEqual(['/c/rare']);
    await expect(groupNames({ nextToken: 'made-up' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The specified nextToken is invalid.',
    });
    await expect(groupNames({ limit: 51 })).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(groupNames({ logGroupNamePrefix: 'a', logGroupNamePattern: 'b' })).rejects.toMatchObject({
      message: 'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
    });
  });
});

describe('a log stream', () => {
  const createStream = (logStreamName: string) =>
    logs.send(new CreateLogStreamCommand({ logGroupName: '/app', logStreamName }));
  const write = (logStreamName: string, timestamp: number) =>
    logs.send(
      new PutLogEventsCommand({
        logGroupName: '/app',
        logStreamName,
        logEvents: [{ timestamp, message: 'x' }],
      }),
    );
  const streams = async (more: object = {}) =>
    (await logs.send(new DescribeLogStreamsCommand({ logGroupName: '/app', ...more }))).logStreams ?? [];
  beforeEach(() => create('/app'));

  test('is made in a group that is there, once, and deleted', async () => {
    await createStream('s');
    await expect(createStream('s')).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
    await expect(createStream('a:b')).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(
      logs.send(new CreateLogStreamCommand({ logGroupName: '/nowhere', logStreamName: 's' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await logs.send(new DeleteLogStreamCommand({ logGroupName: '/app', logStreamName: 's' }));
    await expect(
      logs.send(new DeleteLogStreamCommand({ logGroupName: '/app', logStreamName: 's' })),
    ).rejects.toMatchObject({ message: 'The specified log stream does not exist.' });
  });

  test('is described with the times of its lines', async () => {
    await createStream('s');
    await write('s', NOW.getTime() - 5000);
    await write('s', NOW.getTime() - 1000);
    expect(await streams()).toEqual([
      {
        logStreamName: 's',
        creationTime: NOW.getTime(),
        firstEventTimestamp: NOW.getTime() - 5000,
        lastEventTimestamp: NOW.getTime() - 1000,
        lastIngestionTime: NOW.getTime(),
        arn: `${arn('/app')}:log-stream:s`,
        storedBytes: 0,
        uploadSequenceToken: '1',
      },
    ]);
  });

  test('is listed by name or by its last line, forwards and backwards', async () => {
    for (const [name, ago] of [
      ['old', 9000],
      ['new', 1000],
      ['middle', 5000],
    ] as const) {
      await createStream(name);
      await write(name, NOW.getTime() - ago);
    }
    const names = async (more: object) => (await streams(more)).map(({ logStreamName }) => logStreamName);
    expect(await names({})).toEqual(['middle', 'new', 'old']);
    expect(await names({ descending: true })).toEqual(['old', 'new', 'middle']);
    expect(await names({ orderBy: 'LastEventTime', descending: true, limit: 2 })).toEqual(['new', 'middle']);
    expect(await names({ logStreamNamePrefix: 'm' })).toEqual(['middle']);
    await expect(names({ orderBy: 'LastEventTime', logStreamNamePrefix: 'm' })).rejects.toMatchObject({
      message: 'Cannot order by LastEventTime with a logStreamNamePrefix.',
    });
  });
});

describe('permissions', () => {
  async function clientOf(...resourcesOfPolicy: string[]): Promise<CloudWatchLogsClient> {
    const iam = new IAMClient(clientOptions(cloud));
    const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
    const document = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });
    await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: document(trust) }));
    const allowed = { Effect: 'Allow', Action: 'logs:*', Resource: resourcesOfPolicy };
    await iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: document(allowed) }));
    const credentials = cloud.assumeRole('arn:aws:iam::000000000000:role/r', 's');
    return new CloudWatchLogsClient({ ...clientOptions(cloud), credentials });
  }
  const filter = new FilterLogEventsCommand({ logGroupName: '/app' });

  test('on a group are given with its streams, and on its tags without', async () => {
    await create('/app');
    const client = await clientOf(`${arn('/app')}:*`);
    await client.send(filter);
    await client.send(new CreateLogStreamCommand({ logGroupName: '/app', logStreamName: 's' }));
    const tags = new ListTagsForResourceCommand({ resourceArn: arn('/app') });
    await expect(client.send(tags)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('on a group alone are none to read it, as the refusal shows', async () => {
    await create('/app');
    const client = await clientOf(arn('/app'));
    await client.send(new ListTagsForResourceCommand({ resourceArn: arn('/app') }));
    await expect(client.send(filter)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::000000000000:assumed-role/r/s is not authorized to perform: logs:FilterLogEvents on resource: ${arn('/app')}:log-stream: because no identity-based policy allows the logs:FilterLogEvents action`,
    });
  });

  test('to list groups are for everything', async () => {
    const client = await clientOf('*');
    await client.send(new DescribeLogGroupsCommand({}));
  });

  test('to list groups are not those to one of them', async () => {
    const client = await clientOf(arn('/app*'));
    await expect(client.send(new DescribeLogGroupsCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`logs:DescribeLogGroups on resource: ${arn('')}:log-stream: because`),
    });
  });
});

test('groups and streams of a template are there; a metric filter is refused with advice', async () => {
  const make = async (type: string, properties: Record<string, unknown>) =>
    resources
      .find((provider) => provider.type === type)
      ?.create({ logicalId: 'L', stackName: 'app', type, properties, metadata: {}, assetPath: () => '' }, cloud);
  const group = { LogGroupName: '/app', RetentionInDays: 7, Tags: [{ Key: 'team', Value: 'red' }] };
  expect(await make('AWS::Logs::LogGroup', group)).toEqual({
    ref: '/app',
    attributes: { Arn: `${arn('/app')}:*` },
  });
  expect(await make('AWS::Logs::LogStream', { LogGroupName: '/app', LogStreamName: 's' })).toEqual({ ref: 's' });
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
  expect(logGroups).toMatchObject([{ logGroupName: '/app', retentionInDays: 7 }]);
  await expect(make('AWS::Logs::MetricFilter', {})).rejects.toThrow('Write metrics as embedded-metric lines instead.');
});
