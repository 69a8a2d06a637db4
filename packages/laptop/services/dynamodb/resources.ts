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
      'SSESpecification',
      'PointInTimeRecoverySpecification',
      'DeletionProtectionEnabled',
      'TableClass',
      'Tags',
    ]);
    const { TimeToLiveSpecification, PointInTimeRecoverySpecification, SSESpecification, ...input } =
      resource.properties;
    const TableName = String(
      input.TableName ?? `${resource.stackName}-${resource.logicalId}-${randomUUID().slice(0, 12)}`,
    );
    const call = (operation: string, more: Record<string, unknown> = {}) =>
      cloud.call({
        service: 'dynamodb',
        operation,
        input: { TableName, ...more },
        principal: administratorOf(cloud),
      });
    const { TableDescription } = await call('CreateTable', {
      ...input,
      TableName,
      ...(SSESpecification && {
        SSESpecification: { ...SSESpecification, Enabled: SSESpecification.SSEEnabled === true },
      }),
    });
    // CloudFormation waits: what depends on the table finds it ready.
    const { tables } = cloud.service<DynamodbService>('dynamodb');
    tables.require(cloud, TableName).change = undefined;
    if (TimeToLiveSpecification?.Enabled) await call('UpdateTimeToLive', { TimeToLiveSpecification });
    if (PointInTimeRecoverySpecification) await call('UpdateContinuousBackups', { PointInTimeRecoverySpecification });
    return { ref: TableName, attributes: { Arn: TableDescription.TableArn } };
  },
};

export const resources: ResourceProvider[] = [table];
