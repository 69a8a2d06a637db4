import { AwsError } from '../../cloud.ts';
import { own } from '../../own.ts';
import { invalidValue } from './errors.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const numbers: Readonly<Record<string, readonly [least: number, most: number]>> = {
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1_024, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  VisibilityTimeout: [0, 43_200],
  KmsDataKeyReusePeriodSeconds: [60, 86_400],
};
const choices: Readonly<Record<string, readonly string[]>> = {
  FifoQueue: ['true'],
  ContentBasedDeduplication: ['true', 'false'],
  SqsManagedSseEnabled: ['true', 'false'],
  DeduplicationScope: ['queue', 'messageGroup'],
  FifoThroughputLimit: ['perQueue', 'perMessageGroupId'],
};
const documents = ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy'];
const onlyFifo = ['ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'];

export const settableAttributes: readonly string[] = [
  ...Object.keys(numbers),
  ...Object.keys(choices),
  ...documents,
  'KmsMasterKeyId',
];

export const readOnlyAttributes: readonly string[] = [
  'QueueArn',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];

export const defaultAttributes: Readonly<Record<string, string>> = {
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  VisibilityTimeout: '30',
  SqsManagedSseEnabled: 'true',
};

/** Throws for an attribute that is unknown, or whose value it cannot have. */
export function checkAttributes(attributes: Readonly<Record<string, string>>, queueName: string): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!settableAttributes.includes(name)) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    if (onlyFifo.includes(name) && !queueName.endsWith('.fifo')) {
      throw new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    }
    if (!isValid(name, value)) {
      throw new AwsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
    }
  }
  if (attributes.FifoQueue === 'true' && !queueName.endsWith('.fifo')) {
    throw invalidValue(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
    );
  }
  if (attributes.RedrivePolicy) checkRedrivePolicy(attributes.RedrivePolicy);
}

function isValid(name: string, value: string): boolean {
  const range = own(numbers, name);
  if (range) return /^\d+$/.test(value) && Number(value) >= range[0] && Number(value) <= range[1];
  const choice = own(choices, name);
  if (choice) return choice.includes(value);
  // An empty document takes the attribute away.
  return !documents.includes(name) || value === '' || isJsonObject(value);
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function checkRedrivePolicy(text: string): void {
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text);
  const reason = (what: string) =>
    invalidValue(`Value ${text} for parameter RedrivePolicy is invalid. Reason: ${what}`);
  if (deadLetterTargetArn === undefined) {
    throw reason('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  }
  if (maxReceiveCount === undefined) {
    throw reason('Redrive policy does not contain mandatory attribute: maxReceiveCount.');
  }
  const count = Number(maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > 1_000) {
    throw reason('Invalid value for maxReceiveCount: must be between 1 and 1000.');
  }
}
