import { randomUUID } from 'node:crypto';
import { administratorOf } from '../../assembly/administrator.ts';
import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';
import type { DynamodbService } from './service.ts';

const table: ResourceProvider = {
  type: 'AWS::DynamoDB::Table',
  async create(resource, cloud) {
    onlyProperties(resource, [
      'TableName',
      'KeySchema',
      'AttributeDefinitions',
      'BillingMode',
      'ProvisionedThroughput',
      'GlobalSecondaryIndexes',
      'LocalSecondaryIndexes',
      'TimeToLiveSpecification',
      // Encryption, backups and protection change nothing of what a table answers.
      'SSESpecification',
      'PointInTimeRecoverySpecification',
      'DeletionProtectionEnabled',
      'TableClass',
      'Tags',
    ]);
    const { TableName, TimeToLiveSpecification, PointInTimeRecoverySpecification, SSESpecification, ...input } =
      resource.properties;
    const name = TableName ?? `${resource.logicalId}-${randomUUID().slice(0, 12)}`;
    await cloud.call({
      service: 'dynamodb',
      operation: 'CreateTable',
      input: { ...input, TableName: name },
      principal: administratorOf(cloud),
    });
    if (TimeToLiveSpecification)
      cloud.service<DynamodbService>('dynamodb').timeToLive.set(name, TimeToLiveSpecification);
    const arn = `arn:aws:dynamodb:${cloud.region}:${cloud.accountId}:table/${name}`;
    return { ref: name, attributes: { Arn: arn } };
  },
};

export const resources: ResourceProvider[] = [table];
