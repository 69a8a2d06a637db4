import type { Cluster, Instance, ProxyEndpoint, ProxyRecord, RdsState } from './state.ts';

const CA_VALID_MILLISECONDS = 29 * 86_400_000;

const groups = (ids: unknown) =>
  (Array.isArray(ids) ? ids : []).map((id) => ({ VpcSecurityGroupId: id, Status: 'active' }));

const managedSecret = ({ managedSecretArn, given }: Instance | Cluster) =>
  managedSecretArn && { SecretArn: managedSecretArn, SecretStatus: 'active', KmsKeyId: given.MasterUserSecretKmsKeyId };

const certificate = (createdAt: Date) => ({
  CAIdentifier: 'rds-ca-ecc384-g1',
  ValidTill: new Date(createdAt.getTime() + CA_VALID_MILLISECONDS),
});

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html */
export function describeInstance(state: RdsState, instance: Instance): Record<string, unknown> {
  const { given, relay } = instance;
  const cluster =
    instance.clusterIdentifier && state.clusters.get(state.key(instance.region, instance.clusterIdentifier));
  return {
    DBInstanceIdentifier: instance.identifier,
    DBInstanceArn: instance.arn,
    DbiResourceId: instance.resourceId,
    DBInstanceClass: given.DBInstanceClass,
    DBInstanceStatus: instance.status,
    Engine: instance.engine,
    EngineVersion: instance.engineVersion,
    MasterUsername: instance.administrator,
    DBName: instance.databaseName,
    Endpoint: relay && { Address: relay.host, Port: relay.port, HostedZoneId: 'Z2R2ITUGPM61AM' },
    AllocatedStorage: Number(given.AllocatedStorage ?? (cluster ? 1 : 20)),
    InstanceCreateTime: instance.createdAt,
    BackupRetentionPeriod: Number(given.BackupRetentionPeriod ?? 1),
    VpcSecurityGroups: groups(given.VpcSecurityGroupIds ?? given.VPCSecurityGroups),
    DBParameterGroups: [
      {
        DBParameterGroupName: given.DBParameterGroupName ?? `default.${instance.engine}`,
        ParameterApplyStatus: 'in-sync',
      },
    ],
    AvailabilityZone: given.AvailabilityZone ?? `${instance.region}a`,
    DBSubnetGroup: given.DBSubnetGroupName && {
      DBSubnetGroupName: given.DBSubnetGroupName,
      SubnetGroupStatus: 'Complete',
    },
    PendingModifiedValues: instance.passwordPending ? { MasterUserPassword: '****' } : {},
    MultiAZ: flag(given.MultiAZ),
    AutoMinorVersionUpgrade: flag(given.AutoMinorVersionUpgrade ?? true),
    ReadReplicaSourceDBInstanceIdentifier: instance.sourceIdentifier,
    ReadReplicaDBInstanceIdentifiers: state.replicas(instance).map(({ identifier }) => identifier),
    PubliclyAccessible: flag(given.PubliclyAccessible),
    StorageType: given.StorageType ?? 'gp3',
    StorageEncrypted: flag(given.StorageEncrypted),
    DBClusterIdentifier: instance.clusterIdentifier,
    CACertificateIdentifier: 'rds-ca-ecc384-g1',
    CertificateDetails: certificate(instance.createdAt),
    CopyTagsToSnapshot: flag(given.CopyTagsToSnapshot),
    IAMDatabaseAuthenticationEnabled: false,
    DeletionProtection: instance.deletionProtection,
    TagList: instance.tags,
    MasterUserSecret: managedSecret(instance),
  };
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html */
export function describeCluster(state: RdsState, cluster: Cluster): Record<string, unknown> {
  const { given } = cluster;
  return {
    DBClusterIdentifier: cluster.identifier,
    DBClusterArn: cluster.arn,
    DbClusterResourceId: cluster.resourceId,
    Status: cluster.status,
    Engine: cluster.engine,
    EngineVersion: cluster.engineVersion,
    EngineMode: 'provisioned',
    MasterUsername: cluster.administrator,
    DatabaseName: cluster.databaseName,
    Endpoint: cluster.relay?.host,
    ReaderEndpoint: cluster.reader?.host,
    Port: cluster.relay?.port,
    AvailabilityZones: [`${cluster.region}a`],
    ClusterCreateTime: cluster.createdAt,
    BackupRetentionPeriod: Number(given.BackupRetentionPeriod ?? 1),
    DBSubnetGroup: given.DBSubnetGroupName,
    DBClusterParameterGroup: given.DBClusterParameterGroupName ?? `default.${cluster.engine}`,
    VpcSecurityGroups: groups(given.VpcSecurityGroupIds),
    DBClusterMembers: state.members(cluster).map(({ identifier }, index) => ({
      DBInstanceIdentifier: identifier,
      IsClusterWriter: index === 0,
      DBClusterParameterGroupStatus: 'in-sync',
      PromotionTier: 1,
    })),
    PendingModifiedValues: cluster.passwordPending ? { MasterUserPassword: '****' } : {},
    IAMDatabaseAuthenticationEnabled: false,
    DeletionProtection: cluster.deletionProtection,
    StorageEncrypted: flag(given.StorageEncrypted),
    TagList: cluster.tags,
    MasterUserSecret: managedSecret(cluster),
  };
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBProxy.html */
export function describeProxy(proxy: ProxyRecord): Record<string, unknown> {
  return {
    DBProxyName: proxy.name,
    DBProxyArn: proxy.arn,
    Status: 'available',
    EngineFamily: 'POSTGRESQL',
    VpcSecurityGroupIds: proxy.securityGroupIds,
    VpcSubnetIds: proxy.subnetIds,
    DefaultAuthScheme: 'NONE',
    Auth: proxy.auth,
    RoleArn: proxy.roleArn,
    Endpoint: proxy.door.relay.host,
    RequireTLS: proxy.requireTls,
    IdleClientTimeout: proxy.idleClientTimeoutSeconds,
    DebugLogging: proxy.debugLogging,
    CreatedDate: proxy.createdAt,
    UpdatedDate: proxy.updatedAt,
  };
}

export function describeTargetGroup(proxy: ProxyRecord): Record<string, unknown> {
  return {
    DBProxyName: proxy.name,
    TargetGroupName: 'default',
    TargetGroupArn: proxy.targetGroupArn,
    IsDefault: true,
    Status: 'available',
    ConnectionPoolConfig: proxy.pool,
    CreatedDate: proxy.createdAt,
    UpdatedDate: proxy.updatedAt,
  };
}

export function describeProxyEndpoint(proxy: ProxyRecord, endpoint?: ProxyEndpoint): Record<string, unknown> {
  return {
    DBProxyEndpointName: endpoint?.name ?? 'default',
    DBProxyEndpointArn: endpoint?.arn ?? proxy.arn,
    DBProxyName: proxy.name,
    Status: 'available',
    VpcSecurityGroupIds: endpoint?.securityGroupIds ?? proxy.securityGroupIds,
    VpcSubnetIds: endpoint?.subnetIds ?? proxy.subnetIds,
    Endpoint: (endpoint?.door ?? proxy.door).relay.host,
    CreatedDate: endpoint?.createdAt ?? proxy.createdAt,
    TargetRole: endpoint?.targetRole ?? 'READ_WRITE',
    IsDefault: endpoint === undefined,
  };
}

/** Templates carry booleans as words too. */
export const flag = (value: unknown): boolean => value === true || value === 'true';
