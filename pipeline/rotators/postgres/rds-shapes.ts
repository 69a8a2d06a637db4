import type {
  DBCluster,
  DBClusterMember,
  DBInstance,
  Endpoint,
  MasterUserSecret,
  ModifyDBInstanceMessage,
} from '@aws-sdk/client-rds';

/** What an instance and a cluster have in common, as far as a rotation reads it. */
interface Secured {
  readonly MasterUserSecret?: Pick<MasterUserSecret, 'SecretArn'>;
  readonly PendingModifiedValues?: Pick<ModifyDBInstanceMessage, 'MasterUserPassword'>;
}

/** What a rotation reads of an RDS instance, which has hundreds of members. */
export interface Instance
  extends Secured,
    Pick<
      DBInstance,
      'DBInstanceStatus' | 'Engine' | 'MasterUsername' | 'DBClusterIdentifier' | 'ReadReplicaSourceDBInstanceIdentifier'
    > {
  readonly Endpoint?: Pick<Endpoint, 'Address' | 'Port'>;
}

/** What a rotation reads of an Aurora cluster. */
export interface Cluster
  extends Secured,
    Pick<
      DBCluster,
      'Status' | 'Engine' | 'Endpoint' | 'ReaderEndpoint' | 'CustomEndpoints' | 'Port' | 'MasterUsername'
    > {
  readonly DBClusterMembers?: Pick<DBClusterMember, 'DBInstanceIdentifier'>[];
}

/** All that a rotation ever changes. */
export type PasswordChange = Required<Pick<ModifyDBInstanceMessage, 'MasterUserPassword' | 'ApplyImmediately'>>;
