import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createSnsService, { type SnsService } from '../../../../../packages/laptop/services/sns/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { clientOptions } from '../../wire/probe.ts';

const account = '000000000000';
let cloud: RunningCloud;
let sns: SNSClient;
let sqs: SQSClient;
let TopicArn: string;
let log: string[];
beforeEach(async () => {
  log = [];
  cloud = await createCloud({
    services: [createSnsService, createSqsService],
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

describe('a topic', () => {
  test('is made once, described, changed and deleted', async () => {
    const again = await sns.send(new CreateTopicCommand({ Name: 't' }));
    expect(again.TopicArn).toBe(`arn:aws:sns:us-east-1:${account}:t`);
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'DisplayName', AttributeValue: 'Ops' }));
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({
      TopicArn,
      Owner: account,
      DisplayName: 'Ops',
      SubscriptionsConfirmed: '0',
      SubscriptionsPending: '0',
    });
    expect(JSON.parse(Attributes?.Policy ?? '')).toMatchObject({ Id: '__default_policy_ID' });
    await expect(
      sns.send(new CreateTopicCommand({ Name: 't', Attributes: { DisplayName: 'Other' } })),
    ).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
    });
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    await expect(sns.send(new GetTopicAttributesCommand({ TopicArn }))).rejects.toMatchObject({
      name: 'NotFoundException',
      message: 'Topic does not exist',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('has tags', async () => {
    const Tags = [
      { Key: 'team', Value: 'core' },
      { Key: 'stage', Value: 'test' },
    ];
    await sns.send(new TagResourceCommand({ ResourceArn: TopicArn, Tags }));
    await sns.send(new UntagResourceCommand({ ResourceArn: TopicArn, TagKeys: ['stage'] }));
    expect((await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags).toEqual([Tags[0]]);
  });

  test('is listed in pages of a hundred, by region', async () => {
    for (let index = 0; index < 100; index++) await sns.send(new CreateTopicCommand({ Name: `n${index}` }));
    const first = await sns.send(new ListTopicsCommand({}));
    const second = await sns.send(new ListTopicsCommand({ NextToken: first.NextToken }));
    expect([first.Topics?.length, second.Topics?.length, second.NextToken]).toEqual([100, 1, undefined]);
    const ireland = new SNSClient({ ...clientOptions(cloud), region: 'eu-west-1' });
    expect((await ireland.send(new ListTopicsCommand({}))).Topics).toEqual([]);
    await expect(ireland.send(new GetTopicAttributesCommand({ TopicArn }))).rejects.toMatchObject({
      message: 'Invalid parameter: TopicArn',
    });
  });

  test.each([
    ['a name with a space', () => new CreateTopicCommand({ Name: 'a b' }), 'Invalid parameter: Topic Name'],
    [
      'an ARN that is none',
      () => new GetTopicAttributesCommand({ TopicArn: 't' }),
      'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1',
    ],
    [
      'an unknown attribute',
      () => new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Colour', AttributeValue: 'red' }),
      'Invalid parameter: AttributeName',
    ],
    [
      'a FIFO topic, which the laptop lacks',
      () => new CreateTopicCommand({ Name: 't.fifo', Attributes: { FifoTopic: 'true' } }),
      'FIFO topics are not supported on the laptop',
    ],
  ])('refuses %s', async (_case, command, message) => {
    await expect(sns.send(command() as CreateTopicCommand)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(message),
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe('a message', () => {
  test('is kept in the outbox, with who got it', async () => {
    await makeQueue('q');
    await subscribe('sqs', queueArn('q'));
    const { MessageId } = await publish({ Subject: 'Alarm' });
    expect(outbox().at(-1)).toMatchObject({
      messageId: MessageId,
      topicArn: TopicArn,
      subject: 'Alarm',
      message: 'hello',
      sentTo: [`sqs:${queueArn('q')}`],
    });
  });

  test.each<[string, Partial<PublishCommandInput>, string]>([
    [
      'no topic',
      { TopicArn: undefined },
      'Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter',
    ],
    ['nothing to say', { Message: '' }, 'Invalid parameter: Empty message'],
    ['a subject of two lines', { Subject: 'a\nb' }, 'Invalid parameter: Subject'],
    ['a subject over 100 letters', { Subject: 'a'.repeat(101) }, 'Invalid parameter: Subject'],
    ['more than 256 KiB', { Message: 'a'.repeat(262_145) }, 'Invalid parameter: Message too long'],
    [
      'a structure that is no JSON',
      { MessageStructure: 'json' },
      'Invalid parameter: Message Structure - JSON message body failed to parse',
    ],
    [
      'a structure without default',
      { MessageStructure: 'json', Message: '{"sqs":"a"}' },
      'Invalid parameter: Message Structure - No default entry in JSON message body',
    ],
    [
      'a telephone number',
      { TopicArn: undefined, PhoneNumber: '+15551234567' },
      'telephones are not supported on the laptop',
    ],
  ])('with %s is refused', async (_case, more, message) => {
    await expect(publish(more)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(message),
    });
    expect(outbox()).toEqual([]);
  });

  test('goes to a topic that exists', async () => {
    await expect(publish({ TopicArn: `${TopicArn}-not` })).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  test('batches tell what failed', async () => {
    const entries = [
      { Id: 'a', Message: 'one' },
      { Id: 'b', Message: '' },
    ];
    const batch = (PublishBatchRequestEntries: { Id: string; Message: string }[]) =>
      sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    const { Successful, Failed } = await batch(entries);
    expect(Successful?.map(({ Id }) => Id)).toEqual(['a']);
    expect(Failed).toEqual([
      { Id: 'b', Code: 'InvalidParameter', Message: 'Invalid parameter: Empty message', SenderFault: true },
    ]);
    await expect(batch([])).rejects.toMatchObject({ name: 'EmptyBatchRequestException' });
    await expect(batch([entries[0]!, entries[0]!])).rejects.toMatchObject({
      name: 'BatchEntryIdsNotDistinctException',
    });
  });
});

describe('subscriptions', () => {
  test('by mail wait for their owner, who finds the token in the outbox', async () => {
    expect(await subscribe('email', 'ops@example.com')).toBe('pending confirmation');
    await publish();
    expect(outbox().at(-1)?.sentTo).toEqual([]);
    const shown = async () => (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions;
    expect(await shown()).toEqual([
      expect.objectContaining({ SubscriptionArn: 'PendingConfirmation', Protocol: 'email' }),
    ]);
    const Token = /--token (\w+)/.exec(outbox()[0]?.message ?? '')?.[1];
    const { SubscriptionArn } = await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token }));
    expect((await shown())?.[0]?.SubscriptionArn).toBe(SubscriptionArn);
    await publish();
    expect(outbox().at(-1)?.sentTo).toEqual(['email:ops@example.com']);
    await expect(sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: 'x' }))).rejects.toMatchObject({
      message: 'Invalid parameter: Token',
    });
  });

  test('are made once, listed, described, changed and ended', async () => {
    const arn = await subscribe('sqs', queueArn('q'));
    expect(await subscribe('sqs', queueArn('q'))).toBe(arn);
    const change = new SetSubscriptionAttributesCommand({
      SubscriptionArn: arn,
      AttributeName: 'RawMessageDelivery',
      AttributeValue: 'true',
    });
    await sns.send(change);
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
    expect(Attributes).toMatchObject({
      RawMessageDelivery: 'true',
      Endpoint: queueArn('q'),
      PendingConfirmation: 'false',
    });
    expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toHaveLength(1);
    await sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    await sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    await expect(sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  test.each<[string, string, string, Record<string, string>]>([
    ['a protocol that is none', 'pigeon', 'roof', {}],
    ['an address that is none', 'email', 'ops', {}],
    ['a web address of another protocol', 'https', 'http://example.com', {}],
    ['a queue that is no ARN', 'sqs', 'q', {}],
    ['an unknown attribute', 'sqs', queueArn('q'), { Colour: 'red' }],
    ['a filter that is none', 'sqs', queueArn('q'), { FilterPolicy: '{"a":"b"}' }],
  ])('with %s are refused', async (_case, protocol, endpoint, attributes) => {
    await expect(subscribe(protocol, endpoint, attributes)).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});
