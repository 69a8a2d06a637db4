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
  'DeduplicationScope',
  'FifoThroughputLimit',
];

const queue: ResourceProvider = {
  type: 'AWS::SQS::Queue',
  create(resource, cloud) {
    onlyProperties(resource, ['QueueName', 'RedrivePolicy', 'RedriveAllowPolicy', 'Tags', ...attributes]);
    const { properties } = resource;
    const given = attributes
      .filter((name) => properties[name] !== undefined)
      .map((name) => [name, String(properties[name])]);
    for (const document of ['RedrivePolicy', 'RedriveAllowPolicy']) {
      if (properties[document]) given.push([document, JSON.stringify(properties[document])]);
    }
    const suffix = properties.FifoQueue ? '.fifo' : '';
    const name = properties.QueueName ?? `${resource.logicalId}-${randomUUID().slice(0, 12)}${suffix}`;
    const made = cloud.service<SqsService>('sqs').queues.create(cloud.region, name, Object.fromEntries(given));
    for (const { Key, Value } of properties.Tags ?? []) made.tags.set(Key, String(Value));
    return { ref: made.url, attributes: { Arn: made.arn, QueueName: made.name, QueueUrl: made.url } };
  },
};

const queuePolicy: ResourceProvider = {
  type: 'AWS::SQS::QueuePolicy',
  create(resource, cloud) {
    onlyProperties(resource, ['Queues', 'PolicyDocument']);
    const { queues } = cloud.service<SqsService>('sqs');
    for (const url of resource.properties.Queues)
      queues.require(cloud.region, url).attributes.Policy = JSON.stringify(resource.properties.PolicyDocument);
    return { ref: `${resource.logicalId}-policy` };
  },
};

export const resources: ResourceProvider[] = [queue, queuePolicy];
