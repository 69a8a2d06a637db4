import { randomUUID } from 'node:crypto';
import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';
import type { SqsService } from './service.ts';

const attributes = [
  'VisibilityTimeout',
  'DelaySeconds',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'MaximumMessageSize',
  'FifoQueue',
  'ContentBasedDeduplication',
  'KmsMasterKeyId',
  'SqsManagedSseEnabled',
  'KmsDataKeyReusePeriodSeconds',
];

const queue: ResourceProvider = {
  type: 'AWS::SQS::Queue',
  create(resource, cloud) {
    onlyProperties(resource, ['QueueName', 'RedrivePolicy', 'RedriveAllowPolicy', 'Tags', ...attributes]);
    const { properties } = resource;
    const given = attributes
      .filter((name) => properties[name] !== undefined)
      .map((name) => [name, String(properties[name])]);
    if (properties.RedrivePolicy) given.push(['RedrivePolicy', JSON.stringify(properties.RedrivePolicy)]);
    const name = properties.QueueName ?? `${resource.logicalId}-${randomUUID().slice(0, 12)}`;
    const made = cloud.service<SqsService>('sqs').queues.create(cloud.region, name, Object.fromEntries(given));
    return { ref: made.url, attributes: { Arn: made.arn, QueueName: made.name, QueueUrl: made.url } };
  },
};

const queuePolicy: ResourceProvider = {
  type: 'AWS::SQS::QueuePolicy',
  create(resource, cloud) {
    onlyProperties(resource, ['Queues', 'PolicyDocument']);
    const { queues } = cloud.service<SqsService>('sqs');
    for (const url of resource.properties.Queues)
      queues.require(url).attributes.Policy = JSON.stringify(resource.properties.PolicyDocument);
    return { ref: `${resource.logicalId}-policy` };
  },
};

export const resources: ResourceProvider[] = [queue, queuePolicy];
