import { AwsError, type Cloud } from '../../cloud.ts';
import { servicePrincipal } from '../../identity/principals.ts';
import { own } from '../../own.ts';
import { withRetries } from '../retries.ts';
import type { MessageAttributes } from './filter.ts';
import type { Subscription, Topic } from './topics.ts';

/** A message on its way to the subscribers of a topic. */
export interface Notification {
  readonly messageId: string;
  readonly Subject?: string;
  readonly MessageAttributes?: MessageAttributes;
  /** By protocol, and `default`. */
  readonly messages: Readonly<Record<string, string>>;
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html: for endpoints that AWS manages. */
const limits = { retries: 100_015, ageSeconds: 23 * 86_400 };

export const textFor = (notification: Notification, protocol: string): string =>
  own(notification.messages, protocol) ?? (notification.messages.default as string);

/** Lambda and SQS inside the cloud are reached, again and again if need be; what they refuse goes to the dead letters. */
export async function deliver(
  cloud: Cloud,
  topic: Topic,
  subscription: Subscription,
  notification: Notification,
  signal: AbortSignal,
): Promise<void> {
  const { protocol, endpoint } = subscription;
  if (protocol !== 'lambda' && protocol !== 'sqs') return;
  const envelope = envelopeOf(cloud, topic, subscription, notification);
  const givenUp = await withRetries(cloud.clock, limits, signal, () =>
    protocol === 'lambda'
      ? invoke(cloud, topic, subscription, envelope)
      : send(cloud, topic, endpoint, bodyFor(subscription, notification, envelope)),
  );
  if (!givenUp) return;
  const { error } = givenUp;
  const reason = error instanceof AwsError ? `${error.code}: ${error.message}` : String(error);
  const redrive = subscription.attributes.RedrivePolicy;
  if (!redrive) return cloud.log(`sns: ${topic.name} could not reach ${endpoint}: ${reason}`);
  const { deadLetterTargetArn } = JSON.parse(redrive) as { deadLetterTargetArn: string };
  await send(cloud, topic, deadLetterTargetArn, bodyFor(subscription, notification, envelope));
}

type Envelope = Readonly<Record<string, unknown>>;

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html. The laptop does not sign. */
function envelopeOf(cloud: Cloud, topic: Topic, subscription: Subscription, notification: Notification): Envelope {
  const attributes = Object.entries(notification.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    { Type: value.DataType, Value: value.StringValue ?? Buffer.from(value.BinaryValue ?? []).toString('base64') },
  ]);
  return {
    Type: 'Notification',
    MessageId: notification.messageId,
    TopicArn: topic.arn,
    ...(notification.Subject === undefined ? {} : { Subject: notification.Subject }),
    Message: textFor(notification, subscription.protocol),
    Timestamp: cloud.clock.now().toISOString(),
    SignatureVersion: '1',
    Signature: 'not signed on the laptop',
    SigningCertURL: `${cloud.endpointUrl}/`,
    UnsubscribeURL: `${cloud.endpointUrl}/?Action=Unsubscribe&SubscriptionArn=${subscription.arn}`,
    ...(attributes.length > 0 ? { MessageAttributes: Object.fromEntries(attributes) } : {}),
  };
}

function bodyFor(subscription: Subscription, notification: Notification, envelope: Envelope) {
  if (subscription.attributes.RawMessageDelivery?.toLowerCase() !== 'true') {
    return { MessageBody: JSON.stringify(envelope) };
  }
  return {
    MessageBody: textFor(notification, subscription.protocol),
    ...(notification.MessageAttributes ? { MessageAttributes: notification.MessageAttributes } : {}),
  };
}

async function invoke(cloud: Cloud, topic: Topic, { arn, endpoint }: Subscription, envelope: Envelope): Promise<void> {
  const { SigningCertURL, UnsubscribeURL, ...rest } = envelope;
  const Sns = {
    Subject: null,
    MessageAttributes: {},
    ...rest,
    SigningCertUrl: SigningCertURL,
    UnsubscribeUrl: UnsubscribeURL,
  };
  const event = { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: arn, Sns }] };
  await cloud.call({
    service: 'lambda',
    operation: 'Invoke',
    region: endpoint.split(':')[3] as string,
    input: {
      FunctionName: endpoint,
      InvocationType: 'Event',
      Payload: new TextEncoder().encode(JSON.stringify(event)),
    },
    principal: servicePrincipal('sns.amazonaws.com', topic.arn),
  });
}

async function send(cloud: Cloud, topic: Topic, queueArn: string, body: object): Promise<void> {
  const [, , , region = '', account, name] = queueArn.split(':');
  await cloud.call({
    service: 'sqs',
    operation: 'SendMessage',
    region,
    input: { QueueUrl: `${cloud.endpointUrl}/${account}/${name}`, ...body },
    principal: servicePrincipal('sns.amazonaws.com', topic.arn),
  });
}
