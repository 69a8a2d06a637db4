import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { askLocal } from '../../laptop-requests.ts';
import { eventually } from './services/eventually.ts';
import { allow, asPerson, make, startLaptop, until } from './services/lambda/laptop.ts';

const { resolve } = createRequire(import.meta.url);
const account = '000000000000';
const arnOf = (service: string, name: string) => `arn:aws:${service}:us-east-1:${account}:${name}`;
const busArn = (name: string) => arnOf('events', `event-bus/${name}`);
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

let cloud: RunningCloud;
let log: string[];
const settings = { eventsDuplicatedRate: 0, stateMachineTimeScale: 1 };
beforeEach(() => {
  log = [];
});
afterEach(() => cloud.close());
const call = (service: string, operation: string, input: object) => asPerson(cloud, service, operation, input);
const calls = (operation: string) => cloud.recorder.calls({ operation }).length;

async function role(RoleName: string, service: string, ...actions: string[]): Promise<string> {
  const trust = document({ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' });
  await call('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: trust });
  const PolicyDocument = document({ Effect: 'Allow', Action: actions, Resource: '*' });
  await call('iam', 'PutRolePolicy', { RoleName, PolicyName: 'p', PolicyDocument });
  return `arn:aws:iam::${account}:role/${RoleName}`;
}

async function rule(bus: string, ...Targets: object[]): Promise<void> {
  await call('events', 'PutRule', { Name: 'all', EventBusName: bus, EventPattern: '{"source":["loop"]}' });
  await call('events', 'PutTargets', { Rule: 'all', EventBusName: bus, Targets });
}

const put = (EventBusName: string) =>
  call('events', 'PutEvents', { Entries: [{ Source: 'loop', DetailType: 'd', Detail: '{}', EventBusName }] });

/** How long the endpoint takes to answer, the longest of some requests, while something goes on. */
async function slowestAnswer(milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  let slowest = 0;
  while (performance.now() < end) {
    const begun = performance.now();
    expect((await askLocal(cloud, '/_local/health')).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - begun);
  }
  return slowest;
}

async function deadLetters(): Promise<string> {
  await call('sqs', 'CreateQueue', { QueueName: 'dead' });
  const QueueUrl = `${cloud.endpointUrl}/${account}/dead`;
  const Policy = document({
    Effect: 'Allow',
    Principal: '*',
    Action: 'sqs:SendMessage',
    Resource: arnOf('sqs', 'dead'),
  });
  await call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy } });
  return arnOf('sqs', 'dead');
}

const buried = () =>
  eventually(
    async () => {
      const QueueUrl = `${cloud.endpointUrl}/${account}/dead`;
      const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
      return (await call('sqs', 'ReceiveMessage', input)).Messages ?? [];
    },
    (found: any[]) => found.length > 0,
  );

describe('an event goes to another bus once, as on AWS', () => {
  beforeEach(async () => {
    cloud = await createCloud({ log: (line) => log.push(line), settings });
    for (const Name of ['a', 'b', 'c']) await call('events', 'CreateEventBus', { Name });
  });

  test.each([
    ['a rule whose target is its own bus', [['a', 'a']], 'a'],
    [
      'two buses that send everything to each other',
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
      'b',
    ],
    [
      'a third bus',
      [
        ['a', 'b'],
        ['b', 'c'],
      ],
      'b',
    ],
  ])('%s: the second hop is refused, with AWS’s words for the dead letters', async (_name, hops, refusing) => {
    const RoleArn = await role('hop', 'events.amazonaws.com', 'events:PutEvents');
    const Arn = await deadLetters();
    for (const [from, to] of hops as [string, string][]) {
      await rule(from, { Id: 'hop', Arn: busArn(to), RoleArn, DeadLetterConfig: { Arn } });
    }
    const { Entries } = await put('a');
    const [letter, ...more] = await buried();
    expect(more).toEqual([]);
    const attributes = Object.fromEntries(
      Object.entries<{ StringValue: string }>(letter.MessageAttributes).map(([name, value]) => [
        name,
        value.StringValue,
      ]),
    );
    expect(attributes).toMatchObject({
      RULE_ARN: arnOf('events', `rule/${refusing}/all`),
      ERROR_CODE: 'THIRD_ACCOUNT_HOP_DETECTED',
      ERROR_MESSAGE: `Event ingestion rejected for event ${Entries[0].EventId} because an event can be sent to an event bus target only once. This event was previously delivered to an event bus target.`,
      RETRY_ATTEMPTS: '0',
    });
    expect(calls('PutEvents')).toBe(2);
    expect(await slowestAnswer(300)).toBeLessThan(2_000);
  });
});

