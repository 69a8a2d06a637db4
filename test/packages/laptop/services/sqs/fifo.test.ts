import {
  CreateQueueCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createCloudwatchService from '../../../../../packages/laptop/services/cloudwatch/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { clientOptions } from '../../wire/probe.ts';

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

describe('a FIFO queue', () => {
  beforeEach(async () => {
    QueueUrl = await create('q.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  });

  test('keeps the order within a group, and holds a group back while one of its messages is out', async () => {
    for (const body of ['a1', 'a2']) await send(body, { MessageGroupId: 'a' });
    await send('b1', { MessageGroupId: 'b' });
    expect(await bodies({ MaxNumberOfMessages: 1 })).toEqual(['a1']);
    expect(await bodies()).toEqual(['b1']);
    await clock.advance(30_000);
    expect(await bodies()).toEqual(['a1', 'a2', 'b1']);
  });

  test('takes a message once within five minutes', async () => {
    const first = await send('same', { MessageGroupId: 'a' });
    const again = await send('same', { MessageGroupId: 'a' });
    expect(again.MessageId).toBe(first.MessageId);
    expect(await bodies()).toEqual(['same']);
    await clock.advance(5 * 60_000);
    expect((await send('same', { MessageGroupId: 'a' })).MessageId).not.toBe(first.MessageId);
  });

  test('needs a group, and a way to tell messages apart', async () => {
    await expect(send('a')).rejects.toMatchObject({
      name: 'MissingParameter',
      message: 'The request must contain the parameter MessageGroupId.',
    });
    QueueUrl = await create('bare.fifo', { FifoQueue: 'true' });
    await expect(send('a', { MessageGroupId: 'g' })).rejects.toThrow(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  });
});
