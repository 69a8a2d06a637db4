import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { administratorOf } from '../../assembly/administrator.ts';
import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';

const LOOK_MILLISECONDS = 20;

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
    // As CloudFormation waits: what depends on the table finds it ready.
    while ((await call('DescribeTable')).Table.TableStatus !== 'ACTIVE') await pause(LOOK_MILLISECONDS);
    if (TimeToLiveSpecification?.Enabled) await call('UpdateTimeToLive', { TimeToLiveSpecification });
    if (PointInTimeRecoverySpecification) await call('UpdateContinuousBackups', { PointInTimeRecoverySpecification });
    return { ref: TableName, attributes: { Arn: TableDescription.TableArn } };
  },
};

export const resources: ResourceProvider[] = [table];
