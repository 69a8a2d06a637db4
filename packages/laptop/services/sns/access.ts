import type { Access, Call } from '../../cloud.ts';
import type { Topics } from './topics.ts';

/**
 * The permission on a topic, with the topic's own policy. A topic without one has SNS's default policy, by which its
 * owner's alarms may publish to it.
 */
export function topicAccess(topics: Topics, action: string) {
  return (input: { TopicArn?: string; TargetArn?: string }, call: Call): Access[] => {
    const arn = input.TopicArn ?? input.TargetArn ?? '*';
    const policy = topics.byArn.get(arn)?.attributes.Policy || defaultPolicy(arn, call);
    return [{ action: `sns:${action}`, resource: arn, ...(policy && { resourcePolicy: policy }) }];
  };
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html: who the default policy lets in. */
function defaultPolicy(arn: string, call: Call): string | undefined {
  if (call.principal.servicePrincipal !== 'cloudwatch.amazonaws.com') return undefined;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: arn,
        Condition: { StringEquals: { 'aws:SourceAccount': call.accountId } },
      },
    ],
  });
}

/** What GetTopicAttributes shows of a topic without a policy of its own. */
export function shownDefaultPolicy(arn: string, accountId: string): string {
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'SNS:GetTopicAttributes',
          'SNS:SetTopicAttributes',
          'SNS:AddPermission',
          'SNS:RemovePermission',
          'SNS:DeleteTopic',
          'SNS:Subscribe',
          'SNS:ListSubscriptionsByTopic',
          'SNS:Publish',
        ],
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': accountId } },
      },
    ],
  });
}
