import { administratorOf } from '../../assembly/administrator.ts';
import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';

const parameter: ResourceProvider = {
  type: 'AWS::SSM::Parameter',
  async create(resource, cloud) {
    onlyProperties(resource, ['Name', 'Type', 'Value', 'Description', 'AllowedPattern', 'Tier', 'DataType', 'Tags']);
    const { Name, Tags, ...properties } = resource.properties;
    const random = Array.from({ length: 12 }, () => Math.floor(cloud.random() * 36).toString(36)).join('');
    const name = String(Name ?? `CFN-${resource.logicalId}-${random}`);
    await cloud.call({
      service: 'ssm',
      operation: 'PutParameter',
      input: {
        ...properties,
        Name: name,
        Tags: Object.entries(Tags ?? {}).map(([Key, Value]) => ({ Key, Value: String(Value) })),
      },
      principal: administratorOf(cloud),
    });
    return { ref: name, attributes: { Type: properties.Type, Value: properties.Value } };
  },
};

export const resources: ResourceProvider[] = [parameter];
