import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { type Databases, randomPassword } from './databases.ts';
import { describeCluster, flag } from './describe.ts';
import { available, modifyPassword } from './instances.ts';
import { type Filter, filtered, page } from './paging.ts';
import { type Cluster, invalidCombination, type RdsState, type Tag } from './state.ts';
import {
  checkAdministrator,
  checkEngine,
  checkIdentifier,
  checkPasswordChoice,
  refuseUnsupported,
} from './validation.ts';

const DESCRIPTIVE = [
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
  'MasterUserSecretKmsKeyId',
  'StorageType',
  'EnableHttpEndpoint',
];
const CREATE = [
  ...DESCRIPTIVE,
  'DBClusterIdentifier',
  'Engine',
  'EngineVersion',
  'MasterUsername',
  'MasterUserPassword',
  'ManageMasterUserPassword',
  'DatabaseName',
  'DeletionProtection',
  'Tags',
  'EnableIAMDatabaseAuthentication',
];
const MODIFY = [
  ...DESCRIPTIVE,
  'DBClusterIdentifier',
  'MasterUserPassword',
  'ManageMasterUserPassword',
  'RotateMasterUserPassword',
  'ApplyImmediately',
  'DeletionProtection',
  'EnableIAMDatabaseAuthentication',
];

type Input = Record<string, any>;

export function clusterOperations(state: RdsState, databases: Databases): Record<string, Operation> {
  const access = (input: Input, call: Call) => [
    {
      action: `rds:${call.operation}`,
      resource: state.arn(call.region, 'cluster', String(input.DBClusterIdentifier ?? '*').toLowerCase()),
    },
  ];
  const answer = (cluster: Cluster) => ({ DBCluster: describeCluster(state, cluster) });
  return {
    DescribeDBClusters: { access, handle: (input, call) => describeClusters(state, input, call) },
    CreateDBCluster: {
      access,
      handle: async (input, call) => answer(await createCluster(state, databases, input, call)),
    },
    ModifyDBCluster: {
      access,
      handle: async (input, call) => {
        refuseUnsupported(call, input, MODIFY);
        const cluster = available(state.cluster(call.region, input.DBClusterIdentifier));
        refuseIam(input);
        await modifyPassword(state, databases, cluster, input, call);
        if (input.DeletionProtection !== undefined) cluster.deletionProtection = flag(input.DeletionProtection);
        const changed = Object.entries(input).filter(
          ([name, value]) => DESCRIPTIVE.includes(name) && value !== undefined,
        );
        Object.assign(cluster.given, Object.fromEntries(changed));
        return answer(cluster);
      },
    },
    DeleteDBCluster: { access, handle: (input, call) => answer(deleteCluster(state, databases, input, call)) },
  };
}

function describeClusters(state: RdsState, input: Input, call: Call) {
  const all = input.DBClusterIdentifier
    ? [state.cluster(call.region, input.DBClusterIdentifier)]
    : [...state.clusters.values()].filter(({ region }) => region === call.region);
  const kept = filtered<Cluster>(all, input.Filters as Filter[], {
    'db-cluster-id': ({ identifier }) => identifier,
    'db-cluster-resource-id': ({ resourceId }) => resourceId,
    engine: ({ engine }) => engine,
    domain: () => undefined,
    'clone-group-id': () => undefined,
  });
  const { records, Marker } = page(kept, input, ({ identifier }) => identifier);
  return { DBClusters: records.map((cluster) => describeCluster(state, cluster)), Marker };
}

function refuseIam(input: Input): void {
  if (flag(input.EnableIAMDatabaseAuthentication)) {
    throw invalidCombination('IAM database authentication is not supported on the laptop.');
  }
}

async function createCluster(state: RdsState, databases: Databases, input: Input, call: Call): Promise<Cluster> {
  refuseUnsupported(call, input, CREATE);
  checkEngine(input.Engine);
  checkIdentifier(input.DBClusterIdentifier, 'DBClusterIdentifier');
  refuseIam(input);
  const identifier = String(input.DBClusterIdentifier).toLowerCase();
  if (state.clusters.has(state.key(call.region, identifier))) {
    throw new AwsError('DBClusterAlreadyExistsFault', 'DB Cluster already exists');
  }
  checkAdministrator(input.MasterUsername ?? '');
  checkPasswordChoice(input as any);
  const managed = flag(input.ManageMasterUserPassword);
  if (!managed && input.MasterUserPassword === undefined) {
    throw invalidCombination('The parameter MasterUserPassword must be provided and must not be blank.');
  }
  const { MasterUserPassword: chosen, ...given } = input;
  const password: string = managed ? randomPassword() : chosen;
  const cluster: Cluster = {
    kind: 'cluster',
    region: call.region,
    identifier,
    arn: state.arn(call.region, 'cluster', identifier),
    resourceId: state.resourceId('cluster'),
    createdAt: state.cloud.clock.now(),
    engine: input.Engine,
    engineVersion: input.EngineVersion ?? '18.4',
    administrator: input.MasterUsername,
    databaseName: input.DatabaseName,
    given,
    status: 'creating',
    tags: (input.Tags as Tag[] | undefined) ?? [],
    passwordPending: false,
    deletionProtection: flag(input.DeletionProtection),
  };
  state.clusters.set(state.key(call.region, identifier), cluster);
  if (managed) {
    await databases
      .keepPassword(cluster, password, call.principal, input.MasterUserSecretKmsKeyId)
      .catch((error: unknown) => {
        state.clusters.delete(state.key(cluster.region, cluster.identifier));
        throw error;
      });
  }
  databases.open(cluster, password);
  return cluster;
}

function deleteCluster(state: RdsState, databases: Databases, input: Input, call: Call): Cluster {
  const cluster = state.cluster(call.region, input.DBClusterIdentifier);
  if (cluster.deletionProtection) {
    throw invalidCombination('Cannot delete protected Cluster, please disable deletion protection and try again.');
  }
  if (state.members(cluster).length > 0) {
    throw new AwsError(
      'InvalidDBClusterStateFault',
      'Cluster cannot be deleted, it still contains DB instances in non-deleting state.',
    );
  }
  if (!flag(input.SkipFinalSnapshot)) {
    throw invalidCombination(
      'FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified. There are no snapshots on the laptop: use SkipFinalSnapshot.',
    );
  }
  cluster.status = 'deleting';
  void databases
    .close(cluster)
    .then(() => state.clusters.delete(state.key(cluster.region, cluster.identifier)))
    .catch((error: Error) => state.cloud.log(`${cluster.identifier} could not be deleted: ${error.message}`));
  return cluster;
}
