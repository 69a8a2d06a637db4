import { createHash } from 'node:crypto';
import {
  type CreatedResource,
  onlyProperties,
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import { administrator } from '../../identity/principals.ts';
import type { RdsService } from './service.ts';
import type { Group } from './state.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_RDS.html */
export const resources: ResourceProvider[] = [
  { type: 'AWS::RDS::DBInstance', create: createInstance },
  { type: 'AWS::RDS::DBCluster', create: createCluster },
  { type: 'AWS::RDS::DBProxy', create: createProxy },
  { type: 'AWS::RDS::DBProxyTargetGroup', create: createTargetGroup },
  { type: 'AWS::RDS::DBProxyEndpoint', create: createProxyEndpoint },
  {
    type: 'AWS::RDS::DBSubnetGroup',
    create: (resource, cloud) => createGroup('subgrp', 'DBSubnetGroupName', resource, cloud),
  },
  {
    type: 'AWS::RDS::DBParameterGroup',
    create: (resource, cloud) => createGroup('pg', 'DBParameterGroupName', resource, cloud),
  },
  {
    type: 'AWS::RDS::DBClusterParameterGroup',
    create: (resource, cloud) => createGroup('cluster-pg', 'DBClusterParameterGroupName', resource, cloud),
  },
];

const rds = (cloud: Cloud) => cloud.service<RdsService>('rds');

function call(cloud: Cloud, operation: string, input: Record<string, unknown>): Promise<any> {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  return cloud.call({ service: 'rds', operation, principal: administrator(cloud.accountId), input: given });
}

/** As CloudFormation names what a template does not: stack, logical id and something of its own, in lower case. */
function physicalName({ stackName, logicalId }: TemplateResource): string {
  const own = createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex').slice(0, 12);
  const name = `${stackName}-${logicalId}`.replace(/[^a-zA-Z0-9]+/g, '-').slice(0, 50);
  return `${name}-${own}`.replace(/-+/g, '-').toLowerCase();
}

/** Properties that the API names alike; what an instance is otherwise made of is in the operation's own list. */
const INSTANCE = [
  'DBInstanceIdentifier',
  'DBInstanceClass',
  'AllocatedStorage',
  'MaxAllocatedStorage',
  'StorageType',
  'StorageEncrypted',
  'KmsKeyId',
  'Iops',
  'StorageThroughput',
  'DBSubnetGroupName',
  'DBParameterGroupName',
  'AvailabilityZone',
  'MultiAZ',
  'BackupRetentionPeriod',
  'PreferredBackupWindow',
  'PreferredMaintenanceWindow',
  'AutoMinorVersionUpgrade',
  'PubliclyAccessible',
  'CopyTagsToSnapshot',
  'MonitoringInterval',
  'MonitoringRoleArn',
  'EnablePerformanceInsights',
  'PerformanceInsightsKMSKeyId',
  'PerformanceInsightsRetentionPeriod',
  'CACertificateIdentifier',
  'PromotionTier',
  'EnableCloudwatchLogsExports',
  'LicenseModel',
  'Port',
  'NetworkType',
  'Engine',
  'EngineVersion',
  'MasterUsername',
  'MasterUserPassword',
  'ManageMasterUserPassword',
  'DBName',
  'DBClusterIdentifier',
  'DeletionProtection',
  'Tags',
  'EnableIAMDatabaseAuthentication',
];

async function createInstance(resource: TemplateResource, cloud: Cloud): Promise<CreatedResource> {
  onlyProperties(resource, [
    ...INSTANCE,
    'VPCSecurityGroups',
    'MasterUserSecret',
    'SourceDBInstanceIdentifier',
    'DeleteAutomatedBackups',
  ]);
  const { VPCSecurityGroups, MasterUserSecret, SourceDBInstanceIdentifier, DeleteAutomatedBackups, ...same } =
    resource.properties;
  const input = {
    ...same,
    DBInstanceIdentifier: same.DBInstanceIdentifier ?? physicalName(resource),
    VpcSecurityGroupIds: VPCSecurityGroups,
    MasterUserSecretKmsKeyId: MasterUserSecret?.KmsKeyId,
  };
  const { DBInstance } = SourceDBInstanceIdentifier
    ? await call(cloud, 'CreateDBInstanceReadReplica', replicaInput(resource, input, SourceDBInstanceIdentifier))
    : await call(cloud, 'CreateDBInstance', input);
  const { databases, state } = rds(cloud);
  const instance = state.instance(cloud.region, DBInstance.DBInstanceIdentifier);
  await databases.opened(instance);
  const { relay } = instance;
  return {
    ref: instance.identifier,
    attributes: {
      'Endpoint.Address': relay!.host,
      'Endpoint.Port': String(relay!.port),
      'Endpoint.HostedZoneId': 'Z2R2ITUGPM61AM',
      DBInstanceArn: instance.arn,
      DbiResourceId: instance.resourceId,
      DBInstanceStatus: instance.status,
      ...(instance.managedSecretArn ? { 'MasterUserSecret.SecretArn': instance.managedSecretArn } : {}),
    },
  };
}

/** What a replica takes over from its source is not given again. */
function replicaInput(resource: TemplateResource, input: Record<string, unknown>, source: string) {
  for (const name of ['MasterUsername', 'MasterUserPassword', 'ManageMasterUserPassword', 'DBName']) {
    if (input[name] !== undefined)
      throw new UnsupportedProperty(resource, name, 'A read replica has it from its source.');
  }
  const { Engine, EngineVersion, EnableIAMDatabaseAuthentication, ...rest } = input;
  return { ...rest, SourceDBInstanceIdentifier: source };
}

async function createCluster(resource: TemplateResource, cloud: Cloud): Promise<CreatedResource> {
  onlyProperties(resource, [
    'DBClusterIdentifier',
    'VpcSecurityGroupIds',
    'DBSubnetGroupName',
    'DBClusterParameterGroupName',
    'BackupRetentionPeriod',
    'StorageEncrypted',
    'KmsKeyId',
    'PreferredBackupWindow',
    'PreferredMaintenanceWindow',
    'CopyTagsToSnapshot',
    'EnableCloudwatchLogsExports',
    'ServerlessV2ScalingConfiguration',
    'EngineMode',
    'Port',
    'AvailabilityZones',
    'StorageType',
    'EnableHttpEndpoint',
    'Engine',
    'EngineVersion',
    'MasterUsername',
    'MasterUserPassword',
    'ManageMasterUserPassword',
    'MasterUserSecret',
    'DatabaseName',
    'DeletionProtection',
    'Tags',
    'EnableIAMDatabaseAuthentication',
  ]);
  const { MasterUserSecret, ...same } = resource.properties;
  const { DBCluster } = await call(cloud, 'CreateDBCluster', {
    ...same,
    DBClusterIdentifier: same.DBClusterIdentifier ?? physicalName(resource),
    MasterUserSecretKmsKeyId: MasterUserSecret?.KmsKeyId,
  });
  const { databases, state } = rds(cloud);
  const cluster = state.cluster(cloud.region, DBCluster.DBClusterIdentifier);
  await databases.opened(cluster);
  const { relay, reader } = cluster;
  return {
    ref: cluster.identifier,
    attributes: {
      'Endpoint.Address': relay!.host,
      'Endpoint.Port': String(relay!.port),
      'ReadEndpoint.Address': reader!.host,
      DBClusterArn: cluster.arn,
      DBClusterResourceId: cluster.resourceId,
      ...(cluster.managedSecretArn ? { 'MasterUserSecret.SecretArn': cluster.managedSecretArn } : {}),
    },
  };
}

async function createProxy(resource: TemplateResource, cloud: Cloud): Promise<CreatedResource> {
  onlyProperties(resource, [
    'DBProxyName',
    'EngineFamily',
    'Auth',
    'RoleArn',
    'VpcSubnetIds',
    'VpcSecurityGroupIds',
    'RequireTLS',
    'IdleClientTimeout',
    'DebugLogging',
    'Tags',
    'DefaultAuthScheme',
    'EndpointNetworkType',
    'TargetConnectionNetworkType',
  ]);
  const { DBProxy } = await call(cloud, 'CreateDBProxy', resource.properties);
  return {
    ref: DBProxy.DBProxyName,
    attributes: { DBProxyArn: DBProxy.DBProxyArn, Endpoint: DBProxy.Endpoint, VpcId: 'vpc-0' },
  };
}

async function createTargetGroup(resource: TemplateResource, cloud: Cloud): Promise<CreatedResource> {
  onlyProperties(resource, [
    'DBProxyName',
    'TargetGroupName',
    'ConnectionPoolConfigurationInfo',
    'DBInstanceIdentifiers',
    'DBClusterIdentifiers',
  ]);
  const { DBProxyName, TargetGroupName, ConnectionPoolConfigurationInfo, DBInstanceIdentifiers, DBClusterIdentifiers } =
    resource.properties;
  const group = { DBProxyName, TargetGroupName };
  if (ConnectionPoolConfigurationInfo) {
    await call(cloud, 'ModifyDBProxyTargetGroup', { ...group, ConnectionPoolConfig: ConnectionPoolConfigurationInfo });
  }
  if (DBInstanceIdentifiers?.length || DBClusterIdentifiers?.length) {
    await call(cloud, 'RegisterDBProxyTargets', { ...group, DBInstanceIdentifiers, DBClusterIdentifiers });
  }
  const { targetGroupArn } = rds(cloud).state.proxy(cloud.region, DBProxyName);
  return { ref: targetGroupArn, attributes: { TargetGroupArn: targetGroupArn } };
}

async function createProxyEndpoint(resource: TemplateResource, cloud: Cloud): Promise<CreatedResource> {
  onlyProperties(resource, [
    'DBProxyName',
    'DBProxyEndpointName',
    'VpcSubnetIds',
    'VpcSecurityGroupIds',
    'TargetRole',
    'Tags',
  ]);
  const { DBProxyEndpoint } = await call(cloud, 'CreateDBProxyEndpoint', resource.properties);
  const { DBProxyEndpointName, DBProxyEndpointArn, Endpoint } = DBProxyEndpoint;
  return {
    ref: DBProxyEndpointName,
    attributes: { DBProxyEndpointArn, Endpoint, IsDefault: 'false', VpcId: 'vpc-0' },
  };
}

function createGroup(
  type: Group['type'],
  nameProperty: string,
  resource: TemplateResource,
  cloud: Cloud,
): CreatedResource {
  const own = type === 'subgrp' ? ['DBSubnetGroupDescription', 'SubnetIds'] : ['Description', 'Family', 'Parameters'];
  onlyProperties(resource, [nameProperty, 'Tags', ...own]);
  const { state } = rds(cloud);
  const given = resource.properties;
  const name = String(given[nameProperty] ?? physicalName(resource)).toLowerCase();
  const arn = state.arn(cloud.region, type, name);
  state.groups.set(arn, { type, region: cloud.region, name, arn, given, tags: given.Tags ?? [] });
  return { ref: name, attributes: { DBParameterGroupName: name } };
}
