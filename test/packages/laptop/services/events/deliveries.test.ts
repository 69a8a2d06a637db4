import { afterEach, describe, expect, test } from '@jest/globals';
import createLambdaService from '../../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import type { SnsService } from '../../../../../packages/laptop/services/sns/service.ts';
import { eventually } from '../eventually.ts';
import { make } from '../lambda/laptop.ts';
import { account, arnOf, document, EventsLaptop } from './laptop.ts';

let laptop: EventsLaptop;
afterEach(() => laptop?.cloud.close());

const EVENTS = 'events.amazonaws.com';

describe('targets', () => {
  test('a function is invoked with the event, once its policy lets the rule', async () => {
    laptop = await EventsLaptop.start({ services: [createLogsService, createLambdaService] });
    await laptop.role('consumer', 'lambda.amazonaws.com', ['logs:*']);
    const code = 'exports.handler = async (event) => console.log("got " + event.detail.to);';
    await laptop.whileTimePasses(make(laptop.cloud, code, { Timeout: 900 }));
    await laptop.call('logs', 'CreateLogGroup', { logGroupName: '/aws/lambda/f' });
    const Arn = arnOf('lambda', 'function:f');
    const dead = await laptop.queue('dead');
    const SourceArn = await laptop.rule('app', { Id: 'f', Arn, DeadLetterConfig: { Arn: dead } });
    await laptop.put('app', { to: 'nobody' });
    expect(await laptop.deadLetter('dead')).toMatchObject({ TARGET_ARN: Arn, ERROR_CODE: 'NO_PERMISSIONS' });
    const permission = { StatementId: 's', Action: 'lambda:InvokeFunction', Principal: EVENTS, SourceArn };
    await laptop.call('lambda', 'AddPermission', { FunctionName: 'f', ...permission });
    await laptop.put('app', { to: 'function' });
    const messages = await eventually(
      async () => {
        await laptop.clock.advance(10);
        const { events } = await laptop.call('logs', 'FilterLogEvents', { logGroupName: '/aws/lambda/f' });
        return events.map(({ message }: { message: string }) => message).join('');
      },
      (found) => found.includes('got function'),
    );
    expect(messages).not.toContain('got nobody');
  });

  test('a topic gets the event, when its policy lets EventBridge publish', async () => {
    laptop = await EventsLaptop.start();
    const { TopicArn } = await laptop.call('sns', 'CreateTopic', { Name: 't' });
    const statement = { Effect: 'Allow', Principal: { Service: EVENTS }, Action: 'sns:Publish', Resource: TopicArn };
    const policy = { TopicArn, AttributeName: 'Policy', AttributeValue: document(statement) };
    await laptop.call('sns', 'SetTopicAttributes', policy);
    await laptop.rule('app', { Id: 't', Arn: TopicArn, InputPath: '$.detail' });
    await laptop.put('app', { to: 'topic' });
    const [message] = await eventually(
      () => laptop.cloud.service<SnsService>('sns').outbox(),
      (found) => found.length > 0,
    );
    expect(message?.message).toBe('{"to":"topic"}');
  });

  test('a state machine is started as the target’s role, with the event as its input', async () => {
    laptop = await EventsLaptop.start();
    const machineRole = await laptop.role('machine', 'states.amazonaws.com', ['sqs:*']);
    const RoleArn = await laptop.role('starter', EVENTS, ['states:StartExecution']);
    const definition = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Succeed' } } });
    const machine = { name: 'm', definition, roleArn: machineRole };
    const { stateMachineArn } = await laptop.call('states', 'CreateStateMachine', machine);
    await laptop.rule('app', { Id: 'm', Arn: stateMachineArn, RoleArn });
    const id = await laptop.put('app', { to: 'machine' });
    const { executions } = await eventually(
      () => laptop.call('states', 'ListExecutions', { stateMachineArn }),
      (found) => found.executions.length > 0,
    );
    expect(executions[0].name).toMatch(new RegExp(`^${id}_[0-9a-f-]{36}$`));
    const { executionArn } = executions[0];
    const { input } = await laptop.call('states', 'DescribeExecution', { executionArn });
    expect(JSON.parse(input)).toMatchObject({ id, source: 'app', detail: { to: 'machine' } });
    const [start] = laptop.cloud.recorder.calls({ operation: 'StartExecution' });
    expect(start).toMatchObject({ principal: `arn:aws:sts::${account}:assumed-role/starter/events-app` });
  });

  test('another bus gets the event as it is: with its id, its time and its region', async () => {
    laptop = await EventsLaptop.start();
    const { EventBusArn } = await laptop.call('events', 'CreateEventBus', { Name: 'other' }, 'eu-west-1');
    const RoleArn = await laptop.role('forwarder', EVENTS, ['events:PutEvents']);
    await laptop.rule('app', { Id: 'other', Arn: EventBusArn, RoleArn });
    const Arn = await laptop.queue('q');
    const rule = { Name: 'there', EventBusName: 'other', EventPattern: '{"region":["us-east-1"]}' };
    await laptop.call('events', 'PutRule', rule, 'eu-west-1');
    const targets = { Rule: 'there', EventBusName: 'other', Targets: [{ Id: 'q', Arn }] };
    await laptop.call('events', 'PutTargets', targets, 'eu-west-1');
    const id = await laptop.put('app', { a: 1 }, { Time: new Date('2025-05-05T05:05:05Z'), Resources: ['r'] });
    const [message] = await laptop.arrived('q');
    expect(JSON.parse(String(message?.Body))).toEqual({
      version: '0',
      id,
      'detail-type': 'Case',
      source: 'app',
      account,
      time: '2025-05-05T05:05:05Z',
      region: 'us-east-1',
      resources: ['r'],
      detail: { a: 1 },
    });
  });

  test('a FIFO queue gets the event in the group that the target names', async () => {
    laptop = await EventsLaptop.start();
    const QueueArn = arnOf('sqs', 'q.fifo');
    const statement = { Effect: 'Allow', Principal: { Service: EVENTS }, Action: 'sqs:*', Resource: QueueArn };
    const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true', Policy: document(statement) };
    await laptop.call('sqs', 'CreateQueue', { QueueName: 'q.fifo', Attributes });
    const target = { Id: 'q', Arn: QueueArn };
    await expect(laptop.rule('app', target)).rejects.toThrow('SqsParameters must be specified for target: q.');
    await laptop.rule('app', { ...target, SqsParameters: { MessageGroupId: 'g' } });
    await laptop.put('app');
    expect(await laptop.arrived('q.fifo')).toHaveLength(1);
  });

  test('of a kind that the laptop does not deliver to are refused, naming it', async () => {
    laptop = await EventsLaptop.start();
    const Arn = arnOf('logs', 'log-group:/aws/events/g');
    await expect(laptop.rule('app', { Id: 'logs', Arn })).rejects.toMatchObject({
      code: 'ValidationException',
      message: `Target logs: ${Arn} is of a kind that the laptop does not deliver to.`,
    });
  });

  test('that are taken off, and rules that are disabled, get nothing', async () => {
    laptop = await EventsLaptop.start();
    const [gone, off, there] = [await laptop.queue('gone'), await laptop.queue('off'), await laptop.queue('there')];
    await laptop.rule('app', { Id: 'gone', Arn: gone }, { Id: 'there', Arn: there });
    await laptop.call('events', 'RemoveTargets', { Rule: 'app', Ids: ['gone'] });
    await laptop.call('events', 'PutRule', { Name: 'off', EventPattern: '{"source":["app"]}', State: 'DISABLED' });
    await laptop.call('events', 'PutTargets', { Rule: 'off', Targets: [{ Id: 'off', Arn: off }] });
    await laptop.put('app');
    await laptop.arrived('there');
    const sent = laptop.cloud.recorder.calls({ operation: 'SendMessage' });
    expect(sent.flatMap(({ resources }) => resources)).toEqual([there]);
  });
});

