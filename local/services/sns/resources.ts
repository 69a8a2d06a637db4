import { randomUUID } from 'node:crypto';
import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';
import type { SnsService, Topic } from './service.ts';

const topic: ResourceProvider = {
  type: 'AWS::SNS::Topic',
  create(resource, cloud) {
    onlyProperties(resource, [
      'TopicName',
      'DisplayName',
      'KmsMasterKeyId',
      'Subscription',
      'FifoTopic',
      'SignatureVersion',
      'TracingConfig',
      'Tags',
    ]);
    const { properties } = resource;
    const service = cloud.service<SnsService>('sns');
    const made = service.create(
      cloud.region,
      properties.TopicName ?? `${resource.logicalId}-${randomUUID().slice(0, 12)}`,
      {
        ...(properties.DisplayName && { DisplayName: properties.DisplayName }),
        ...(properties.KmsMasterKeyId && { KmsMasterKeyId: properties.KmsMasterKeyId }),
      },
    );
    for (const { Protocol, Endpoint } of properties.Subscription ?? []) service.subscribe(made, Protocol, Endpoint, {});
    return { ref: made.arn, attributes: { TopicArn: made.arn, TopicName: made.name } };
  },
};

const subscription: ResourceProvider = {
  type: 'AWS::SNS::Subscription',
  create(resource, cloud) {
    onlyProperties(resource, ['TopicArn', 'Protocol', 'Endpoint', 'RawMessageDelivery', 'RedrivePolicy', 'Region']);
    const { TopicArn, Protocol, Endpoint, RawMessageDelivery } = resource.properties;
    const service = cloud.service<SnsService>('sns');
    const made = service.subscribe(
      service.topics.get(TopicArn) as Topic,
      Protocol,
      Endpoint,
      RawMessageDelivery ? { RawMessageDelivery: 'true' } : {},
    );
    return { ref: made.arn, attributes: { Arn: made.arn } };
  },
};

const topicPolicy: ResourceProvider = {
  type: 'AWS::SNS::TopicPolicy',
  create(resource, cloud) {
    onlyProperties(resource, ['Topics', 'PolicyDocument']);
    const { topics } = cloud.service<SnsService>('sns');
    for (const arn of resource.properties.Topics)
      (topics.get(arn) as Topic).attributes.Policy = JSON.stringify(resource.properties.PolicyDocument);
    return { ref: `${resource.logicalId}-policy` };
  },
};

export const resources: ResourceProvider[] = [topic, subscription, topicPolicy];
