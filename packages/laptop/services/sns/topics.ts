import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud } from '../../cloud.ts';
import { own } from '../../own.ts';
import { invalidParameter } from './errors.ts';
import { checkFilterPolicy } from './filter.ts';

export interface Topic {
  readonly arn: string;
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly tags: Map<string, string>;
  readonly subscriptions: Subscription[];
}

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: Record<string, string>;
  /** Nothing is sent before it is confirmed with its token. */
  isConfirmed: boolean;
  readonly token: string;
}

const PROTOCOLS = ['email', 'email-json', 'sms', 'http', 'https', 'lambda', 'sqs'];
/** Their owner has to agree; the others are agreed to by their own policies. */
const CONFIRMED_BY_HAND = ['email', 'email-json', 'http', 'https'];
const TOPIC_ATTRIBUTES = [
  'DeliveryPolicy',
  'DisplayName',
  'Policy',
  'TracingConfig',
  'KmsMasterKeyId',
  'SignatureVersion',
  'FifoTopic',
];
const SUBSCRIPTION_ATTRIBUTES = [
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
];

/** Refuses what is no ARN of a topic, or of another region. */
export function checkArn(name: string, arn: string, region: string): void {
  const parts = arn.split(':');
  if (parts.length < 6)
    throw invalidParameter(`${name} Reason: An ARN must have at least 6 elements, not ${parts.length}`);
  if (parts[0] !== 'arn' || parts[2] !== 'sns' || parts[3] !== region) throw invalidParameter(name);
}

/** The topics of the account, and who listens to them. */
export class Topics {
  readonly byArn = new Map<string, Topic>();
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  require(arn: string): Topic {
    const topic = this.byArn.get(arn);
    if (topic) return topic;
    throw new AwsError('NotFound', 'Topic does not exist', { httpStatus: 404 });
  }

  inRegion(region: string): Topic[] {
    return [...this.byArn.values()].filter(({ arn }) => arn.split(':')[3] === region);
  }

  subscription(arn: string): Subscription {
    const topic = this.byArn.get(arn.slice(0, arn.lastIndexOf(':')));
    const found = topic?.subscriptions.find((subscription) => subscription.arn === arn);
    if (found) return found;
    throw new AwsError('NotFound', 'Subscription does not exist', { httpStatus: 404 });
  }

  create(
    region: string,
    name: string,
    attributes: Readonly<Record<string, string>>,
    tags: readonly { Key?: string; Value?: string }[] = [],
  ): Topic {
    if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) {
      if (name.endsWith('.fifo')) throw invalidParameter('Topic Name: FIFO topics are not supported on the laptop.');
      throw invalidParameter('Topic Name');
    }
    for (const attribute of Object.keys(attributes)) checkTopicAttribute(attribute, attributes[attribute] ?? '');
    const arn = `arn:aws:sns:${region}:${this.#cloud.accountId}:${name}`;
    const existing = this.byArn.get(arn);
    if (existing) {
      const isOther = Object.entries(attributes).some(([key, value]) => existing.attributes[key] !== value);
      if (isOther) throw invalidParameter('Attributes Reason: Topic already exists with different attributes');
      const isOtherTag = tags.some(({ Key = '', Value }) => existing.tags.get(Key) !== Value);
      if (isOtherTag) throw invalidParameter('Tags Reason: Topic already exists with different tags');
      return existing;
    }
    const topic: Topic = {
      arn,
      name,
      attributes: { ...attributes },
      tags: new Map(tags.map(({ Key = '', Value = '' }) => [Key, Value])),
      subscriptions: [],
    };
    this.byArn.set(arn, topic);
    return topic;
  }

  subscribe(
    topic: Topic,
    protocol: string,
    endpoint: string,
    attributes: Readonly<Record<string, string>>,
    options: { isConfirmed?: boolean } = {},
  ): Subscription {
    if (!PROTOCOLS.includes(protocol)) {
      throw invalidParameter(`Amazon SNS does not support this protocol string: ${protocol}`);
    }
    checkEndpoint(protocol, endpoint);
    for (const [name, value] of Object.entries(attributes)) checkSubscriptionAttribute(name, value, attributes);
    const known = topic.subscriptions.find((one) => one.protocol === protocol && one.endpoint === endpoint);
    if (known) {
      const isOther = Object.entries(attributes).some(([key, value]) => known.attributes[key] !== value);
      if (!isOther) return known;
      throw invalidParameter('Attributes Reason: Subscription already exists with different attributes');
    }
    const subscription: Subscription = {
      arn: `${topic.arn}:${randomUUID()}`,
      topicArn: topic.arn,
      protocol,
      endpoint,
      attributes: { ...attributes },
      isConfirmed: options.isConfirmed ?? !CONFIRMED_BY_HAND.includes(protocol),
      token: `${randomUUID()}${randomUUID()}`.replaceAll('-', ''),
    };
    topic.subscriptions.push(subscription);
    return subscription;
  }
}

function checkEndpoint(protocol: string, endpoint: string): void {
  const fits: Readonly<Record<string, RegExp>> = {
    email: /^[^@\s]+@[^@\s]+$/,
    'email-json': /^[^@\s]+@[^@\s]+$/,
    sms: /^\+?[0-9 ()-]{4,}$/,
    http: /^http:\/\//,
    https: /^https:\/\//,
    lambda: /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:/,
    sqs: /^arn:aws:sqs:[a-z0-9-]+:\d{12}:/,
  };
  if (own(fits, protocol)?.test(endpoint)) return;
  const reasons: Readonly<Record<string, string>> = {
    http: 'Endpoint must match the specified protocol',
    https: 'Endpoint must match the specified protocol',
    sms: `Invalid SMS endpoint: ${endpoint}`,
    sqs: 'SQS endpoint ARN',
    lambda: 'Lambda endpoint ARN',
  };
  throw invalidParameter(own(reasons, protocol) ?? 'Email address');
}

export function checkTopicAttribute(name: string, value: string): void {
  if (!TOPIC_ATTRIBUTES.includes(name)) throw invalidParameter('AttributeName');
  if (name === 'FifoTopic' && value !== 'false') {
    throw invalidParameter('FifoTopic: FIFO topics are not supported on the laptop.');
  }
  if ((name === 'Policy' || name === 'DeliveryPolicy') && value !== '') parseObject(name, value);
}

export function checkSubscriptionAttribute(
  name: string,
  value: string,
  others: Readonly<Record<string, string>> = {},
): void {
  if (!SUBSCRIPTION_ATTRIBUTES.includes(name)) throw invalidParameter('AttributeName');
  if (name === 'FilterPolicy' && value !== '') checkFilterPolicy(value, others.FilterPolicyScope);
  if (name === 'FilterPolicyScope' && !['MessageAttributes', 'MessageBody'].includes(value)) {
    throw invalidParameter(
      `FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`,
    );
  }
  if (name === 'RawMessageDelivery' && !/^(true|false)$/i.test(value)) {
    throw invalidParameter(`Attributes Reason: RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
  }
  if (name === 'RedrivePolicy' && value !== '') {
    const { deadLetterTargetArn } = parseObject('RedrivePolicy', value);
    if (!/^arn:aws:sqs:/.test(String(deadLetterTargetArn))) {
      throw invalidParameter('RedrivePolicy: deadLetterTargetArn is an invalid arn');
    }
  }
}

function parseObject(name: string, text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalidParameter(`${name}: failed to parse JSON.`);
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw invalidParameter(`${name}: failed to parse JSON.`);
}