describe('what cannot be delivered', () => {
  const start = async () => {
    laptop = await EventsLaptop.start();
    return { DeadLetterConfig: { Arn: await laptop.queue('dead') } };
  };

  test('for want of permission goes to the dead-letter queue at once, as the event, saying why', async () => {
    const deadLetters = await start();
    const Arn = await laptop.queue('closed', false);
    const RULE_ARN = await laptop.rule('app', { Id: 'q', Arn, Input: '"other"', ...deadLetters });
    const id = await laptop.put('app', { a: 1 });
    const { body, ...attributes } = await laptop.deadLetter('dead');
    expect(attributes).toEqual({
      RULE_ARN,
      TARGET_ARN: Arn,
      ERROR_CODE: 'NO_PERMISSIONS',
      ERROR_MESSAGE: expect.stringContaining('sqs:SendMessage'),
      RETRY_ATTEMPTS: '0',
    });
    expect(JSON.parse(String(body))).toMatchObject({ id, source: 'app', detail: { a: 1 } });
  });

  test('for want of a target', async () => {
    const deadLetters = await start();
    const RoleArn = await laptop.role('sender', EVENTS, ['sqs:SendMessage']);
    await laptop.rule('app', { Id: 'q', Arn: arnOf('sqs', 'not-there'), RoleArn, ...deadLetters });
    await laptop.put('app');
    expect(await laptop.deadLetter('dead')).toMatchObject({ ERROR_CODE: 'NO_RESOURCE', RETRY_ATTEMPTS: '0' });
  });

  test('for a role that EventBridge may not assume', async () => {
    const deadLetters = await start();
    const RoleArn = await laptop.role('theirs', 'lambda.amazonaws.com', ['sqs:*']);
    await laptop.rule('app', { Id: 'q', Arn: await laptop.queue('q'), RoleArn, ...deadLetters });
    await laptop.put('app');
    expect(await laptop.deadLetter('dead')).toMatchObject({ ERROR_CODE: 'FAILED_TO_ASSUME_ROLE' });
    expect(await laptop.messages('q')).toEqual([]);
  });

  test('for a template that the event makes no JSON of', async () => {
    const deadLetters = await start();
    const InputTransformer = { InputPathsMap: { list: '$.detail.list' }, InputTemplate: '{"a":"<list>"}' };
    await laptop.rule('app', { Id: 'q', Arn: await laptop.queue('q'), InputTransformer, ...deadLetters });
    await laptop.put('app', { list: ['a'] });
    expect(await laptop.deadLetter('dead')).toMatchObject({ ERROR_CODE: 'INVALID_JSON' });
    expect(await laptop.messages('q')).toEqual([]);
  });

  test('now is tried again, and arrives', async () => {
    const deadLetters = await start();
    await laptop.rule('app', { Id: 'q', Arn: await laptop.queue('q'), ...deadLetters });
    laptop.cloud.faults.add({ kind: 'throttle', service: 'sqs', operation: 'SendMessage' });
    await laptop.put('app');
    await eventually(
      async () => {
        await laptop.clock.advance(1_000);
        return laptop.messages('q');
      },
      (found) => found.length === 1,
    );
    expect(await laptop.messages('dead')).toEqual([]);
  });

  test('is tried as often as the policy says, and no longer than it says', async () => {
    const deadLetters = await start();
    const Arn = await laptop.queue('q');
    laptop.cloud.faults.add({ kind: 'error', service: 'sqs', resource: '*/q', rate: 1 });
    const target = { Id: 'q', Arn, RetryPolicy: { MaximumRetryAttempts: 2 }, ...deadLetters };
    await laptop.rule('app', target);
    await laptop.put('app');
    expect(await laptop.deadLetter('dead')).toMatchObject({
      ERROR_CODE: 'ERROR_FROM_TARGET',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '2',
    });
    const old = await laptop.queue('old');
    const RetryPolicy = { MaximumEventAgeInSeconds: 60 };
    await laptop.rule('app', { ...target, RetryPolicy, DeadLetterConfig: { Arn: old } });
    await laptop.put('app');
    expect(await laptop.deadLetter('old')).toMatchObject({ EXHAUSTED_RETRY_CONDITION: 'MaximumEventAgeInSeconds' });
  });

  test('is told in the log without a dead-letter queue, and never with its content', async () => {
    await start();
    await laptop.rule('app', { Id: 'q', Arn: arnOf('sqs', 'not-there') });
    await laptop.put('app', { password: 'S3cret!' });
    const line = await eventually(() => laptop.log.find((entry) => entry.startsWith('events: rule app')));
    expect(line).toMatch(/gave up on arn:aws:sqs:us-east-1:000000000000:not-there/);
    expect(laptop.log.join()).not.toContain('S3cret!');
  });

  test('to a dead-letter queue that is closed is told in the log', async () => {
    laptop = await EventsLaptop.start();
    const Arn = await laptop.queue('closed', false);
    await laptop.rule('app', { Id: 'q', Arn: arnOf('sqs', 'not-there'), DeadLetterConfig: { Arn } });
    await laptop.put('app');
    await eventually(() => laptop.log.find((entry) => /rule app: .*sqs:SendMessage/.test(entry)));
  });
});

