import { randomUUID } from 'node:crypto';
import {
  onlyProperties,
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import type { SnsService } from './service.ts';

const topicsOf = (cloud: Cloud) => cloud.service<SnsService>('sns').topics;
/** Who deploys on the laptop has agreed to what the template subscribes. */
const confirmed = { isConfirmed: true };

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
    if (properties.FifoTopic) throw new UnsupportedProperty(resource, 'FifoTopic');
    const given = ['DisplayName', 'KmsMasterKeyId', 'SignatureVersion', 'TracingConfig']
      .filter((name) => properties[name] !== undefined)
      .map((name) => [name, String(properties[name])]);
    const name = properties.TopicName ?? `${resource.logicalId}-${randomUUID().slice(0, 12)}`;
    const made = topicsOf(cloud).create(cloud.region, name, Object.fromEntries(given), properties.Tags);
    for (const { Protocol, Endpoint } of properties.Subscription ?? []) {
      topicsOf(cloud).subscribe(made, Protocol, Endpoint, {}, confirmed);
    }
    return { ref: made.arn, attributes: { TopicArn: made.arn, TopicName: made.name } };
  },
};

const subscription: ResourceProvider = {
  type: 'AWS::SNS::Subscription',
  create(resource, cloud) {
    onlyProperties(resource, [
      'TopicArn',
      'Protocol',
      'Endpoint',
      'FilterPolicy',
      'FilterPolicyScope',
      'RawMessageDelivery',
      'RedrivePolicy',
      'Region',
    ]);
    const { TopicArn, Protocol, Endpoint } = resource.properties;
    const made = topicsOf(cloud).subscribe(
      topicsOf(cloud).require(TopicArn),
      Protocol,
      Endpoint,
      subscriptionAttributes(resource),
      confirmed,
    );
    return { ref: made.arn, attributes: { Arn: made.arn } };
  },
};

function subscriptionAttributes({ properties }: TemplateResource): Record<string, string> {
  const { FilterPolicy, FilterPolicyScope, RawMessageDelivery, RedrivePolicy } = properties;
  return {
    ...(FilterPolicy ? { FilterPolicy: JSON.stringify(FilterPolicy) } : {}),
    ...(FilterPolicyScope ? { FilterPolicyScope } : {}),
    ...(RawMessageDelivery === undefined ? {} : { RawMessageDelivery: String(RawMessageDelivery) }),
    ...(RedrivePolicy ? { RedrivePolicy: JSON.stringify(RedrivePolicy) } : {}),
  };
}

const topicPolicy: ResourceProvider = {
  type: 'AWS::SNS::TopicPolicy',
  create(resource, cloud) {
    onlyProperties(resource, ['Topics', 'PolicyDocument']);
    for (const arn of resource.properties.Topics) {
      topicsOf(cloud).require(arn).attributes.Policy = JSON.stringify(resource.properties.PolicyDocument);
    }
    return { ref: `${resource.logicalId}-policy` };
  },
};

export const resources: ResourceProvider[] = [topic, subscription, topicPolicy];
