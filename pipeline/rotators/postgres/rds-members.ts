import type {
  DBCluster,
  DBClusterMember,
  DBInstance,
  Endpoint,
  MasterUserSecret,
  ModifyDBInstanceMessage,
} from '@aws-sdk/client-rds';

/**
 * What is told to RDS and read from it: the models of an instance and a cluster have hundreds of members, and the bundle
 * holds these alone (stacks/bundling). What is not named here is neither sent nor read: the types below say so.
 */
export const rdsMembers = {
  DescribeDBInstancesMessage: ['DBInstanceIdentifier'],
  DescribeDBClustersMessage: ['DBClusterIdentifier'],
  ModifyDBInstanceMessage: ['DBInstanceIdentifier', 'MasterUserPassword', 'ApplyImmediately'],
  ModifyDBClusterMessage: ['DBClusterIdentifier', 'MasterUserPassword', 'ApplyImmediately'],
  DBInstance: [
    'DBInstanceStatus',
    'Engine',
    'Endpoint',
    'MasterUsername',
    'MasterUserSecret',
    'PendingModifiedValues',
    'DBClusterIdentifier',
    'ReadReplicaSourceDBInstanceIdentifier',
  ],
  DBCluster: [
    'Status',
    'Engine',
    'Endpoint',
    'ReaderEndpoint',
    'CustomEndpoints',
    'Port',
    'MasterUsername',
    'MasterUserSecret',
    'PendingModifiedValues',
    'DBClusterMembers',
  ],
  DBClusterMember: ['DBInstanceIdentifier'],
  Endpoint: ['Address', 'Port'],
  MasterUserSecret: ['SecretArn'],
  PendingModifiedValues: ['MasterUserPassword'],
  ClusterPendingModifiedValues: ['MasterUserPassword'],
} as const;

type Named<Shape extends keyof typeof rdsMembers> = (typeof rdsMembers)[Shape][number];

interface Secured {
  readonly MasterUserSecret?: Pick<MasterUserSecret, Named<'MasterUserSecret'>>;
  readonly PendingModifiedValues?: Pick<ModifyDBInstanceMessage, Named<'PendingModifiedValues'>>;
}

export interface Instance extends Secured, Omit<Pick<DBInstance, Named<'DBInstance'>>, 'Endpoint' | keyof Secured> {
  readonly Endpoint?: Pick<Endpoint, Named<'Endpoint'>>;
}

export interface Cluster
  extends Secured,
    Omit<Pick<DBCluster, Named<'DBCluster'>>, 'DBClusterMembers' | keyof Secured> {
  readonly DBClusterMembers?: Pick<DBClusterMember, Named<'DBClusterMember'>>[];
}

/** All that is ever changed. */
export type PasswordChange = Required<Pick<ModifyDBInstanceMessage, 'MasterUserPassword' | 'ApplyImmediately'>>;
