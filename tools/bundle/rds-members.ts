import type { Cluster, Instance, PasswordChange } from '../../pipeline/rotators/postgres/rds-shapes.ts';

/** Every member of a shape, once: the compiler refuses one that is missing or too many. */
const namesOf = <Shape>(names: Record<keyof Shape, true>): string[] => Object.keys(names);

type Part<Shape, Member extends keyof Shape> = NonNullable<Shape[Member]>;
const passwordChange: Record<keyof PasswordChange, true> = { MasterUserPassword: true, ApplyImmediately: true };
const pendingModifiedValues = namesOf<Part<Instance, 'PendingModifiedValues'>>({ MasterUserPassword: true });

/**
 * What a bundle keeps of RDS's models: what the pipeline's shapes name, and nothing else. A member that is not named here
 * is neither sent nor read.
 */
export const rdsMembers: Readonly<Record<string, readonly string[]>> = {
  DescribeDBInstancesMessage: ['DBInstanceIdentifier'],
  DescribeDBClustersMessage: ['DBClusterIdentifier'],
  ModifyDBInstanceMessage: ['DBInstanceIdentifier', ...Object.keys(passwordChange)],
  ModifyDBClusterMessage: ['DBClusterIdentifier', ...Object.keys(passwordChange)],
  DBInstance: namesOf<Instance>({
    DBInstanceStatus: true,
    Engine: true,
    Endpoint: true,
    MasterUsername: true,
    MasterUserSecret: true,
    PendingModifiedValues: true,
    DBClusterIdentifier: true,
    ReadReplicaSourceDBInstanceIdentifier: true,
  }),
  DBCluster: namesOf<Cluster>({
    Status: true,
    Engine: true,
    Endpoint: true,
    ReaderEndpoint: true,
    CustomEndpoints: true,
    Port: true,
    MasterUsername: true,
    MasterUserSecret: true,
    PendingModifiedValues: true,
    DBClusterMembers: true,
  }),
  DBClusterMember: ['DBInstanceIdentifier'],
  Endpoint: namesOf<Part<Instance, 'Endpoint'>>({ Address: true, Port: true }),
  MasterUserSecret: namesOf<Part<Instance, 'MasterUserSecret'>>({ SecretArn: true }),
  PendingModifiedValues: pendingModifiedValues,
  ClusterPendingModifiedValues: pendingModifiedValues,
};
