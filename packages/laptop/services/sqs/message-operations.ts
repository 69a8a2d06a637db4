import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { checkBatch, eachEntry } from './batches.ts';
import { sizeOf } from './digests.ts';
import { checkNumber, invalidValue, missingParameter } from './errors.ts';
import type { QueueAccess } from './queue-operations.ts';
import type { Message, Queue, Queues, SendInput } from './queues.ts';

const MOST_ATTRIBUTES = 10;
const LONGEST_BATCH_BYTES = 1_048_576;
/** #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF */
const allowedText = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;

type Entry = SendInput & { readonly Id: string };
type HandleEntry = { readonly Id: string; readonly ReceiptHandle: string; readonly VisibilityTimeout?: number };

/** Sending, receiving and deleting. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html */
export function messageOperations(queues: Queues, access: QueueAccess): Record<string, Operation> {
  const queueOf = (input: { QueueUrl: string }, call: Call) => queues.require(call.region, input.QueueUrl);
  return {
    SendMessage: {
      access: access('SendMessage'),
      handle: (input: SendInput & { QueueUrl: string }, call) => send(queues, queueOf(input, call), input, call),
    },
    SendMessageBatch: {
      validate: ({ Entries }) => checkBatch('SendMessageBatch', Entries),
      access: access('SendMessage'),
      handle(input: { QueueUrl: string; Entries: Entry[] }, call) {
        const queue = queueOf(input, call);
        const bytes = input.Entries.reduce(
          (sum, { MessageBody, MessageAttributes }) => sum + sizeOf(MessageBody, MessageAttributes),
          0,
        );
        if (bytes > LONGEST_BATCH_BYTES) {
          throw new AwsError(
            'BatchRequestTooLong',
            `Batch requests cannot be longer than ${LONGEST_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
          );
        }
        return eachEntry(input.Entries, (entry) => send(queues, queue, entry, call));
      },
    },
    ReceiveMessage: {
      validate(input) {
        const range = (least: number, most: number) => `Must be >= ${least} and <= ${most}, if provided.`;
        checkNumber('MaxNumberOfMessages', input.MaxNumberOfMessages, 1, 10, 'Must be between 1 and 10, if provided.');
        checkNumber('WaitTimeSeconds', input.WaitTimeSeconds, 0, 20, range(0, 20));
        checkNumber('VisibilityTimeout', input.VisibilityTimeout, 0, 43_200, range(0, 43_200));
      },
      access: access('ReceiveMessage'),
      handle: async (input, call) => {
        const messages = await queues.receive(queueOf(input, call), input, call.signal);
        // Without messages there is no list either.
        return messages.length === 0 ? {} : { Messages: messages.map((message) => received(message, input)) };
      },
    },
    DeleteMessage: {
      access: access('DeleteMessage'),
      handle(input: { QueueUrl: string; ReceiptHandle: string }, call) {
        queues.delete(queueOf(input, call), input.ReceiptHandle);
      },
    },
    DeleteMessageBatch: {
      validate: ({ Entries }) => checkBatch('DeleteMessageBatch', Entries),
      access: access('DeleteMessage'),
      handle(input: { QueueUrl: string; Entries: HandleEntry[] }, call) {
        const queue = queueOf(input, call);
        return eachEntry(input.Entries, ({ ReceiptHandle }) => {
          queues.delete(queue, ReceiptHandle);
          return {};
        });
      },
    },
    ChangeMessageVisibility: {
      access: access('ChangeMessageVisibility'),
      handle: (input: HandleEntry & { QueueUrl: string }, call) => hide(queues, queueOf(input, call), input),
    },
    ChangeMessageVisibilityBatch: {
      validate: ({ Entries }) => checkBatch('ChangeMessageVisibilityBatch', Entries),
      access: access('ChangeMessageVisibility'),
      handle(input: { QueueUrl: string; Entries: HandleEntry[] }, call) {
        const queue = queueOf(input, call);
        return eachEntry(input.Entries, (entry) => {
          hide(queues, queue, entry);
          return {};
        });
      },
    },
  };
}

function hide(queues: Queues, queue: Queue, { ReceiptHandle, VisibilityTimeout = 0 }: HandleEntry): void {
  checkNumber(
    'VisibilityTimeout',
    VisibilityTimeout,
    0,
    43_200,
    'VisibilityTimeout must be an integer between 0 and 43200',
  );
  queues.hide(queue, ReceiptHandle, VisibilityTimeout);
}

function send(queues: Queues, queue: Queue, input: SendInput, call: Call) {
  checkMessage(queue, input);
  const message = queues.send(queue, input, senderOf(call));
  return {
    MessageId: message.id,
    MD5OfMessageBody: message.md5,
    MD5OfMessageAttributes: message.attributesMd5,
    SequenceNumber: message.systemAttributes.SequenceNumber,
  };
}

function checkMessage(queue: Queue, input: SendInput): void {
  const isFifo = queue.attributes.FifoQueue === 'true';
  if (!input.MessageBody) throw missingParameter('MessageBody');
  if (!allowedText.test(input.MessageBody)) {
    throw new AwsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
  const most = Number(queue.attributes.MaximumMessageSize);
  if (sizeOf(input.MessageBody, input.MessageAttributes) > most) {
    throw invalidValue(`One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`);
  }
  checkNumber('DelaySeconds', input.DelaySeconds, 0, 900, 'DelaySeconds must be >= 0 and <= 900.');
  if (isFifo && input.MessageGroupId === undefined) throw missingParameter('MessageGroupId');
  if (isFifo && input.DelaySeconds) {
    throw invalidValue(
      `Value ${input.DelaySeconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
    );
  }
  if (!isFifo && input.MessageDeduplicationId !== undefined) {
    throw invalidValue(
      `Value ${input.MessageDeduplicationId} for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type.`,
    );
  }
  checkMessageAttributes(input);
}

function checkMessageAttributes({ MessageAttributes: attributes = {} }: SendInput): void {
  if (Object.keys(attributes).length > MOST_ATTRIBUTES) {
    throw invalidValue(
      `Number of message attributes [${Object.keys(attributes).length}] exceeds the allowed maximum [${MOST_ATTRIBUTES}].`,
    );
  }
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes)) {
    if (!/^(String|Number|Binary)(\.|$)/.test(DataType)) {
      throw invalidValue(
        `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      );
    }
    if (!StringValue && !BinaryValue?.length) {
      throw invalidValue(
        `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${DataType.split('.')[0]}'.`,
      );
    }
  }
}

/** The account of the sender. A role's id would be there on AWS; the session says who it was. */
function senderOf(call: Call): string {
  const { principal } = call;
  return principal.kind === 'role'
    ? `${principal.identityArn.split('/').pop()}:${principal.sessionName}`
    : call.accountId;
}

interface ReceiveInput {
  readonly AttributeNames?: readonly string[];
  readonly MessageSystemAttributeNames?: readonly string[];
  readonly MessageAttributeNames?: readonly string[];
}

/** System attributes and the message's own are answered to who asks for them. */
function received(message: Message, input: ReceiveInput): Record<string, unknown> {
  const wanted = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  const system = { ...message.systemAttributes, ApproximateReceiveCount: String(message.receiveCount) };
  const shown = Object.entries(system).filter(([name]) => wanted.includes('All') || wanted.includes(name));
  const attributes = Object.entries(message.attributes ?? {}).filter(([name]) =>
    isWanted(name, input.MessageAttributeNames ?? []),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: message.md5,
    Body: message.body,
    ...(shown.length > 0 ? { Attributes: Object.fromEntries(shown) } : {}),
    ...(attributes.length > 0
      ? { MD5OfMessageAttributes: message.attributesMd5, MessageAttributes: Object.fromEntries(attributes) }
      : {}),
  };
}

const isWanted = (name: string, wanted: readonly string[]) =>
  wanted.some((one) => one === 'All' || one === name || (one.endsWith('.*') && name.startsWith(one.slice(0, -2))));
