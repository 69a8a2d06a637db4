import type { Access, Call, Operation } from '../../cloud.ts';
import { topicAccess } from './access.ts';
import { invalidParameter } from './errors.ts';
import { pageOf } from './paging.ts';
import { checkArn, checkSubscriptionAttribute, type Subscription, type Topics } from './topics.ts';

interface SubscribeInput {
  readonly TopicArn: string;
  readonly Protocol: string;
  readonly Endpoint?: string;
  readonly Attributes?: Record<string, string>;
  readonly ReturnSubscriptionArn?: boolean;
}

/** Subscriptions; `askToConfirm` sends a new one's owner the token to confirm it with. */
export function subscriptionOperations(
  topics: Topics,
  askToConfirm: (subscription: Subscription) => void,
): Record<string, Operation> {
  const onTopic = (action: string) => ({
    validate: (input: { TopicArn: string }, call: Call) => checkArn('TopicArn', input.TopicArn, call.region),
    access: topicAccess(topics, action),
  });
  const access = (action: string) => (): Access[] => [{ action: `sns:${action}`, resource: '*' }];
  return {
    Subscribe: {
      ...onTopic('Subscribe'),
      handle(input: SubscribeInput) {
        const topic = topics.require(input.TopicArn);
        const before = topic.subscriptions.length;
        const made = topics.subscribe(topic, input.Protocol, input.Endpoint ?? '', input.Attributes ?? {});
        if (topic.subscriptions.length > before && !made.isConfirmed) askToConfirm(made);
        const showsArn = made.isConfirmed || input.ReturnSubscriptionArn === true;
        return { SubscriptionArn: showsArn ? made.arn : 'pending confirmation' };
      },
    },
    ConfirmSubscription: {
      ...onTopic('ConfirmSubscription'),
      handle(input: { TopicArn: string; Token: string }) {
        const found = topics.require(input.TopicArn).subscriptions.find(({ token }) => token === input.Token);
        if (!found) throw invalidParameter('Token');
        found.isConfirmed = true;
        return { SubscriptionArn: found.arn };
      },
    },
    Unsubscribe: {
      validate: (input, call) => checkArn('SubscriptionArn', input.SubscriptionArn, call.region),
      access: access('Unsubscribe'),
      // Twice is no error.
      handle(input: { SubscriptionArn: string }) {
        for (const topic of topics.byArn.values()) {
          const index = topic.subscriptions.findIndex(({ arn }) => arn === input.SubscriptionArn);
          if (index >= 0) topic.subscriptions.splice(index, 1);
        }
      },
    },
    GetSubscriptionAttributes: {
      validate: (input, call) => checkArn('SubscriptionArn', input.SubscriptionArn, call.region),
      access: access('GetSubscriptionAttributes'),
      handle: (input: { SubscriptionArn: string }) => ({
        Attributes: describe(topics.subscription(input.SubscriptionArn)),
      }),
    },
    SetSubscriptionAttributes: {
      validate: (input, call) => checkArn('SubscriptionArn', input.SubscriptionArn, call.region),
      access: access('SetSubscriptionAttributes'),
      handle(input: { SubscriptionArn: string; AttributeName: string; AttributeValue?: string }) {
        const { attributes } = topics.subscription(input.SubscriptionArn);
        checkSubscriptionAttribute(input.AttributeName, input.AttributeValue ?? '', attributes);
        attributes[input.AttributeName] = input.AttributeValue ?? '';
      },
    },
    ListSubscriptionsByTopic: {
      ...onTopic('ListSubscriptionsByTopic'),
      handle(input: { TopicArn: string; NextToken?: string }) {
        const { page, NextToken } = pageOf(topics.require(input.TopicArn).subscriptions, input.NextToken);
        return { Subscriptions: page.map(shown), NextToken };
      },
    },
    ListSubscriptions: {
      access: access('ListSubscriptions'),
      handle(input: { NextToken?: string }, call) {
        const all = topics.inRegion(call.region).flatMap(({ subscriptions }) => subscriptions);
        const { page, NextToken } = pageOf(all, input.NextToken);
        return { Subscriptions: page.map(shown), NextToken };
      },
    },
  };
}

const shown = (subscription: Subscription) => ({
  SubscriptionArn: subscription.isConfirmed ? subscription.arn : 'PendingConfirmation',
  Owner: subscription.arn.split(':')[4],
  Protocol: subscription.protocol,
  Endpoint: subscription.endpoint,
  TopicArn: subscription.topicArn,
});

const describe = (subscription: Subscription): Record<string, string> => ({
  RawMessageDelivery: 'false',
  ...subscription.attributes,
  SubscriptionArn: subscription.arn,
  TopicArn: subscription.topicArn,
  Owner: subscription.arn.split(':')[4] as string,
  Protocol: subscription.protocol,
  Endpoint: subscription.endpoint,
  PendingConfirmation: String(!subscription.isConfirmed),
  ConfirmationWasAuthenticated: 'true',
});
