import { randomUUID } from 'node:crypto';
import type { Cloud } from '../../cloud.ts';
import { type Access, AwsError, type Call, type Operation, type Principal, type Service } from '../../service.ts';

export interface Topic {
  readonly arn: string;
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly subscriptions: Subscription[];
}

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: Record<string, string>;
}

/** A message that left the cloud: what a person reads in a mailbox or on a phone. */
export interface OutboxMessage {
  readonly messageId: string;
  readonly topicArn: string;
  readonly subject?: string;
  readonly message: string;
  readonly publishedAt: Date;
  /** `email:ops@example.com`; empty where nobody subscribed. */
  readonly sentTo: string[];
}

export interface SnsService extends Service {
  readonly name: 'sns';
  readonly topics: Map<string, Topic>;
  create(region: string, name: string, attributes: Record<string, string>): Topic;
  subscribe(topic: Topic, protocol: string, endpoint: string, attributes: Record<string, string>): Subscription;
  /** Everything published, newest last. */
  outbox(): OutboxMessage[];
}

const PROTOCOLS = ['email', 'email-json', 'sms', 'http', 'https', 'lambda', 'sqs'];

/** Topics, subscriptions and an outbox. https://docs.aws.amazon.com/sns/latest/api/welcome.html */
export default function createSnsService(cloud: Cloud): SnsService {
  const topics = new Map<string, Topic>();
  const outbox: OutboxMessage[] = [];
  const require = (arn: string): Topic => {
    const topic = topics.get(arn);
    if (topic) return topic;
    throw new AwsError('NotFound', 'Topic does not exist', { httpStatus: 404 });
  };
  const create = (region: string, name: string, attributes: Record<string, string>): Topic => {
    if (!/^[A-Za-z0-9_-]{1,256}(\.fifo)?$/.test(name))
      throw new AwsError('InvalidParameter', 'Invalid parameter: Topic Name');
    const arn = `arn:aws:sns:${region}:${cloud.accountId}:${name}`;
    const topic = topics.get(arn) ?? { arn, name, attributes: { ...attributes }, subscriptions: [] };
    topics.set(arn, topic);
    return topic;
  };
  const subscribe = (
    topic: Topic,
    protocol: string,
    endpoint: string,
    attributes: Record<string, string>,
  ): Subscription => {
    if (!PROTOCOLS.includes(protocol))
      throw new AwsError('InvalidParameter', `Invalid parameter: Does not support this protocol string: ${protocol}`);
    const known = topic.subscriptions.find((one) => one.protocol === protocol && one.endpoint === endpoint);
    if (known) return known;
    const made = { arn: `${topic.arn}:${randomUUID()}`, topicArn: topic.arn, protocol, endpoint, attributes };
    topic.subscriptions.push(made);
    return made;
  };
  const publish = async (input: {
    TopicArn: string;
    Message: string;
    Subject?: string;
    MessageAttributes?: unknown;
  }): Promise<{ MessageId: string }> => {
    const topic = require(input.TopicArn);
    const messageId = randomUUID();
    const sentTo = topic.subscriptions.map((subscription) => `${subscription.protocol}:${subscription.endpoint}`);
    outbox.push({
      messageId,
      topicArn: topic.arn,
      subject: input.Subject,
      message: input.Message,
      publishedAt: cloud.clock.now(),
      sentTo,
    });
    await Promise.all(
      topic.subscriptions.map((subscription) => deliver(cloud, topic, subscription, { ...input, messageId })),
    );
    return { MessageId: messageId };
  };
  return {
    name: 'sns',
    topics,
    create,
    subscribe,
    outbox: () => [...outbox],
    schemas: () => import('@aws-sdk/client-sns') as Promise<Record<string, unknown>>,
    operations: {
      ...topicOperations(topics, require, create),
      ...subscriptionOperations(topics, require, subscribe),
      Publish: { access: topicAccess(topics, 'Publish'), handle: publish },
    },
    reset: () => {
      topics.clear();
      outbox.length = 0;
    },
  };
}

function topicAccess(
  topics: ReadonlyMap<string, Topic>,
  action: string,
): (input: { TopicArn: string }, call: Call) => Access[] {
  return (input, call) => {
    const policy = topics.get(input.TopicArn)?.attributes.Policy;
    return [
      {
        action: `sns:${action}`,
        resource: input.TopicArn,
        ...(policy && { resourcePolicy: JSON.parse(policy) }),
        context: {
          'aws:SecureTransport': 'true',
          ...(call.principal.kind === 'service' && {
            'aws:SourceArn': call.principal.sessionName ?? '',
            'aws:SourceAccount': call.accountId,
          }),
        },
      },
    ];
  };
}

