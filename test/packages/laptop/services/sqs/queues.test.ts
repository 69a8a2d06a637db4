import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
  SQSClient,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import type { CloudwatchService } from '../../../../../packages/laptop/services/cloudwatch/service.ts';
import createCloudwatchService from '../../../../../packages/laptop/services/cloudwatch/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { clientOptions, post } from '../../wire/probe.ts';

let cloud: RunningCloud;
let clock: ManualClock;
let sqs: SQSClient;
let QueueUrl: string;
beforeEach(async () => {
  clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  cloud = await createCloud({ clock, services: [createSqsService, createCloudwatchService], log: () => {} });
  sqs = new SQSClient(clientOptions(cloud));
  QueueUrl = await create('q');
});
afterEach(() => cloud.close());

const create = async (QueueName: string, Attributes: Record<string, string> = {}) =>
  (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl as string;
const send = (MessageBody: string, more: Partial<SendMessageCommandInput> = {}) =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
const receive = async (more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[] | undefined> =>
  (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }))).Messages;
const bodies = async (more: Partial<ReceiveMessageCommandInput> = {}) =>
  (await receive(more))?.map(({ Body }) => Body) ?? [];
const attributes = async (...AttributeNames: string[]) =>
  (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: AttributeNames as ['All'] }))).Attributes;

describe('a queue', () => {
  test('is made once, found by its name, and described with SQS’s defaults', async () => {
    expect(await create('q')).toBe(QueueUrl);
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'q' }))).QueueUrl).toBe(QueueUrl);
    expect(await attributes('All')).toEqual({
      QueueArn: 'arn:aws:sqs:us-east-1:000000000000:q',
      CreatedTimestamp: '1767225600',
      LastModifiedTimestamp: '1767225600',
      DelaySeconds: '0',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      ReceiveMessageWaitTimeSeconds: '0',
      VisibilityTimeout: '30',
      SqsManagedSseEnabled: 'true',
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
    });
    expect(await attributes('QueueArn')).toEqual({ QueueArn: 'arn:aws:sqs:us-east-1:000000000000:q' });
    await expect(create('q', { VisibilityTimeout: '60' })).rejects.toMatchObject({
      name: 'QueueNameExists',
      message: 'A queue already exists with the same name and a different value for attribute VisibilityTimeout',
    });
  });

  test('belongs to its region', async () => {
    const ireland = new SQSClient({ ...clientOptions(cloud), region: 'eu-west-1' });
    await expect(ireland.send(new GetQueueUrlCommand({ QueueName: 'q' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    });
    await ireland.send(new CreateQueueCommand({ QueueName: 'q' }));
    await send('here');
    expect((await ireland.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  });

  test('is gone when deleted, and its name rests for a minute', async () => {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await expect(send('a')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    await expect(create('q')).rejects.toMatchObject({ name: 'QueueDeletedRecently' });
    await clock.advance(60_000);
    expect(await create('q')).toBe(QueueUrl);
  });

  test('is listed by the beginning of its name, in pages', async () => {
    for (const name of ['a1', 'a2', 'a3']) await create(name);
    const list = (input: object) => sqs.send(new ListQueuesCommand(input));
    const first = await list({ QueueNamePrefix: 'a', MaxResults: 2 });
    expect(first.QueueUrls?.map((url) => url.split('/').pop())).toEqual(['a1', 'a2']);
    const second = await list({ QueueNamePrefix: 'a', MaxResults: 2, NextToken: first.NextToken });
    expect(second.QueueUrls?.map((url) => url.split('/').pop())).toEqual(['a3']);
    expect(second.NextToken).toBeUndefined();
    expect((await list({ QueueNamePrefix: 'z' })).QueueUrls).toBeUndefined();
  });

  test('has tags', async () => {
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: 'core', stage: 'test' } }));
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['stage'] }));
    expect((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ team: 'core' });
  });

  test.each<[string, string, Record<string, string>, string, string]>([
    ['a name with a dot', 'a.b', {}, 'InvalidParameterValue', 'Can only include alphanumeric characters'],
    ['a name that is too long', 'a'.repeat(81), {}, 'InvalidParameterValue', '1 to 80 in length'],
    ['an unknown attribute', 'x', { Colour: 'red' }, 'InvalidAttributeName', 'Unknown Attribute Colour.'],
    [
      'a number that is none',
      'x',
      { VisibilityTimeout: 'long' },
      'InvalidAttributeValue',
      'parameter VisibilityTimeout.',
    ],
    ['a number that is too big', 'x', { DelaySeconds: '901' }, 'InvalidAttributeValue', 'parameter DelaySeconds.'],
    ['a policy that is no JSON', 'x', { Policy: '{' }, 'InvalidAttributeValue', 'parameter Policy.'],
    ['FIFO without its suffix', 'x', { FifoQueue: 'true' }, 'InvalidParameterValue', 'must end with .fifo suffix'],
    [
      'a redrive policy without a target',
      'x',
      { RedrivePolicy: '{"maxReceiveCount":3}' },
      'InvalidParameterValue',
      'Redrive policy does not contain mandatory attribute: deadLetterTargetArn.',
    ],
  ])('is refused with %s', async (_case, name, given, code, message) => {
    await expect(create(name, given)).rejects.toMatchObject({ name: code, message: expect.stringContaining(message) });
  });
});

