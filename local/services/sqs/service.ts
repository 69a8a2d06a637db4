import type { Cloud } from '../../cloud.ts';
import { type Access, AwsError, type Call, type Operation, type Service } from '../../service.ts';
import { type Message, type Queue, Queues } from './queues.ts';

export interface SqsService extends Service {
  readonly name: 'sqs';
  readonly queues: Queues;
}

/** Queues, enough for dead letters and simple consumers. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html */
export default function createSqsService(cloud: Cloud): SqsService {
  const queues = new Queues(cloud);
  return {
    name: 'sqs',
    queues,
    schemas: () => import('@aws-sdk/client-sqs') as Promise<Record<string, unknown>>,
    operations: { ...queueOperations(queues), ...messageOperations(queues) },
    reset: () => queues.clear(),
  };
}

function access(queues: Queues, action: string): (input: { QueueUrl: string }, call: Call) => Access[] {
  return (input, call) => {
    const queue = queues.find(input.QueueUrl);
    const name = input.QueueUrl?.split('/').pop();
    return [
      {
        action: `sqs:${action}`,
        resource: queue?.arn ?? `arn:aws:sqs:${call.region}:${call.accountId}:${name}`,
        ...(queue?.attributes.Policy && { resourcePolicy: JSON.parse(queue.attributes.Policy) }),
        context: {
          'aws:SecureTransport': 'true',
          ...(call.principal.kind === 'service' && { 'aws:SourceArn': call.principal.sessionName ?? '' }),
        },
      },
    ];
  };
}

function queueOperations(queues: Queues): Record<string, Operation> {
  return {
    CreateQueue: {
      access: (input, call) => [
        { action: 'sqs:CreateQueue', resource: `arn:aws:sqs:${call.region}:${call.accountId}:${input.QueueName}` },
      ],
      handle: (input: { QueueName: string; Attributes?: Record<string, string> }, call) => ({
        QueueUrl: queues.create(call.region, input.QueueName, input.Attributes ?? {}).url,
      }),
    },
    GetQueueUrl: {
      access: (input, call) => [
        { action: 'sqs:GetQueueUrl', resource: `arn:aws:sqs:${call.region}:${call.accountId}:${input.QueueName}` },
      ],
      handle: (input: { QueueName: string }, call) => ({ QueueUrl: queues.byName(call.region, input.QueueName).url }),
    },
    ListQueues: {
      access: (_, call) => [{ action: 'sqs:ListQueues', resource: `arn:aws:sqs:${call.region}:${call.accountId}:*` }],
      handle: (input: { QueueNamePrefix?: string }, call) => ({
        QueueUrls: queues
          .all()
          .filter(
            (queue) => queue.arn.split(':')[3] === call.region && queue.name.startsWith(input.QueueNamePrefix ?? ''),
          )
          .map((queue) => queue.url),
      }),
    },
    DeleteQueue: {
      access: access(queues, 'DeleteQueue'),
      handle: (input: { QueueUrl: string }) => {
        queues.remove(queues.require(input.QueueUrl));
        return {};
      },
    },
    PurgeQueue: {
      access: access(queues, 'PurgeQueue'),
      handle: (input: { QueueUrl: string }) => {
        queues.require(input.QueueUrl).messages.length = 0;
        return {};
      },
    },
    GetQueueAttributes: {
      access: access(queues, 'GetQueueAttributes'),
      handle: (input: { QueueUrl: string; AttributeNames?: string[] }) => {
        const all = queues.describe(queues.require(input.QueueUrl));
        const names = input.AttributeNames ?? [];
        return {
          Attributes: Object.fromEntries(
            Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name)),
          ),
        };
      },
    },
    SetQueueAttributes: {
      access: access(queues, 'SetQueueAttributes'),
      handle: (input: { QueueUrl: string; Attributes: Record<string, string> }) => {
        Object.assign(queues.require(input.QueueUrl).attributes, input.Attributes);
        return {};
      },
    },
  };
}

function messageOperations(queues: Queues): Record<string, Operation> {
  return {
    SendMessage: {
      access: access(queues, 'SendMessage'),
      handle: (input) => sent(queues.send(queues.require(input.QueueUrl), input)),
    },
    SendMessageBatch: {
      access: access(queues, 'SendMessage'),
      handle: (input: { QueueUrl: string; Entries: (Parameters<Queues['send']>[1] & { Id: string })[] }) => {
        const queue = queues.require(input.QueueUrl);
        return {
          Successful: input.Entries.map((entry) => ({ Id: entry.Id, ...sent(queues.send(queue, entry)) })),
          Failed: [],
        };
      },
    },
    ReceiveMessage: {
      access: access(queues, 'ReceiveMessage'),
      handle: async (input, call) => ({
        Messages: (await queues.receive(queues.require(input.QueueUrl), input, call.signal)).map(received),
      }),
    },
    DeleteMessage: {
      access: access(queues, 'DeleteMessage'),
      handle: (input: { QueueUrl: string; ReceiptHandle: string }) => {
        const queue = queues.require(input.QueueUrl);
        const index = queue.messages.findIndex((message) => message.receiptHandles.includes(input.ReceiptHandle));
        if (index >= 0) queue.messages.splice(index, 1);
        return {};
      },
    },
    ChangeMessageVisibility: {
      access: access(queues, 'ChangeMessageVisibility'),
      handle: (input: { QueueUrl: string; ReceiptHandle: string; VisibilityTimeout: number }) => {
        const message = queues
          .require(input.QueueUrl)
          .messages.find((candidate) => candidate.receiptHandles.includes(input.ReceiptHandle));
        if (!message)
          throw new AwsError(
            'ReceiptHandleIsInvalid',
            `The input receipt handle "${input.ReceiptHandle}" is not a valid receipt handle.`,
          );
        queues.hide(message, input.VisibilityTimeout);
        return {};
      },
    },
  };
}

function sent(message: Message): Record<string, string> {
  return { MessageId: message.id, MD5OfMessageBody: message.md5 };
}

function received(message: Message): Record<string, unknown> {
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandles.at(-1),
    MD5OfBody: message.md5,
    Body: message.body,
    Attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAt.getTime()),
    },
    ...(message.attributes && { MessageAttributes: message.attributes }),
  };
}

export type { Queue };
