import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  SchedulerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { clientOptions } from '../../wire/probe.ts';
import { account, type Laptop, makeRole, policy, queueArn, roleArn, schedule, startLaptop } from './laptop.ts';

let laptop: Laptop;
let scheduler: SchedulerClient;
beforeEach(async () => {
  laptop = await startLaptop();
  scheduler = laptop.scheduler;
});
afterEach(() => laptop.cloud.close());

const create = (more: Parameters<typeof schedule>[0] = {}) => scheduler.send(new CreateScheduleCommand(schedule(more)));
const target = schedule().Target!;

describe('a schedule', () => {
  test('is described with what it was given and with AWS’s defaults', async () => {
    const { ScheduleArn } = await create({ Description: 'every hour' });
    expect(ScheduleArn).toBe(`arn:aws:scheduler:us-east-1:${account}:schedule/default/s`);
    const { $metadata, ...found } = await scheduler.send(new GetScheduleCommand({ Name: 's' }));
    expect(found).toEqual({
      Arn: ScheduleArn,
      GroupName: 'default',
      Name: 's',
      Description: 'every hour',
      ScheduleExpression: 'cron(0 * * * ? *)',
      ScheduleExpressionTimezone: 'UTC',
      State: 'ENABLED',
      ActionAfterCompletion: 'NONE',
      FlexibleTimeWindow: { Mode: 'OFF' },
      CreationDate: new Date('2026-01-15T12:00:30Z'),
      LastModificationDate: new Date('2026-01-15T12:00:30Z'),
      Target: {
        Arn: queueArn('q'),
        RoleArn: roleArn,
        Input: 'hello',
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    });
  });

  test('is replaced as a whole: what an update leaves out goes back to its default', async () => {
    await create({ Description: 'old', ScheduleExpressionTimezone: 'Europe/Berlin', State: 'DISABLED' });
    await laptop.clock.advance(1000);
    await scheduler.send(new UpdateScheduleCommand(schedule({ ScheduleExpression: 'rate(2 minute)' })));
    const found = await scheduler.send(new GetScheduleCommand({ Name: 's' }));
    expect(found).toMatchObject({
      ScheduleExpression: 'rate(2 minute)',
      ScheduleExpressionTimezone: 'UTC',
      State: 'ENABLED',
      CreationDate: new Date('2026-01-15T12:00:30Z'),
      LastModificationDate: new Date('2026-01-15T12:00:31Z'),
    });
    expect(found.Description).toBeUndefined();
  });

  test('is made once: a second one of its name is a conflict, the same request once more is not', async () => {
    await create({ ClientToken: 'token-1' });
    expect((await create({ ClientToken: 'token-1' })).ScheduleArn).toMatch(/default\/s$/);
    await expect(create({ ClientToken: 'token-2' })).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Schedule s already exists.',
      $metadata: { httpStatusCode: 409 },
    });
  });

  test('that is not there is not found, by any operation', async () => {
    const missing = {
      name: 'ResourceNotFoundException',
      message: 'Schedule none does not exist.',
      $metadata: { httpStatusCode: 404 },
    };
    await expect(scheduler.send(new GetScheduleCommand({ Name: 'none' }))).rejects.toMatchObject(missing);
    await expect(scheduler.send(new DeleteScheduleCommand({ Name: 'none' }))).rejects.toMatchObject(missing);
    await expect(scheduler.send(new UpdateScheduleCommand(schedule({ Name: 'none' })))).rejects.toMatchObject(missing);
  });

  test('belongs to its group, and to its region', async () => {
    await scheduler.send(new CreateScheduleGroupCommand({ Name: 'g' }));
    await create({ GroupName: 'g' });
    await expect(scheduler.send(new GetScheduleCommand({ Name: 's' }))).rejects.toThrow('does not exist');
    expect((await scheduler.send(new GetScheduleCommand({ Name: 's', GroupName: 'g' }))).GroupName).toBe('g');
    const elsewhere = new SchedulerClient({ ...clientOptions(laptop.cloud), region: 'eu-west-1' });
    await expect(elsewhere.send(new GetScheduleCommand({ Name: 's', GroupName: 'g' }))).rejects.toThrow(
      'does not exist',
    );
    await expect(create({ Name: 't', GroupName: 'none' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Schedule group none does not exist.',
    });
  });
});

