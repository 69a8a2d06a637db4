import { createHash, randomUUID } from 'node:crypto';
import { sleep } from '../../clock.ts';
import type { Cloud } from '../../cloud.ts';
import { AwsError } from '../../service.ts';

export interface Message {
  readonly id: string;
  readonly body: string;
  readonly md5: string;
  readonly attributes?: Record<string, unknown>;
  readonly sentAt: Date;
  readonly receiptHandles: string[];
  visibleAt: number;
  receiveCount: number;
}

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly createdAt: Date;
  readonly attributes: Record<string, string>;
  readonly messages: Message[];
}

/** Every queue; messages are visible again after their time-out, and move to the dead-letter queue by the redrive policy. */
export class Queues {
  readonly #cloud: Cloud;
  readonly #byArn = new Map<string, Queue>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  clear(): void {
    this.#byArn.clear();
  }

  all(): Queue[] {
    return [...this.#byArn.values()];
  }

  create(region: string, name: string, attributes: Record<string, string>): Queue {
    if (!/^[A-Za-z0-9_-]{1,80}(\.fifo)?$/.test(name)) {
      throw new AwsError(
        'InvalidParameterValue',
        'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
      );
    }
    const arn = `arn:aws:sqs:${region}:${this.#cloud.accountId}:${name}`;
    const existing = this.#byArn.get(arn);
    if (existing) return existing;
    const queue: Queue = {
      name,
      arn,
      url: `${this.#cloud.endpointUrl}/${this.#cloud.accountId}/${name}`,
      createdAt: this.#cloud.clock.now(),
      attributes: { ...attributes },
      messages: [],
    };
    this.#byArn.set(arn, queue);
    return queue;
  }

  remove(queue: Queue): void {
    this.#byArn.delete(queue.arn);
  }

  find(url: string): Queue | undefined {
    const name = url?.split('/').pop();
    return this.all().find((queue) => queue.url === url || queue.name === name);
  }

  require(url: string): Queue {
    const queue = this.find(url);
    if (queue) return queue;
    throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
  }

  byName(region: string, name: string): Queue {
    const queue = this.#byArn.get(`arn:aws:sqs:${region}:${this.#cloud.accountId}:${name}`);
    if (queue) return queue;
    throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
  }

  send(
    queue: Queue,
    input: { MessageBody: string; DelaySeconds?: number; MessageAttributes?: Record<string, unknown> },
  ): Message {
    const now = this.#cloud.clock.now();
    const message: Message = {
      id: randomUUID(),
      body: input.MessageBody,
      md5: createHash('md5').update(input.MessageBody).digest('hex'),
      attributes: input.MessageAttributes,
      sentAt: now,
      receiptHandles: [],
      visibleAt: now.getTime() + (input.DelaySeconds ?? Number(queue.attributes.DelaySeconds ?? 0)) * 1000,
      receiveCount: 0,
    };
    queue.messages.push(message);
    this.#measure(queue);
    return message;
  }

  async receive(
    queue: Queue,
    input: { MaxNumberOfMessages?: number; VisibilityTimeout?: number; WaitTimeSeconds?: number },
    signal: AbortSignal,
  ): Promise<Message[]> {
    const deadline =
      this.#cloud.clock.now().getTime() +
      (input.WaitTimeSeconds ?? Number(queue.attributes.ReceiveMessageWaitTimeSeconds ?? 0)) * 1000;
    for (;;) {
      const messages = this.#take(queue, input);
      if (messages.length > 0 || this.#cloud.clock.now().getTime() >= deadline) return messages;
      await sleep(this.#cloud.clock, 50, signal);
    }
  }

  hide(message: Message, seconds: number): void {
    message.visibleAt = this.#cloud.clock.now().getTime() + seconds * 1000;
  }

  describe(queue: Queue): Record<string, string> {
    const now = this.#cloud.clock.now().getTime();
    const visible = queue.messages.filter((message) => message.visibleAt <= now).length;
    return {
      VisibilityTimeout: '30',
      ...queue.attributes,
      QueueArn: queue.arn,
      CreatedTimestamp: String(Math.floor(queue.createdAt.getTime() / 1000)),
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(queue.messages.length - visible),
      ApproximateNumberOfMessagesDelayed: '0',
    };
  }

  #take(queue: Queue, input: { MaxNumberOfMessages?: number; VisibilityTimeout?: number }): Message[] {
    const now = this.#cloud.clock.now().getTime();
    this.#redrive(queue);
    const messages = queue.messages
      .filter((message) => message.visibleAt <= now)
      .slice(0, input.MaxNumberOfMessages ?? 1);
    for (const message of messages) {
      message.receiveCount += 1;
      message.receiptHandles.push(randomUUID());
      this.hide(message, input.VisibilityTimeout ?? Number(queue.attributes.VisibilityTimeout ?? 30));
    }
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
      target.messages.push({ ...message, receiveCount: 0, receiptHandles: [] });
      this.#measure(target);
    }
  }

  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
  #measure(queue: Queue): void {
    const services = (this.#cloud as Cloud & { services?: ReadonlyMap<string, unknown> }).services;
    const monitoring = services?.get('monitoring') as
      | { putServiceMetric?(metric: Record<string, unknown>): void }
      | undefined;
    monitoring?.putServiceMetric?.({
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: queue.name },
      value: queue.messages.length,
      unit: 'Count',
      timestamp: this.#cloud.clock.now(),
    });
  }
}
