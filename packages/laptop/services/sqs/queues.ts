import { createHash, randomUUID } from 'node:crypto';
import { sleep } from '../../clock.ts';
import { AwsError, type Cloud } from '../../cloud.ts';
import { own } from '../../own.ts';
import { checkAttributes, defaultAttributes } from './attributes.ts';
import { attributesMd5, type MessageAttributes, md5 } from './digests.ts';
import { badHandle, invalidValue, noQueue } from './errors.ts';

export interface Message {
  readonly id: string;
  readonly body: string;
  readonly md5: string;
  readonly attributes?: MessageAttributes;
  readonly attributesMd5?: string;
  readonly systemAttributes: Record<string, string>;
  readonly sentAt: Date;
  /** The latest one that was handed out. */
  receiptHandle?: string;
  isDelayed: boolean;
  visibleAt: number;
  receiveCount: number;
}

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly createdAt: Date;
  modifiedAt: Date;
  readonly attributes: Record<string, string>;
  readonly tags: Map<string, string>;
  readonly messages: Message[];
  purgedAt?: Date;
  /** Deduplication id of a FIFO queue → the message that was taken under it, and until when. */
  readonly deduplicated: Map<string, { message: Message; until: number }>;
}

export interface SendInput {
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
  readonly MessageAttributes?: MessageAttributes;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

const NAME_RESTS_MILLISECONDS = 60_000;
const DEDUPLICATION_MILLISECONDS = 5 * 60_000;
const POLL_MILLISECONDS = 50;

/** Every queue; messages are visible again after their time-out, and move to the dead-letter queue by the redrive policy. */
export class Queues {
  readonly #cloud: Cloud;
  readonly #byArn = new Map<string, Queue>();
  readonly #deletedAt = new Map<string, number>();
  #sequence = 0;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  clear(): void {
    this.#byArn.clear();
    this.#deletedAt.clear();
  }

  all(region?: string): Queue[] {
    return [...this.#byArn.values()].filter(({ arn }) => region === undefined || arn.split(':')[3] === region);
  }

  create(region: string, name: string, given: Readonly<Record<string, string>>): Queue {
    const isFifo = name.endsWith('.fifo') && given.FifoQueue === 'true';
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(isFifo ? name.slice(0, -'.fifo'.length) : name) || name.length > 80) {
      throw invalidValue('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
    }
    checkAttributes(given, name);
    const attributes = { ...defaultAttributes, ...withoutEmpty(given) };
    const arn = this.arnOf(region, name);
    const existing = this.#byArn.get(arn);
    if (existing) return sameQueue(existing, given);
    const now = this.#cloud.clock.now();
    if (now.getTime() - (this.#deletedAt.get(arn) ?? Number.NEGATIVE_INFINITY) < NAME_RESTS_MILLISECONDS) {
      throw new AwsError(
        'QueueDeletedRecently',
        'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
      );
    }
    const queue: Queue = {
      name,
      arn,
      url: `${this.#cloud.endpointUrl}/${this.#cloud.accountId}/${name}`,
      createdAt: now,
      modifiedAt: now,
      attributes,
      tags: new Map(),
      messages: [],
      deduplicated: new Map(),
    };
    this.#byArn.set(arn, queue);
    return queue;
  }

  remove(queue: Queue): void {
    this.#byArn.delete(queue.arn);
    this.#deletedAt.set(queue.arn, this.#cloud.clock.now().getTime());
  }

  arnOf(region: string, name: string): string {
    return `arn:aws:sqs:${region}:${this.#cloud.accountId}:${name}`;
  }

  /** By the last part of its URL; the region is the caller's, as the laptop's URLs name none. */
  find(region: string, url: string): Queue | undefined {
    return this.#byArn.get(this.arnOf(region, url.slice(url.lastIndexOf('/') + 1)));
  }

  require(region: string, url: string): Queue {
    const queue = this.find(region, url);
    if (queue) return queue;
    throw noQueue();
  }

  set(queue: Queue, attributes: Readonly<Record<string, string>>): void {
    checkAttributes(attributes, queue.name);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === '') delete queue.attributes[name];
      else queue.attributes[name] = value;
    }
    queue.modifiedAt = this.#cloud.clock.now();
  }