describe('what AWS refuses is refused', () => {
  // AWS's own answers to these: localstack/localstack, tests/aws/services/scheduler/test_scheduler.snapshot.json.
  test.each([
    'cron(0 1 * * * *)',
    'cron(7 20 * * NOT *)',
    'cron(INVALID)',
    'cron(0 dummy ? * MON-FRI *)',
    'cron(71 8 1 * ? *)',
    'cron()',
    'rate(10 seconds)',
    'rate(10 years)',
    'rate()',
    'rate(10)',
    'rate(10 minutess)',
    'rate(foo minutes)',
    'rate(0 minutes)',
    'rate(-10 minutes)',
    'rate( 10 minutes )',
    ' rate(10 minutes)',
    'at(2021-12-31T23:59:59Z)',
    'at(2021-12-31)',
    'at(2026-02-30T00:00:00)',
  ])('the expression %s', async (ScheduleExpression) => {
    await expect(create({ ScheduleExpression })).rejects.toMatchObject({
      name: 'ValidationException',
      message: `Invalid Schedule Expression ${ScheduleExpression}.`,
      $metadata: { httpStatusCode: 400 },
    });
  });

  test.each([
    'cron(0/10 * * * ? *)',
    'rate(1 minute)',
    'rate(2 minute)',
    'at(2022-12-31T23:59:59)',
  ])('but not the expression %s', async (ScheduleExpression) => {
    expect((await create({ ScheduleExpression })).ScheduleArn).toMatch(/default\/s$/);
  });

  const failed = (value: string, path: string, constraint: string) =>
    `Value '${value}' at '${path}' failed to satisfy constraint: ${constraint}`;
  test.each<[string, Parameters<typeof schedule>[0], string]>([
    [
      'a name with a slash that is too long',
      { Name: `a/${'b'.repeat(63)}` },
      `2 validation errors detected: ${failed(`a/${'b'.repeat(63)}`, 'name', 'Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+')}; ${failed(`a/${'b'.repeat(63)}`, 'name', 'Member must have length less than or equal to 64')}`,
    ],
    [
      'a state that is none',
      { State: 'PAUSED' as 'DISABLED' },
      `1 validation error detected: ${failed('PAUSED', 'state', 'Member must satisfy enum value set: [ENABLED, DISABLED]')}`,
    ],
    [
      'a window of more than a day',
      { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 1441 } },
      `1 validation error detected: ${failed('1441', 'flexibleTimeWindow.maximumWindowInMinutes', 'Member must have value less than or equal to 1440')}`,
    ],
    [
      'too many retries',
      { Target: { ...target, RetryPolicy: { MaximumRetryAttempts: 186 } } },
      `1 validation error detected: ${failed('186', 'target.retryPolicy.maximumRetryAttempts', 'Member must have value less than or equal to 185')}`,
    ],
    [
      'a time zone that is none',
      { ScheduleExpressionTimezone: 'Europe/Atlantis' },
      'Invalid ScheduleExpressionTimezone',
    ],
    ['a flexible window without its length', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, 'must be provided'],
    [
      'a length without a flexible window',
      { FlexibleTimeWindow: { Mode: 'OFF', MaximumWindowInMinutes: 5 } },
      'must not',
    ],
    [
      'a start that is long over',
      { StartDate: new Date('2026-01-15T11:55:00Z') },
      'The StartDate you specify cannot be earlier than 5 minutes ago.',
    ],
    [
      'an end before the start',
      { StartDate: new Date('2026-01-17T00:00:00Z'), EndDate: new Date('2026-01-16T00:00:00Z') },
      'must come after the StartDate',
    ],
    [
      'a role that is not there',
      { Target: { ...target, RoleArn: `arn:aws:iam::${account}:role/nobody` } },
      'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.',
    ],
    [
      'a dead-letter queue that is FIFO',
      { Target: { ...target, DeadLetterConfig: { Arn: queueArn('q.fifo') } } },
      "at 'target.deadLetterConfig.arn' failed to satisfy constraint",
    ],
    [
      'a universal target whose input lacks what the action needs',
      { Target: { ...target, Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage', Input: '{"MessageBody":"x"}' } },
      'Invalid RequestJson provided. Reason Request payload is missing the following field(s): QueueUrl.',
    ],
    [
      'a universal target that only reads',
      { Target: { ...target, Arn: 'arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl', Input: '{"QueueName":"q"}' } },
      'not supported',
    ],
    [
      'input that is no JSON for a target that takes JSON',
      { Target: { ...target, Arn: `arn:aws:states:us-east-1:${account}:stateMachine:m`, Input: 'hello' } },
      'well-formed JSON',
    ],
    [
      'a target that the laptop lacks',
      { Target: { ...target, Arn: `arn:aws:ecs:us-east-1:${account}:cluster/c` } },
      'not supported as a target on the laptop',
    ],
  ])('%s', async (_name, more, message) => {
    await expect(create(more)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    });
  });

  test('a role whose trust is bound to another group', async () => {
    const condition = (group: string) => ({
      StringEquals: {
        'aws:SourceAccount': account,
        'aws:SourceArn': `arn:aws:scheduler:us-east-1:${account}:schedule-group/${group}`,
      },
    });
    await makeRole(laptop.iam, 'ours', [], condition('default'));
    await makeRole(laptop.iam, 'theirs', [], condition('other'));
    const as = (name: string) => ({ ...target, RoleArn: `arn:aws:iam::${account}:role/${name}` });
    await create({ Name: 'a', Target: as('ours') });
    await expect(create({ Name: 'b', Target: as('theirs') })).rejects.toThrow('to assume the role');
  });

  test('a caller who may not pass the role', async () => {
    const { iam, cloud } = laptop;
    const trust = policy({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'sts:AssumeRole',
    });
    await iam.send(new CreateRoleCommand({ RoleName: 'developer', AssumeRolePolicyDocument: trust }));
    const allow = (Action: string[]) =>
      iam.send(
        new PutRolePolicyCommand({
          RoleName: 'developer',
          PolicyName: 'p',
          PolicyDocument: policy({ Effect: 'Allow', Action, Resource: '*' }),
        }),
      );
    await allow(['scheduler:*', 'sts:AssumeRole']);
    const RoleArn = `arn:aws:iam::${account}:role/developer`;
    const { Credentials } = await new STSClient(clientOptions(cloud)).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'dev' }),
    );
    const developer = new SchedulerClient({
      ...clientOptions(cloud),
      credentials: {
        accessKeyId: Credentials?.AccessKeyId as string,
        secretAccessKey: Credentials?.SecretAccessKey as string,
        sessionToken: Credentials?.SessionToken as string,
      },
    });
    await expect(developer.send(new CreateScheduleCommand(schedule()))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`not authorized to perform: iam:PassRole on resource: ${roleArn}`),
      $metadata: { httpStatusCode: 403 },
    });
    await allow(['scheduler:CreateSchedule', 'iam:PassRole']);
    await developer.send(new CreateScheduleCommand(schedule()));
    await expect(developer.send(new ListSchedulesCommand({}))).rejects.toThrow('scheduler:ListSchedules');
  });
});

