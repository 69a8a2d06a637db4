import { type Access, AwsError, type Call, type Operation } from '../../cloud.ts';
import { readOnlyAttributes, settableAttributes } from './attributes.ts';
import { checkNumber, invalidValue } from './errors.ts';
import type { Queue, Queues } from './queues.ts';

const MOST_LISTED = 1_000;

export type QueueAccess = (action: string) => (input: { QueueUrl: string }, call: Call) => Access[];

/** The permission on a queue that the request names by its URL, with the queue's own policy. */
export function queueAccess(queues: Queues): QueueAccess {
  return (action) => (input, call) => {
    const queue = queues.find(call.region, input.QueueUrl);
    const name = input.QueueUrl.slice(input.QueueUrl.lastIndexOf('/') + 1);
    return [
      {
        action: `sqs:${action}`,
        resource: queue?.arn ?? queues.arnOf(call.region, name),
        ...(queue?.attributes.Policy && { resourcePolicy: queue.attributes.Policy }),
      },
    ];
  };
}

/** Queues, their attributes and tags. */
export function queueOperations(queues: Queues, access: QueueAccess): Record<string, Operation> {
  const queueOf = (input: { QueueUrl: string }, call: Call) => queues.require(call.region, input.QueueUrl);
  const named =
    (action: string) =>
    (input: { QueueName: string }, call: Call): Access[] => [
      { action: `sqs:${action}`, resource: queues.arnOf(call.region, input.QueueName) },
    ];
  return {
    CreateQueue: {
      access: named('CreateQueue'),
      handle(input: { QueueName: string; Attributes?: Record<string, string>; tags?: Record<string, string> }, call) {
        const queue = queues.create(call.region, input.QueueName, input.Attributes ?? {});
        for (const [key, value] of Object.entries(input.tags ?? {})) queue.tags.set(key, value);
        return { QueueUrl: queue.url };
      },
    },
    GetQueueUrl: {
      access: named('GetQueueUrl'),
      handle: (input: { QueueName: string }, call) => ({
        QueueUrl: queues.require(call.region, input.QueueName).url,
      }),
    },
    ListQueues: {
      validate: ({ MaxResults }) =>
        checkNumber('MaxResults', MaxResults, 1, MOST_LISTED, `Must be between 1 and ${MOST_LISTED}, if provided.`),
      access: (_, call) => [{ action: 'sqs:ListQueues', resource: queues.arnOf(call.region, '*') }],
      handle: (input, call) => listQueues(queues.all(call.region), input),
    },
    DeleteQueue: {
      access: access('DeleteQueue'),
      handle: (input, call) => queues.remove(queueOf(input, call)),
    },
    PurgeQueue: { access: access('PurgeQueue'), handle: (input, call) => queues.purge(queueOf(input, call)) },
    GetQueueAttributes: {
      access: access('GetQueueAttributes'),
      handle: (input: { QueueUrl: string; AttributeNames?: string[] }, call) =>
        describe(queues, queueOf(input, call), input.AttributeNames ?? []),
    },
    SetQueueAttributes: {
      access: access('SetQueueAttributes'),
      handle: (input: { QueueUrl: string; Attributes: Record<string, string> }, call) =>
        queues.set(queueOf(input, call), input.Attributes),
    },
    ListDeadLetterSourceQueues: {
      access: access('ListDeadLetterSourceQueues'),
      handle(input, call) {
        const { arn } = queueOf(input, call);
        const sources = queues.all(call.region).filter(({ attributes }) => deadLetterArn(attributes) === arn);
        return { queueUrls: sources.map(({ url }) => url) };
      },
    },
    ListQueueTags: {
      access: access('ListQueueTags'),
      handle: (input, call) => ({ Tags: Object.fromEntries(queueOf(input, call).tags) }),
    },
    TagQueue: {
      access: access('TagQueue'),
      handle(input: { QueueUrl: string; Tags: Record<string, string> }, call) {
        const { tags } = queueOf(input, call);
        for (const [key, value] of Object.entries(input.Tags)) tags.set(key, value);
      },
    },
    UntagQueue: {
      access: access('UntagQueue'),
      handle(input: { QueueUrl: string; TagKeys: string[] }, call) {
        const { tags } = queueOf(input, call);
        for (const key of input.TagKeys) tags.delete(key);
      },
    },
  };
}

function deadLetterArn(attributes: Readonly<Record<string, string>>): string | undefined {
  return attributes.RedrivePolicy && JSON.parse(attributes.RedrivePolicy).deadLetterTargetArn;
}

function describe(queues: Queues, queue: Queue, names: readonly string[]) {
  const known = [...settableAttributes, ...readOnlyAttributes, 'All'];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
  const shown = Object.entries(queues.describe(queue)).filter(
    ([name]) => names.includes('All') || names.includes(name),
  );
  return shown.length === 0 ? {} : { Attributes: Object.fromEntries(shown) };
}

function listQueues(
  all: readonly Queue[],
  input: { QueueNamePrefix?: string; MaxResults?: number; NextToken?: string },
) {
  const found = all.filter(({ name }) => name.startsWith(input.QueueNamePrefix ?? ''));
  const start = input.NextToken === undefined ? 0 : found.findIndex(({ name }) => tokenOf(name) === input.NextToken);
  if (start < 0) throw invalidValue('Invalid or expired next token.');
  const page = found.slice(start, start + (input.MaxResults ?? MOST_LISTED));
  const next = found[start + page.length];
  if (page.length === 0) return {};
  return {
    QueueUrls: page.map(({ url }) => url),
    ...(next && input.MaxResults !== undefined ? { NextToken: tokenOf(next.name) } : {}),
  };
}

const tokenOf = (name: string) => Buffer.from(name).toString('base64url');