  send(queue: Queue, input: SendInput, senderId: string): Message {
    const now = this.#cloud.clock.now();
    const isFifo = queue.attributes.FifoQueue === 'true';
    const key = isFifo ? deduplicationKey(queue, input) : '';
    const earlier = isFifo ? queue.deduplicated.get(key) : undefined;
    if (earlier && earlier.until > now.getTime()) return earlier.message;
    const delaySeconds = (!isFifo && input.DelaySeconds) || Number(queue.attributes.DelaySeconds);
    const digest = attributesMd5(input.MessageAttributes);
    const message: Message = {
      id: randomUUID(),
      body: input.MessageBody,
      md5: md5(input.MessageBody),
      systemAttributes: {
        SenderId: senderId,
        SentTimestamp: String(now.getTime()),
        ...(input.MessageGroupId === undefined ? {} : { MessageGroupId: input.MessageGroupId }),
        ...(isFifo ? { MessageDeduplicationId: key, SequenceNumber: this.#nextSequence() } : {}),
      },
      sentAt: now,
      isDelayed: delaySeconds > 0,
      visibleAt: now.getTime() + delaySeconds * 1000,
      receiveCount: 0,
      ...(input.MessageAttributes ? { attributes: input.MessageAttributes } : {}),
      ...(digest === undefined ? {} : { attributesMd5: digest }),
    };
    queue.messages.push(message);
    if (isFifo) queue.deduplicated.set(key, { message, until: now.getTime() + DEDUPLICATION_MILLISECONDS });
    this.#measure(queue);
    return message;
  }

  async receive(
    queue: Queue,
    input: { MaxNumberOfMessages?: number; VisibilityTimeout?: number; WaitTimeSeconds?: number },
    signal: AbortSignal,
  ): Promise<Message[]> {
    const seconds = input.WaitTimeSeconds ?? Number(queue.attributes.ReceiveMessageWaitTimeSeconds);
    const deadline = this.#cloud.clock.now().getTime() + seconds * 1000;
    for (;;) {
      const messages = this.#take(queue, input);
      const isOver = this.#cloud.clock.now().getTime() >= deadline || this.#byArn.get(queue.arn) !== queue;
      if (messages.length > 0 || isOver) return messages;
      await sleep(this.#cloud.clock, POLL_MILLISECONDS, signal);
    }
  }

  /** Deletes what the handle stands for; a message that is gone already is no error. */
  delete(queue: Queue, handle: string): void {
    const id = messageIdOf(queue, handle);
    const index = queue.messages.findIndex((message) => message.id === id);
    if (index < 0) return;
    queue.messages.splice(index, 1);
    this.#measure(queue);
  }

  hide(queue: Queue, handle: string, seconds: number): void {
    const id = messageIdOf(queue, handle);
    const message = queue.messages.find((candidate) => candidate.id === id);
    const now = this.#cloud.clock.now().getTime();
    if (!message || message.receiptHandle !== handle || message.visibleAt <= now) {
      throw invalidValue(
        `Value ${handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    }
    message.visibleAt = now + seconds * 1000;
    this.#measure(queue);
  }

  purge(queue: Queue): void {
    const now = this.#cloud.clock.now();
    if (queue.purgedAt && now.getTime() - queue.purgedAt.getTime() < NAME_RESTS_MILLISECONDS) {
      throw new AwsError(
        'PurgeQueueInProgress',
        `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
        { httpStatus: 403 },
      );
    }
    queue.purgedAt = now;
    queue.messages.length = 0;
    this.#measure(queue);
  }

  describe(queue: Queue): Record<string, string> {
    this.#expire(queue);
    const now = this.#cloud.clock.now().getTime();
    const hidden = queue.messages.filter((message) => message.visibleAt > now);
    const delayed = hidden.filter(({ isDelayed }) => isDelayed).length;
    const seconds = (date: Date) => String(Math.floor(date.getTime() / 1000));
    return {
      ...queue.attributes,
      QueueArn: queue.arn,
      CreatedTimestamp: seconds(queue.createdAt),
      LastModifiedTimestamp: seconds(queue.modifiedAt),
      ApproximateNumberOfMessages: String(queue.messages.length - hidden.length),
      ApproximateNumberOfMessagesNotVisible: String(hidden.length - delayed),
      ApproximateNumberOfMessagesDelayed: String(delayed),
    };
  }

  #take(queue: Queue, input: { MaxNumberOfMessages?: number; VisibilityTimeout?: number }): Message[] {
    const now = this.#cloud.clock.now().getTime();
    this.#expire(queue);
    this.#redrive(queue);
    const seconds = input.VisibilityTimeout ?? Number(queue.attributes.VisibilityTimeout);
    const messages = available(queue, now).slice(0, input.MaxNumberOfMessages ?? 1);
    for (const message of messages) {
      message.receiveCount += 1;
      message.isDelayed = false;
      message.systemAttributes.ApproximateFirstReceiveTimestamp ??= String(now);
      message.receiptHandle = Buffer.from(`${queue.arn} ${message.id} ${randomUUID()}`).toString('base64');
      message.visibleAt = now + seconds * 1000;
    }
    if (messages.length > 0) this.#measure(queue);
    return messages;
  }

  #redrive(queue: Queue): void {
    const policy = queue.attributes.RedrivePolicy && JSON.parse(queue.attributes.RedrivePolicy);
    const target = policy && this.#byArn.get(policy.deadLetterTargetArn);
    if (!target) return;
    const now = this.#cloud.clock.now().getTime();
    const spent = queue.messages.filter(
      (message) => message.visibleAt <= now && message.receiveCount >= Number(policy.maxReceiveCount),
    );
    for (const message of spent) {
      queue.messages.splice(queue.messages.indexOf(message), 1);
      const { receiptHandle, ...kept } = message;
      const systemAttributes = { ...message.systemAttributes, DeadLetterQueueSourceArn: queue.arn };
      target.messages.push({ ...kept, systemAttributes });
    }
    if (spent.length > 0) this.#measure(target);
  }

  #expire(queue: Queue): void {
    const oldest = this.#cloud.clock.now().getTime() - Number(queue.attributes.MessageRetentionPeriod) * 1000;
    while (queue.messages[0] && queue.messages[0].sentAt.getTime() < oldest) queue.messages.shift();
  }

