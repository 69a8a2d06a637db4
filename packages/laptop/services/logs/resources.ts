import { onlyProperties, type ResourceProvider, UnsupportedProperty } from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import type { LogsService } from './service.ts';

const stateOf = (cloud: Cloud) => cloud.service<LogsService>('logs').state;

export const resources: ResourceProvider[] = [
  {
    type: 'AWS::Logs::LogGroup',
    create(resource, cloud) {
      onlyProperties(resource, ['LogGroupName', 'RetentionInDays', 'KmsKeyId', 'LogGroupClass', 'Tags']);
      const { properties } = resource;
      const random = Array.from({ length: 12 }, () => Math.floor(cloud.random() * 36).toString(36)).join('');
      const name = String(properties.LogGroupName ?? `${resource.stackName}-${resource.logicalId}-${random}`);
      if (stateOf(cloud).group(cloud.region, name))
        throw new Error(`${resource.logicalId}: a log group ${name} already exists.`);
      const group = stateOf(cloud).addGroup(cloud.region, name, {
        ...(properties.RetentionInDays === undefined ? {} : { retentionInDays: Number(properties.RetentionInDays) }),
        ...(properties.KmsKeyId ? { kmsKeyId: String(properties.KmsKeyId) } : {}),
        ...(properties.LogGroupClass ? { class: String(properties.LogGroupClass) } : {}),
      });
      for (const { Key, Value } of properties.Tags ?? []) group.tags.set(Key, String(Value));
      return { ref: name, attributes: { Arn: `${group.arn}:*` } };
    },
  },
  {
    type: 'AWS::Logs::LogStream',
    create(resource, cloud) {
      onlyProperties(resource, ['LogGroupName', 'LogStreamName']);
      const group = stateOf(cloud).group(cloud.region, String(resource.properties.LogGroupName));
      if (!group) throw new Error(`${resource.logicalId} names a log group that does not exist.`);
      const stream = stateOf(cloud).addStream(group, String(resource.properties.LogStreamName ?? resource.logicalId));
      return { ref: stream.name };
    },
  },
  {
    type: 'AWS::Logs::MetricFilter',
    create(resource) {
      throw new UnsupportedProperty(
        resource,
        '(the whole resource)',
        'Write metrics as embedded-metric lines instead.',
      );
    },
  },
];