describe('messages', () => {
  test('carry digests of body and attributes', async () => {
    const MessageAttributes = {
      colour: { DataType: 'String', StringValue: 'red' },
      bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 3]) },
    };
    const sent = await send('This is a test message', { MessageAttributes });
    // Known by `printf 'This is a test message' | md5sum`, and by the algorithm of the developer guide over both attributes.
    expect(sent.MD5OfMessageBody).toBe('fafb00f5732ab283681e124bf8747ed1');
    expect(sent.MD5OfMessageAttributes).toMatch(/^[0-9a-f]{32}$/);
    const [message] = (await receive({ MessageAttributeNames: ['All'] })) ?? [];
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      MD5OfBody: sent.MD5OfMessageBody,
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      MessageAttributes,
    });
  });

  test('show their attributes to who asks for them only', async () => {
    await send('a', { MessageAttributes: { 'a.b': { DataType: 'String', StringValue: '1' } } });
    const [plain] = (await receive({ VisibilityTimeout: 0 })) ?? [];
    expect(Object.keys(plain ?? {}).sort()).toEqual(['Body', 'MD5OfBody', 'MessageId', 'ReceiptHandle']);
    const asked = { MessageAttributeNames: ['a.*'], MessageSystemAttributeNames: ['ApproximateReceiveCount' as const] };
    const [shown] = (await receive(asked)) ?? [];
    expect(shown?.Attributes).toEqual({ ApproximateReceiveCount: '2' });
    expect(shown?.MessageAttributes?.['a.b']?.StringValue).toBe('1');
  });

  test('are hidden once received, and come back when their time is over', async () => {
    await send('a');
    expect(await bodies()).toEqual(['a']);
    expect(await receive()).toBeUndefined();
    expect(await attributes('ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible')).toEqual({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '1',
    });
    await clock.advance(29_999);
    expect(await receive()).toBeUndefined();
    await clock.advance(1);
    expect(await bodies()).toEqual(['a']);
  });

  test('are delayed by the message or by the queue', async () => {
    await send('later', { DelaySeconds: 5 });
    expect(await receive()).toBeUndefined();
    expect(await attributes('ApproximateNumberOfMessagesDelayed')).toEqual({ ApproximateNumberOfMessagesDelayed: '1' });
    await clock.advance(5000);
    expect(await bodies()).toEqual(['later']);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: '60' } }));
    await send('much later');
    await clock.advance(59_999);
    expect(await bodies()).not.toContain('much later');
    await clock.advance(1);
    expect(await bodies()).toContain('much later');
  });

  test('are deleted by their handle, twice without harm; a handle of nothing is refused', async () => {
    await send('a');
    const [message] = (await receive()) ?? [];
    const remove = (ReceiptHandle?: string) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    await remove(message?.ReceiptHandle);
    await remove(message?.ReceiptHandle);
    await clock.advance(60_000);
    expect(await receive()).toBeUndefined();
    await expect(remove('garbage')).rejects.toMatchObject({
      name: 'ReceiptHandleIsInvalid',
      message: 'The input receipt handle "garbage" is not a valid receipt handle.',
    });
  });

  test('are hidden for longer or given back by who holds them', async () => {
    await send('a');
    const [message] = (await receive()) ?? [];
    const hide = (VisibilityTimeout: number) =>
      sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }),
      );
    await hide(100);
    await clock.advance(60_000);
    expect(await receive()).toBeUndefined();
    await hide(0);
    expect(await bodies()).toEqual(['a']);
    await expect(hide(10)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(hide(43_201)).rejects.toThrow('VisibilityTimeout must be an integer between 0 and 43200');
  });

  test('are forgotten after their retention', async () => {
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { MessageRetentionPeriod: '60' } }));
    await send('old');
    await clock.advance(60_001);
    expect(await receive()).toBeUndefined();
  });

  test('are purged, once a minute', async () => {
    await send('a');
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await receive()).toBeUndefined();
    await expect(sqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toMatchObject({
      name: 'PurgeQueueInProgress',
    });
  });

  test.each<[string, string, Partial<SendMessageCommandInput>, string, string]>([
    ['an empty body', '', {}, 'MissingParameter', 'The request must contain the parameter MessageBody.'],
    ['a control character', 'a\u0000b', {}, 'InvalidMessageContents', 'Invalid characters found.'],
    [
      'a body over the limit',
      'a'.repeat(1_048_577),
      {},
      'InvalidParameterValue',
      'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
    ],
    ['too long a delay', 'a', { DelaySeconds: 901 }, 'InvalidParameterValue', 'DelaySeconds must be >= 0 and <= 900.'],
    [
      'an attribute of no type',
      'a',
      { MessageAttributes: { x: { DataType: 'Text', StringValue: '1' } } },
      'InvalidParameterValue',
      'invalid message attribute type',
    ],
    [
      'an attribute without a value',
      'a',
      { MessageAttributes: { x: { DataType: 'String', StringValue: '' } } },
      'InvalidParameterValue',
      'must contain a non-empty message attribute value',
    ],
    [
      'a deduplication id in a standard queue',
      'a',
      { MessageDeduplicationId: '1' },
      'InvalidParameterValue',
      'not valid for this queue type',
    ],
  ])('with %s are refused', async (_case, body, more, code, message) => {
    await expect(send(body, more)).rejects.toMatchObject({ name: code, message: expect.stringContaining(message) });
  });

  test.each([
    [
      { MaxNumberOfMessages: 11 },
      'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
    ],
    [
      { WaitTimeSeconds: 21 },
      'Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
    ],
  ])('cannot be received with %j', async (input, message) => {
    await expect(receive(input)).rejects.toMatchObject({ name: 'InvalidParameterValue', message });
  });
});

