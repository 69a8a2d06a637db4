import type { Access, Call, Operation } from '../../cloud.ts';
import { shownDefaultPolicy, topicAccess } from './access.ts';
import { pageOf } from './paging.ts';
import { checkArn, checkTopicAttribute, type Topic, type Topics } from './topics.ts';

interface Named {
  readonly TopicArn: string;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Operations.html */
export function topicOperations(topics: Topics): Record<string, Operation> {
  const on = (action: string) => ({
    validate: (input: Named, call: Call) => checkArn('TopicArn', input.TopicArn, call.region),
    access: topicAccess(topics, action),
  });
  return {
    CreateTopic: {
      access: (input, call) => [
        { action: 'sns:CreateTopic', resource: `arn:aws:sns:${call.region}:${call.accountId}:${input.Name}` },
      ],
      handle: (
        input: { Name: string; Attributes?: Record<string, string>; Tags?: { Key?: string; Value?: string }[] },
        call,
      ) => ({
        TopicArn: topics.create(call.region, input.Name, input.Attributes ?? {}, input.Tags).arn,
      }),
    },
    DeleteTopic: {
      ...on('DeleteTopic'),
      // Deleting what is not there is no error.
      handle: (input: Named) => void topics.byArn.delete(input.TopicArn),
    },
    ListTopics: {
      access: () => [{ action: 'sns:ListTopics', resource: '*' }],
      handle(input: { NextToken?: string }, call) {
        const { page, NextToken } = pageOf(topics.inRegion(call.region), input.NextToken);
        return { Topics: page.map(({ arn }) => ({ TopicArn: arn })), NextToken };
      },
    },
    GetTopicAttributes: {
      ...on('GetTopicAttributes'),
      handle: (input: Named) => ({ Attributes: describe(topics.require(input.TopicArn)) }),
    },
    SetTopicAttributes: {
      ...on('SetTopicAttributes'),
      handle(input: Named & { AttributeName: string; AttributeValue?: string }) {
        const { attributes } = topics.require(input.TopicArn);
        checkTopicAttribute(input.AttributeName, input.AttributeValue ?? '');
        attributes[input.AttributeName] = input.AttributeValue ?? '';
      },
    },
    ...tagOperations(topics),
  };
}

function describe(topic: Topic): Record<string, string> {
  const owner = topic.arn.split(':')[4] as string;
  const confirmed = topic.subscriptions.filter(({ isConfirmed }) => isConfirmed).length;
  return {
    DisplayName: '',
    Policy: shownDefaultPolicy(topic.arn, owner),
    ...topic.attributes,
    TopicArn: topic.arn,
    Owner: owner,
    SubscriptionsConfirmed: String(confirmed),
    SubscriptionsPending: String(topic.subscriptions.length - confirmed),
    SubscriptionsDeleted: '0',
  };
}

function tagOperations(topics: Topics): Record<string, Operation> {
  const access =
    (action: string) =>
    (input: { ResourceArn: string }): Access[] => [{ action: `sns:${action}`, resource: input.ResourceArn }];
  return {
    ListTagsForResource: {
      access: access('ListTagsForResource'),
      handle: (input: { ResourceArn: string }) => ({
        Tags: [...topics.require(input.ResourceArn).tags].map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    TagResource: {
      access: access('TagResource'),
      handle(input: { ResourceArn: string; Tags: { Key: string; Value: string }[] }) {
        const { tags } = topics.require(input.ResourceArn);
        for (const { Key, Value } of input.Tags) tags.set(Key, Value);
        return {};
      },
    },
    UntagResource: {
      access: access('UntagResource'),
      handle(input: { ResourceArn: string; TagKeys: string[] }) {
        const { tags } = topics.require(input.ResourceArn);
        for (const key of input.TagKeys) tags.delete(key);
        return {};
      },
    },
  };
}
