import { randomUUID } from 'node:crypto';
import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { topicAccess } from './access.ts';
import type { Notification } from './delivery.ts';
import { invalidParameter } from './errors.ts';
import type { MessageAttributes } from './filter.ts';
import { checkArn, type Topic, type Topics } from './topics.ts';

const LONGEST_MESSAGE_BYTES = 262_144;
const MOST_ENTRIES = 10;

interface PublishInput {
  readonly TopicArn?: string;
  readonly TargetArn?: string;
  readonly PhoneNumber?: string;
  readonly Message: string;
  readonly Subject?: string;
  readonly MessageStructure?: string;
  readonly MessageAttributes?: MessageAttributes;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export function publishOperations(
  topics: Topics,
  publish: (topic: Topic, notification: Notification) => void,
): Record<string, Operation> {
  const send = (topic: Topic, input: PublishInput) => {
    const messageId = randomUUID();
    publish(topic, { ...input, messageId, messages: checkMessage(input) });
    return messageId;
  };
  return {
    Publish: {
      validate(input: PublishInput, call: Call) {
        if (input.PhoneNumber !== undefined)
          throw invalidParameter('PhoneNumber: telephones are not supported on the laptop.');
        const arn = input.TopicArn ?? input.TargetArn;
        if (arn === undefined) {
          throw invalidParameter('TopicArn or TargetArn Reason: no value for required parameter');
        }
        checkArn(input.TopicArn === undefined ? 'TargetArn' : 'TopicArn', arn, call.region);
      },
      access: topicAccess(topics, 'Publish'),
      handle: (input: PublishInput) => ({
        MessageId: send(topics.require((input.TopicArn ?? input.TargetArn) as string), input),
      }),
    },
    PublishBatch: {
      validate(input: { TopicArn: string; PublishBatchRequestEntries: { Id: string }[] }, call: Call) {
        checkArn('TopicArn', input.TopicArn, call.region);
        checkBatch(input.PublishBatchRequestEntries);
      },
      access: topicAccess(topics, 'Publish'),
      handle(input: { TopicArn: string; PublishBatchRequestEntries: (PublishInput & { Id: string })[] }) {
        const topic = topics.require(input.TopicArn);
        const Successful: object[] = [];
        const Failed: object[] = [];
        for (const { Id, ...entry } of input.PublishBatchRequestEntries) {
          try {
            Successful.push({ Id, MessageId: send(topic, entry) });
          } catch (error) {
            if (!(error instanceof AwsError)) throw error;
            Failed.push({ Id, Code: error.code, Message: error.message, SenderFault: true });
          }
        }
        return { Successful, Failed };
      },
    },
  };
}

/** The message of each protocol; `default` for those that have none of their own. */
function checkMessage(input: PublishInput): Readonly<Record<string, string>> {
  const { Message, Subject } = input;
  if (Message === '') throw invalidParameter('Empty message');
  if (Subject !== undefined && !/^[\x20-\x7e]{1,100}$/.test(Subject)) throw invalidParameter('Subject');
  const attributes = Object.entries(input.MessageAttributes ?? {});
  const size = attributes.reduce(
    (sum, [name, value]) =>
      sum +
      name.length +
      value.DataType.length +
      (value.BinaryValue?.length ?? Buffer.byteLength(value.StringValue ?? '')),
    Buffer.byteLength(Message),
  );
  if (size > LONGEST_MESSAGE_BYTES) throw invalidParameter('Message too long');
  for (const [name, { DataType, StringValue, BinaryValue }] of attributes)
    checkAttribute(name, DataType, StringValue ?? BinaryValue);
  if (input.MessageStructure === undefined) return { default: Message };
  if (input.MessageStructure !== 'json') throw invalidParameter('MessageStructure');
  return parseStructure(Message);
}

function checkAttribute(name: string, type: string, value: string | Uint8Array | undefined): void {
  if (!/^(String|String\.Array|Number|Binary)(\.|$)/.test(type)) {
    throw new AwsError(
      'ParameterValueInvalid',
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  if (!value?.length) {
    throw new AwsError(
      'ParameterValueInvalid',
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
    );
  }
}

function parseStructure(text: string): Readonly<Record<string, string>> {
  let messages: unknown;
  try {
    messages = JSON.parse(text);
  } catch {
    throw invalidParameter('Message Structure - JSON message body failed to parse');
  }
  if (typeof messages !== 'object' || messages === null || Array.isArray(messages)) {
    throw invalidParameter('Message Structure - JSON message body failed to parse');
  }
  if (typeof (messages as Record<string, unknown>).default !== 'string') {
    throw invalidParameter('Message Structure - No default entry in JSON message body');
  }
  return Object.fromEntries(Object.entries(messages).filter(([, value]) => typeof value === 'string'));
}

function checkBatch(entries: readonly { readonly Id: string }[]): void {
  if (entries.length === 0) {
    throw new AwsError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
  }
  if (entries.length > MOST_ENTRIES) {
    throw new AwsError('TooManyEntriesInBatchRequest', 'The batch request contains more entries than permissible.');
  }
  const ids = entries.map(({ Id }) => Id);
  if (new Set(ids).size < ids.length) {
    throw new AwsError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
  }
}