test.each([
  ['once', 1],
  ['twice, so that each pass doubles it', 2],
])('a machine that puts the event which starts it, %s: it is slowed down, and the laptop answers', async (_name, copies) => {
  cloud = await createCloud({ log: (line) => log.push(line), settings });
  await call('events', 'CreateEventBus', { Name: 'a' });
  const entry = { Source: 'loop', DetailType: 'd', Detail: {}, EventBusName: 'a' };
  const Arguments = { Entries: Array.from({ length: copies }, () => entry) };
  const state = { Type: 'Task', Resource: 'arn:aws:states:::events:putEvents', Arguments, End: true };
  const definition = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'again', States: { again: state } });
  const roleArn = await role('machine', 'states.amazonaws.com', 'events:PutEvents');
  await call('states', 'CreateStateMachine', { name: 'again', definition, roleArn });
  const RoleArn = await role('starter', 'events.amazonaws.com', 'states:StartExecution');
  await rule('a', { Id: 'start', Arn: arnOf('states', 'stateMachine:again'), RoleArn });
  await put('a');
  await until(() => log.some((line) => /looks like a loop\. It is slowed down/.test(line)));
  expect(await slowestAnswer(3_000)).toBeLessThan(3_000);
  const before = cloud.recorder.calls().at(-1)?.sequence ?? 0;
  await slowestAnswer(1_000);
  // Each delivery is a handful of calls; unhindered there were thousands.
  expect((cloud.recorder.calls().at(-1)?.sequence ?? 0) - before).toBeLessThan(300);
});

test('a machine that starts itself is slowed down', async () => {
  cloud = await createCloud({ log: (line) => log.push(line), settings });
  const stateMachineArn = arnOf('states', 'stateMachine:again');
  const state = {
    Type: 'Task',
    Resource: 'arn:aws:states:::aws-sdk:sfn:startExecution',
    Arguments: { StateMachineArn: stateMachineArn },
    End: true,
  };
  const definition = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'again', States: { again: state } });
  const roleArn = await role('machine', 'states.amazonaws.com', 'states:StartExecution');
  await call('states', 'CreateStateMachine', { name: 'again', definition, roleArn });
  await call('states', 'StartExecution', { stateMachineArn });
  await until(() => log.some((line) => /looks like a loop/.test(line)));
  expect(await slowestAnswer(1_000)).toBeLessThan(2_000);
  expect(calls('StartExecution')).toBeLessThan(60);
});

describe('a function that invokes itself is stopped after sixteen times, as by Lambda’s recursive loop detection', () => {
  const client = (module: string, name: string, command: string, input: string) => `
    const { ${name}, ${command} } = require(${JSON.stringify(resolve(module))});
    exports.handler = async () => { await new ${name}({}).send(new ${command}(${input})); };`;
  const count = () => cloud.recorder.calls({ operation: 'Invoke' }).length;
  const settles = async () => {
    let seen = -1;
    while (seen !== count()) {
      seen = count();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
    return seen;
  };

  test('asynchronously', async () => {
    cloud = await startLaptop({ log: (line) => log.push(line) });
    await allow(cloud, ['lambda:InvokeFunction'], '*', 'invoke');
    await make(
      cloud,
      client(
        '@aws-sdk/client-lambda',
        'LambdaClient',
        'InvokeCommand',
        "{ FunctionName: 'f', InvocationType: 'Event' }",
      ),
      { Timeout: 20 },
    );
    await call('lambda', 'Invoke', { FunctionName: 'f', InvocationType: 'Event' });
    expect(await settles()).toBe(17);
    expect(log.join('\n')).toContain('f is invoked in a recursive loop; this invocation is stopped');
  });

  test('by a topic', async () => {
    cloud = await createCloud({ log: (line) => log.push(line) });
    const topic = arnOf('sns', 't');
    const roleArn = await role('consumer', 'lambda.amazonaws.com', 'sns:Publish', 'logs:*');
    await call('sns', 'CreateTopic', { Name: 't' });
    await make(
      cloud,
      client('@aws-sdk/client-sns', 'SNSClient', 'PublishCommand', `{ TopicArn: '${topic}', Message: 'm' }`),
      { Role: roleArn, Timeout: 20 },
    );
    await call('lambda', 'AddPermission', {
      FunctionName: 'f',
      StatementId: 's',
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
    });
    await call('sns', 'Subscribe', { TopicArn: topic, Protocol: 'lambda', Endpoint: arnOf('lambda', 'function:f') });
    await call('sns', 'Publish', { TopicArn: topic, Message: 'm' });
    expect(await settles()).toBe(17);
  });
});