  #nextSequence(): string {
    this.#sequence += 1;
    return String(this.#sequence).padStart(20, '1');
  }

  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
  #measure(queue: Queue): void {
    const services = (this.#cloud as Cloud & { services?: ReadonlyMap<string, unknown> }).services;
    const monitoring = services?.get('monitoring') as
      | { putServiceMetric?(metric: Record<string, unknown>): void }
      | undefined;
    const now = this.#cloud.clock.now();
    monitoring?.putServiceMetric?.({
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: queue.name },
      value: queue.messages.filter((message) => message.visibleAt <= now.getTime()).length,
      unit: 'Count',
      timestamp: now,
    });
  }
}

function withoutEmpty(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''));
}

/** A queue is made once; asking for it again must ask for the same. */
function sameQueue(queue: Queue, given: Readonly<Record<string, string>>): Queue {
  const other = Object.keys(given).find((name) => own(queue.attributes, name) !== given[name]);
  if (other === undefined) return queue;
  throw new AwsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${other}`,
  );
}

function deduplicationKey(queue: Queue, input: SendInput): string {
  if (input.MessageDeduplicationId !== undefined) return input.MessageDeduplicationId;
  if (queue.attributes.ContentBasedDeduplication === 'true') {
    return createHash('sha256').update(input.MessageBody).digest('hex');
  }
  throw invalidValue(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

/** What may be received now: of a FIFO queue nothing of a group whose earlier message is still in flight. */
function available(queue: Queue, now: number): Message[] {
  const isVisible = (message: Message) => message.visibleAt <= now;
  if (queue.attributes.FifoQueue !== 'true') return queue.messages.filter(isVisible);
  const blocked = new Set<string | undefined>();
  return queue.messages.filter((message) => {
    const group = message.systemAttributes.MessageGroupId;
    if (!isVisible(message)) blocked.add(group);
    return !blocked.has(group);
  });
}

function messageIdOf(queue: Queue, handle: string): string {
  const [arn, id] = Buffer.from(handle, 'base64').toString('utf8').split(' ');
  if (arn !== queue.arn || id === undefined) throw badHandle(handle);
  return id;
}