test('a long poll answers when a message comes', async () => {
  const waiting = bodies({ WaitTimeSeconds: 20 });
  await clock.advance(100);
  await send('at last');
  let arrived: unknown;
  waiting.then((found) => (arrived = found));
  for (let step = 0; step < 400 && arrived === undefined; step++) await clock.advance(50);
  expect(await waiting).toEqual(['at last']);
});

describe('batches', () => {
  const entries = (...ids: string[]) => ids.map((Id) => ({ Id, MessageBody: `body of ${Id}` }));
  const sendBatch = (Entries: { Id: string; MessageBody: string }[]) =>
    sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));

  test('one entry that fails does not stop the others', async () => {
    const { Successful, Failed } = await sendBatch([...entries('a'), { Id: 'b', MessageBody: '\u0001' }]);
    expect(Successful?.map(({ Id }) => Id)).toEqual(['a']);
    expect(Failed).toEqual([expect.objectContaining({ Id: 'b', Code: 'InvalidMessageContents', SenderFault: true })]);
  });

  test('visibility is changed and messages are deleted in batches', async () => {
    await sendBatch(entries('a', 'b'));
    const handles = ((await receive()) ?? []).map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    const back = handles.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: back }));
    expect(await bodies()).toHaveLength(2);
    const bad = [...handles, { Id: 'x', ReceiptHandle: 'garbage' }];
    const { Successful, Failed } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: bad }));
    expect([Successful?.length, Failed?.map(({ Code }) => Code)]).toEqual([2, ['ReceiptHandleIsInvalid']]);
  });

  test.each<[string, string[], string]>([
    ['no entries', [], 'EmptyBatchRequest'],
    ['eleven entries', 'abcdefghijk'.split(''), 'TooManyEntriesInBatchRequest'],
    ['an id twice', ['a', 'a'], 'BatchEntryIdsNotDistinct'],
    ['an id with a space', ['a b'], 'InvalidBatchEntryId'],
  ])('with %s are refused', async (_case, ids, code) => {
    await expect(sendBatch(entries(...ids))).rejects.toMatchObject({ name: code });
  });
});

describe('dead letters', () => {
  test('a message that was received too often moves on, with where it came from', async () => {
    const dead = await create('dead');
    const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } }));
    await send('poison');
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect(await bodies()).toEqual(['poison']);
      await clock.advance(30_000);
    }
    expect(await receive()).toBeUndefined();
    const [message] = (await receive({ QueueUrl: dead, MessageSystemAttributeNames: ['All'] })) ?? [];
    expect(message?.Body).toBe('poison');
    expect(message?.Attributes).toMatchObject({
      ApproximateReceiveCount: '3',
      DeadLetterQueueSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q',
    });
    const sources = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));
    expect(sources.queueUrls).toEqual([QueueUrl]);
  });

  test('what waits in a queue is a metric, up and down', async () => {
    const { metrics } = cloud.service<CloudwatchService>('monitoring');
    const last = () =>
      metrics.find('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: 'q' })?.data.at(-1)?.value;
    await send('a');
    await send('b');
    expect(last()).toBe(2);
    await receive();
    expect(last()).toBe(0);
  });
});

test('older clients, which speak the query protocol, are understood', async () => {
  const body = new URLSearchParams({ Action: 'GetQueueUrl', QueueName: 'none', Version: '2012-11-05' }).toString();
  const answer = await post(cloud, 'sqs', { 'content-type': 'application/x-www-form-urlencoded' }, body);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
});