test('lists come in pages, filtered by group, state and the beginning of the name', async () => {
  await scheduler.send(new CreateScheduleGroupCommand({ Name: 'g' }));
  for (const Name of ['a1', 'a2', 'b1']) await create({ Name });
  await create({ Name: 'a3', GroupName: 'g', State: 'DISABLED' });
  const list = async (input: object) => {
    const names: string[][] = [];
    let NextToken: string | undefined;
    do {
      const page = await scheduler.send(new ListSchedulesCommand({ ...input, ...(NextToken && { NextToken }) }));
      names.push((page.Schedules ?? []).map((one) => `${one.GroupName}/${one.Name} ${one.State}`));
      NextToken = page.NextToken;
    } while (NextToken);
    return names;
  };
  expect(await list({ MaxResults: 3 })).toEqual([
    ['default/a1 ENABLED', 'default/a2 ENABLED', 'default/b1 ENABLED'],
    ['g/a3 DISABLED'],
  ]);
  expect(await list({ NamePrefix: 'a', State: 'ENABLED' })).toEqual([['default/a1 ENABLED', 'default/a2 ENABLED']]);
  expect(await list({ GroupName: 'g' })).toEqual([['g/a3 DISABLED']]);
  await expect(list({ GroupName: 'none' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await expect(list({ NextToken: 'nonsense' })).rejects.toMatchObject({ name: 'ValidationException' });
  await expect(list({ MaxResults: 101 })).rejects.toMatchObject({ name: 'ValidationException' });
});

describe('a schedule group', () => {
  test('is made, described, listed and deleted with its schedules', async () => {
    const { ScheduleGroupArn } = await scheduler.send(new CreateScheduleGroupCommand({ Name: 'g' }));
    expect(await scheduler.send(new GetScheduleGroupCommand({ Name: 'g' }))).toMatchObject({
      Arn: ScheduleGroupArn,
      Name: 'g',
      State: 'ACTIVE',
    });
    await create({ GroupName: 'g' });
    const names = async () =>
      (await scheduler.send(new ListScheduleGroupsCommand({}))).ScheduleGroups?.map(({ Name }) => Name);
    expect(await names()).toEqual(['default', 'g']);
    await expect(scheduler.send(new CreateScheduleGroupCommand({ Name: 'g' }))).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Schedule group g already exists.',
    });
    await scheduler.send(new DeleteScheduleGroupCommand({ Name: 'g' }));
    expect(await names()).toEqual(['default']);
    await expect(scheduler.send(new GetScheduleCommand({ Name: 's', GroupName: 'g' }))).rejects.toThrow(
      'does not exist',
    );
    await expect(scheduler.send(new DeleteScheduleGroupCommand({ Name: 'default' }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('has tags, as schedules have not', async () => {
    const Tags = [{ Key: 'team', Value: 'core' }];
    const { ScheduleGroupArn: ResourceArn } = await scheduler.send(new CreateScheduleGroupCommand({ Name: 'g', Tags }));
    const tags = async () => (await scheduler.send(new ListTagsForResourceCommand({ ResourceArn }))).Tags;
    await scheduler.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'stage', Value: 'test' }] }));
    expect(await tags()).toEqual([...Tags, { Key: 'stage', Value: 'test' }]);
    await scheduler.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['team'] }));
    expect(await tags()).toEqual([{ Key: 'stage', Value: 'test' }]);
    const { ScheduleArn } = await create();
    await expect(scheduler.send(new TagResourceCommand({ ResourceArn: ScheduleArn, Tags }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });
});