function topicOperations(
  topics: Map<string, Topic>,
  require: (arn: string) => Topic,
  create: SnsService['create'],
): Record<string, Operation> {
  return {
    CreateTopic: {
      access: (input, call) => [
        { action: 'sns:CreateTopic', resource: `arn:aws:sns:${call.region}:${call.accountId}:${input.Name}` },
      ],
      handle: (input: { Name: string; Attributes?: Record<string, string> }, call) => ({
        TopicArn: create(call.region, input.Name, input.Attributes ?? {}).arn,
      }),
    },
    DeleteTopic: {
      access: topicAccess(topics, 'DeleteTopic'),
      handle: (input: { TopicArn: string }) => {
        topics.delete(input.TopicArn);
        return {};
      },
    },
    ListTopics: {
      access: () => [{ action: 'sns:ListTopics', resource: '*' }],
      handle: () => ({ Topics: [...topics.keys()].map((TopicArn) => ({ TopicArn })) }),
    },
    GetTopicAttributes: {
      access: topicAccess(topics, 'GetTopicAttributes'),
      handle: (input: { TopicArn: string }) => {
        const topic = require(input.TopicArn);
        return {
          Attributes: {
            TopicArn: topic.arn,
            Owner: topic.arn.split(':')[4],
            SubscriptionsConfirmed: String(topic.subscriptions.length),
            ...topic.attributes,
          },
        };
      },
    },
    SetTopicAttributes: {
      access: topicAccess(topics, 'SetTopicAttributes'),
      handle: (input: { TopicArn: string; AttributeName: string; AttributeValue?: string }) => {
        require(input.TopicArn).attributes[input.AttributeName] = input.AttributeValue ?? '';
        return {};
      },
    },
  };
}

function subscriptionOperations(
  topics: Map<string, Topic>,
  require: (arn: string) => Topic,
  subscribe: SnsService['subscribe'],
): Record<string, Operation> {
  const shown = (subscription: Subscription) => ({
    SubscriptionArn: subscription.arn,
    Owner: subscription.arn.split(':')[4],
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    TopicArn: subscription.topicArn,
  });
  return {
    Subscribe: {
      access: topicAccess(topics, 'Subscribe'),
      handle: (input: {
        TopicArn: string;
        Protocol: string;
        Endpoint?: string;
        Attributes?: Record<string, string>;
      }) => ({
        SubscriptionArn: subscribe(
          require(input.TopicArn),
          input.Protocol,
          input.Endpoint ?? '',
          input.Attributes ?? {},
        ).arn,
      }),
    },
    Unsubscribe: {
      access: () => [{ action: 'sns:Unsubscribe', resource: '*' }],
      handle: (input: { SubscriptionArn: string }) => {
        for (const topic of topics.values()) {
          const index = topic.subscriptions.findIndex((subscription) => subscription.arn === input.SubscriptionArn);
          if (index >= 0) topic.subscriptions.splice(index, 1);
        }
        return {};
      },
    },
    ListSubscriptionsByTopic: {
      access: topicAccess(topics, 'ListSubscriptionsByTopic'),
      handle: (input: { TopicArn: string }) => ({ Subscriptions: require(input.TopicArn).subscriptions.map(shown) }),
    },
    ListSubscriptions: {
      access: () => [{ action: 'sns:ListSubscriptions', resource: '*' }],
      handle: () => ({ Subscriptions: [...topics.values()].flatMap((topic) => topic.subscriptions.map(shown)) }),
    },
  };
}

/** Lambda and SQS inside the cloud are reached; mail, telephones and web hooks end in the outbox. */
async function deliver(
  cloud: Cloud,
  topic: Topic,
  subscription: Subscription,
  input: { Message: string; Subject?: string; messageId: string; MessageAttributes?: unknown },
): Promise<void> {
  const service = 'sns.amazonaws.com';
  const principal: Principal = {
    kind: 'service',
    arn: service,
    identityArn: service,
    servicePrincipal: service,
    sessionName: topic.arn,
  };
  const notification = {
    Type: 'Notification',
    MessageId: input.messageId,
    TopicArn: topic.arn,
    Subject: input.Subject,
    Message: input.Message,
    Timestamp: cloud.clock.now().toISOString(),
  };
  try {
    if (subscription.protocol === 'lambda') {
      const event = {
        Records: [
          { EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: subscription.arn, Sns: notification },
        ],
      };
      await cloud.call({
        service: 'lambda',
        operation: 'Invoke',
        input: {
          FunctionName: subscription.endpoint,
          InvocationType: 'Event',
          Payload: new TextEncoder().encode(JSON.stringify(event)),
        },
        principal,
      });
    }
    if (subscription.protocol === 'sqs') {
      const isRaw = subscription.attributes.RawMessageDelivery === 'true';
      const queueUrl = `${cloud.endpointUrl}/${cloud.accountId}/${subscription.endpoint.split(':')[5]}`;
      await cloud.call({
        service: 'sqs',
        operation: 'SendMessage',
        input: { QueueUrl: queueUrl, MessageBody: isRaw ? input.Message : JSON.stringify(notification) },
        principal,
      });
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    cloud.log(`sns: ${topic.name} could not reach ${subscription.endpoint}: ${error.code}: ${error.message}`);
  }
}
