import { randomUUID } from 'node:crypto';
import type { Cloud, Service } from '../../cloud.ts';
import { deliveriesOf } from '../../deliveries.ts';
import { deliver, type Notification, textFor } from './delivery.ts';
import { isWanted } from './filter.ts';
import { publishOperations } from './publish.ts';
import { subscriptionOperations } from './subscription-operations.ts';
import { topicOperations } from './topic-operations.ts';
import { type Subscription, type Topic, Topics } from './topics.ts';

/** A message that left the cloud: what a person reads in a mailbox or on a telephone. */
export interface OutboxMessage {
  readonly messageId: string;
  readonly topicArn: string;
  readonly subject?: string;
  readonly message: string;
  readonly publishedAt: Date;
  /** `email:ops@example.com`; empty where no subscription is confirmed. */
  readonly sentTo: string[];
}

export interface SnsService extends Service {
  readonly name: 'sns';
  readonly topics: Topics;
  /** Everything published, newest last. */
  outbox(): OutboxMessage[];
}

/** Topics, subscriptions and an outbox. https://docs.aws.amazon.com/sns/latest/api/welcome.html */
export default function createSnsService(cloud: Cloud): SnsService {
  const topics = new Topics(cloud);
  const outbox: OutboxMessage[] = [];
  let running = new AbortController();

  const publish = (topic: Topic, notification: Notification): void => {
    const wanting = topic.subscriptions.filter(
      ({ isConfirmed, attributes, protocol }) =>
        isConfirmed && isWanted(attributes, { ...notification, Message: textFor(notification, protocol) }),
    );
    outbox.push({
      messageId: notification.messageId,
      topicArn: topic.arn,
      ...(notification.Subject === undefined ? {} : { subject: notification.Subject }),
      message: textFor(notification, 'email'),
      publishedAt: cloud.clock.now(),
      sentTo: wanting.map(({ protocol, endpoint }) => `${protocol}:${endpoint}`),
    });
    for (const subscription of wanting) {
      const { signal } = running;
      deliveriesOf(cloud)
        .run(`sns: ${topic.name}`, signal, () => deliver(cloud, topic, subscription, notification, signal))
        .catch((error) => cloud.log(`sns: ${topic.name}: ${error instanceof Error ? error.stack : error}`));
    }
  };

  const askToConfirm = ({ topicArn, protocol, endpoint, token }: Subscription): void => {
    outbox.push({
      messageId: randomUUID(),
      topicArn,
      subject: 'AWS Notification - Subscription Confirmation',
      message: `You have chosen to subscribe to the topic: ${topicArn}. To confirm: aws sns confirm-subscription --topic-arn ${topicArn} --token ${token}`,
      publishedAt: cloud.clock.now(),
      sentTo: [`${protocol}:${endpoint}`],
    });
  };

  return {
    name: 'sns',
    topics,
    outbox: () => [...outbox],
    schemas: () => import('@aws-sdk/client-sns') as Promise<Record<string, unknown>>,
    operations: {
      ...topicOperations(topics),
      ...subscriptionOperations(topics, askToConfirm),
      ...publishOperations(topics, publish),
    },
    reset() {
      running.abort(new Error('the cloud was reset'));
      running = new AbortController();
      topics.byArn.clear();
      outbox.length = 0;
    },
    close: () => running.abort(new Error('the cloud was closed')),
  };
}
