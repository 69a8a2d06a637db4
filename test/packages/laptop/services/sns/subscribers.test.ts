import { AddPermissionCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateTopicCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createLambdaService from '../../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import createSnsService, { type SnsService } from '../../../../../packages/laptop/services/sns/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { clientOptions } from '../../wire/probe.ts';
import { eventually } from '../eventually.ts';
import { asPerson, zip } from '../lambda/laptop.ts';

const account = '000000000000';
let cloud: RunningCloud;
let sns: SNSClient;
let sqs: SQSClient;
let TopicArn: string;
let log: string[];
beforeEach(async () => {
  log = [];
  cloud = await createCloud({
    services: [createSnsService, createSqsService, createLambdaService, createLogsService],
    log: (line) => log.push(line),
  });
  sns = new SNSClient(clientOptions(cloud));
  sqs = new SQSClient(clientOptions(cloud));
  TopicArn = (await sns.send(new CreateTopicCommand({ Name: 't' }))).TopicArn as string;
});
afterEach(() => cloud.close());

const queueArn = (name: string) => `arn:aws:sqs:us-east-1:${account}:${name}`;
const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const outbox = () => cloud.service<SnsService>('sns').outbox();
const publish = (more: Partial<PublishCommandInput> = {}) =>
  sns.send(new PublishCommand({ TopicArn, Message: 'hello', ...more }));
const subscribe = async (Protocol: string, Endpoint: string, Attributes: Record<string, string> = {}) =>
  (await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }))).SubscriptionArn as string;

/** A queue that lets the topic in, unless told otherwise. */
async function makeQueue(name: string, isOpen = true): Promise<void> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  if (!isOpen) return;
  const Policy = policy({
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArn(name),
    Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
}

async function received(name: string) {
  const QueueUrl = `${cloud.endpointUrl}/${account}/${name}`;
  const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
}
const arrived = (name: string, count = 1) =>
  eventually(
    () => received(name),
    (found) => found.length >= count,
  );

describe('a queue', () => {
  test('gets the message in SNS’s envelope, or raw', async () => {
    await makeQueue('q');
    await makeQueue('raw');
    await subscribe('sqs', queueArn('q'));
    await subscribe('sqs', queueArn('raw'), { RawMessageDelivery: 'true' });
    const MessageAttributes = { kind: { DataType: 'String', StringValue: 'test' } };
    const { MessageId } = await publish({ Subject: 'S', MessageAttributes });
    const [enveloped] = await arrived('q');
    expect(JSON.parse(enveloped?.Body ?? '')).toMatchObject({
      Type: 'Notification',
      MessageId,
      TopicArn,
      Subject: 'S',
      Message: 'hello',
      SignatureVersion: '1',
      MessageAttributes: { kind: { Type: 'String', Value: 'test' } },
    });
    const [raw] = await arrived('raw');
    expect(raw?.Body).toBe('hello');
    expect(raw?.MessageAttributes?.kind?.StringValue).toBe('test');
  });

  test('gets the words meant for its protocol', async () => {
    await makeQueue('q');
    await subscribe('sqs', queueArn('q'), { RawMessageDelivery: 'true' });
    await publish({
      MessageStructure: 'json',
      Message: JSON.stringify({ default: 'all', sqs: 'queues', email: 'people' }),
    });
    expect((await arrived('q'))[0]?.Body).toBe('queues');
    expect(outbox()[0]?.message).toBe('people');
  });

  test('that does not let the topic in is complained of, or its messages go to the dead letters', async () => {
    await makeQueue('closed', false);
    await makeQueue('dead');
    const arn = await subscribe('sqs', queueArn('closed'));
    await publish();
    const line = await eventually(() => log.find((entry) => entry.includes('could not reach')));
    expect(line).toContain('AccessDeniedException');
    expect(line).not.toContain('hello');
    const AttributeValue = JSON.stringify({ deadLetterTargetArn: queueArn('dead') });
    await sns.send(
      new SetSubscriptionAttributesCommand({ SubscriptionArn: arn, AttributeName: 'RedrivePolicy', AttributeValue }),
    );
    await publish();
    expect(JSON.parse((await arrived('dead'))[0]?.Body ?? '').Message).toBe('hello');
  });

  test.each<[string, Record<string, string>, Partial<PublishCommandInput>[]]>([
    [
      'attributes',
      { FilterPolicy: '{"store":["a",{"prefix":"b"}],"price":[{"numeric":[">=",100]}]}' },
      [
        { Message: 'no', MessageAttributes: { store: { DataType: 'String', StringValue: 'c' } } },
        {
          Message: 'no',
          MessageAttributes: {
            store: { DataType: 'String', StringValue: 'a' },
            price: { DataType: 'Number', StringValue: '99' },
          },
        },
        {
          Message: 'yes',
          MessageAttributes: {
            store: { DataType: 'String.Array', StringValue: '["x","bb"]' },
            price: { DataType: 'Number', StringValue: '100' },
          },
        },
      ],
    ],
    [
      'body',
      { FilterPolicy: '{"detail":{"kind":["wanted"]}}', FilterPolicyScope: 'MessageBody' },
      [{ Message: 'no JSON' }, { Message: '{"detail":{"kind":"other"}}' }, { Message: '{"detail":{"kind":"wanted"}}' }],
    ],
  ])('gets what its filter on the message’s %s lets through', async (_scope, attributes, messages) => {
    await makeQueue('q');
    await subscribe('sqs', queueArn('q'), { RawMessageDelivery: 'true', ...attributes });
    for (const message of messages) await publish(message);
    const bodies = (await arrived('q')).map(({ Body }) => Body);
    expect(bodies).toEqual([messages.at(-1)?.Message]);
    expect(outbox().map(({ sentTo }) => sentTo.length)).toEqual([0, 0, 1]);
  });
});

test('a function gets the message as an event, if its policy lets the topic in', async () => {
  const AssumeRolePolicyDocument = policy({
    Effect: 'Allow',
    Principal: { Service: 'lambda.amazonaws.com' },
    Action: 'sts:AssumeRole',
  });
  await asPerson(cloud, 'iam', 'CreateRole', { RoleName: 'f', AssumeRolePolicyDocument });
  const PolicyDocument = policy({ Effect: 'Allow', Action: ['logs:*', 'sqs:SendMessage'], Resource: '*' });
  await asPerson(cloud, 'iam', 'PutRolePolicy', { RoleName: 'f', PolicyName: 'p', PolicyDocument });
  const lambda = new LambdaClient(clientOptions(cloud));
  const { FunctionArn = '' } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: `arn:aws:iam::${account}:role/f`,
      Code: { ZipFile: zip({ 'index.js': 'exports.handler = async (event) => console.log(JSON.stringify(event));' }) },
    }),
  );
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: 'f',
      StatementId: 's',
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
      SourceArn: TopicArn,
    }),
  );
  await subscribe('lambda', FunctionArn);
  await publish({ Subject: 'S' });
  const lines = async () => {
    const found = await asPerson(cloud, 'logs', 'FilterLogEvents', {
      logGroupName: '/aws/lambda/f',
      filterPattern: '"EventSource"',
    }).catch(() => ({ events: [] }));
    return found.events as { message: string }[];
  };
  const [line] = await eventually(lines, (found) => found.length > 0);
  const record = JSON.parse(line?.message.slice(line.message.indexOf('{')) ?? '').Records[0];
  expect(record).toMatchObject({
    EventSource: 'aws:sns',
    EventVersion: '1.0',
    Sns: { Type: 'Notification', TopicArn, Subject: 'S', Message: 'hello' },
  });
});
