import { onlyProperties, type ResourceProvider, UnsupportedProperty } from '../../assembly/resource.ts';
import { administrator } from '../../identity/principals.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_KMS.html */
export const resources: ResourceProvider[] = [
  {
    type: 'AWS::KMS::Key',
    async create(resource, cloud) {
      onlyProperties(resource, [
        'Description',
        'Enabled',
        'EnableKeyRotation',
        'KeyPolicy',
        'KeySpec',
        'KeyUsage',
        'MultiRegion',
        'Origin',
        'PendingWindowInDays',
        'RotationPeriodInDays',
        'Tags',
      ]);
      const { properties } = resource;
      if (properties.MultiRegion === true) throw new UnsupportedProperty(resource, 'MultiRegion');
      const principal = administrator(cloud.accountId);
      const { KeyMetadata } = await cloud.call({
        service: 'kms',
        operation: 'CreateKey',
        principal,
        input: {
          ...(properties.Description === undefined ? {} : { Description: properties.Description }),
          ...(properties.KeyPolicy === undefined ? {} : { Policy: JSON.stringify(properties.KeyPolicy) }),
          ...(properties.KeySpec === undefined ? {} : { KeySpec: properties.KeySpec }),
          ...(properties.KeyUsage === undefined ? {} : { KeyUsage: properties.KeyUsage }),
          ...(properties.Origin === undefined ? {} : { Origin: properties.Origin }),
          Tags: (properties.Tags ?? []).map(({ Key, Value }: { Key: string; Value: string }) => ({
            TagKey: Key,
            TagValue: Value,
          })),
        },
      });
      const { KeyId, Arn } = KeyMetadata as { KeyId: string; Arn: string };
      const on = (operation: string) => cloud.call({ service: 'kms', operation, principal, input: { KeyId } });
      if (properties.EnableKeyRotation === true || properties.EnableKeyRotation === 'true')
        await on('EnableKeyRotation');
      if (properties.Enabled === false || properties.Enabled === 'false') await on('DisableKey');
      return { ref: KeyId, attributes: { Arn, KeyId } };
    },
  },
  {
    type: 'AWS::KMS::Alias',
    async create(resource, cloud) {
      onlyProperties(resource, ['AliasName', 'TargetKeyId']);
      const { AliasName, TargetKeyId } = resource.properties;
      const principal = administrator(cloud.accountId);
      await cloud.call({ service: 'kms', operation: 'CreateAlias', principal, input: { AliasName, TargetKeyId } });
      return { ref: AliasName };
    },
  },
];
