import { administratorOf } from '../../assembly/administrator.ts';
import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';

const parameter: ResourceProvider = {
  type: 'AWS::SSM::Parameter',
  async create(resource, cloud) {
    onlyProperties(resource, ['Name', 'Type', 'Value', 'Description', 'AllowedPattern', 'Tier', 'DataType', 'Tags']);
    const { Name, Tags, ...properties } = resource.properties;
    const name = Name ?? `CFN-${resource.logicalId}`;
    await cloud.call({
      service: 'ssm',
      operation: 'PutParameter',
      input: { ...properties, Name: name },
      principal: administratorOf(cloud),
    });
    return { ref: name, attributes: { Type: properties.Type, Value: properties.Value } };
  },
};

export const resources: ResourceProvider[] = [parameter];