describe('how often', () => {
  const ids = async (count: number) => (await laptop.arrived('q', count)).map(({ Body }) => JSON.parse(Body).id);

  test('an event may come twice, with one id', async () => {
    laptop = await EventsLaptop.start({ settings: { eventsDuplicatedRate: 1 } });
    await laptop.rule('app', { Id: 'q', Arn: await laptop.queue('q') });
    const id = await laptop.put('app');
    expect(await ids(2)).toEqual([id, id]);
  });

  test('of an event of a service may be lost; one that was put is not', async () => {
    laptop = await EventsLaptop.start({ settings: { eventsLostRate: 1 } });
    await laptop.rule('app', { Id: 'q', Arn: await laptop.queue('q') });
    await laptop.call('events', 'PutRule', { Name: 'aws', EventPattern: '{"source":["aws.test"]}' });
    await laptop.call('events', 'PutTargets', { Rule: 'aws', Targets: [{ Id: 'q', Arn: arnOf('sqs', 'q') }] });
    const event = { source: 'aws.test', detailType: 'Test', detail: {}, resources: [] };
    laptop.cloud.publish(event);
    const id = await laptop.put('app');
    expect(await ids(1)).toEqual([id]);
    laptop.cloud.settings.eventsLostRate = 0;
    laptop.cloud.publish(event);
    expect(await ids(2)).toHaveLength(2);
  });
});
