import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { type Databases, randomPassword } from './databases.ts';
import { describeInstance, flag } from './describe.ts';
import { type Filter, filtered, page } from './paging.ts';
import { type Instance, invalidCombination, type RdsState, type Tag } from './state.ts';
import {
  checkAdministrator,
  checkEngine,
  checkIdentifier,
  checkPasswordChoice,
  refuseUnsupported,
} from './validation.ts';

/** What describes an instance and changes nothing on a laptop is kept and described. */
const DESCRIPTIVE = [
  'DBInstanceClass',
  'AllocatedStorage',
  'MaxAllocatedStorage',
  'StorageType',
  'StorageEncrypted',
  'KmsKeyId',
  'Iops',
  'StorageThroughput',
  'VpcSecurityGroupIds',
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
  'MasterUserSecretKmsKeyId',
  'NetworkType',
];
const CREATE = [
  ...DESCRIPTIVE,
  'DBInstanceIdentifier',
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
const MODIFY = [
  ...DESCRIPTIVE,
  'DBInstanceIdentifier',
  'MasterUserPassword',
  'ManageMasterUserPassword',
  'RotateMasterUserPassword',
  'ApplyImmediately',
  'DeletionProtection',
  'EnableIAMDatabaseAuthentication',
];

type Input = Record<string, any>;

export function instanceOperations(state: RdsState, databases: Databases): Record<string, Operation> {
  const access = (input: Input, call: Call) => [
    {
      action: `rds:${call.operation}`,
      resource: state.arn(call.region, 'db', String(input.DBInstanceIdentifier ?? '*').toLowerCase()),
    },
  ];
  const answer = (instance: Instance) => ({ DBInstance: describeInstance(state, instance) });
  return {
    DescribeDBInstances: { access, handle: (input, call) => describeInstances(state, input, call) },
    CreateDBInstance: {
      access,
      handle: async (input, call) => answer(await createInstance(state, databases, input, call)),
    },
    CreateDBInstanceReadReplica: {
      access,
      handle: (input, call) => answer(createReplica(state, databases, input, call)),
    },
    ModifyDBInstance: {
      access,
      handle: async (input, call) => answer(await modifyInstance(state, databases, input, call)),
    },
    RebootDBInstance: {
      access,
      handle: (input, call) => {
        const instance = available(state.instance(call.region, input.DBInstanceIdentifier));
        databases.reboot(instance);
        return answer(instance);
      },
    },
    DeleteDBInstance: {
      access,
      handle: (input, call) => answer(deleteInstance(state, databases, input, call)),
    },
  };
}

function describeInstances(state: RdsState, input: Input, call: Call) {
  const all = input.DBInstanceIdentifier
    ? [state.instance(call.region, input.DBInstanceIdentifier)]
    : [...state.instances.values()].filter(({ region }) => region === call.region);
  const kept = filtered<Instance>(all, input.Filters as Filter[], {
    'db-instance-id': ({ identifier }) => identifier,
    'db-cluster-id': ({ clusterIdentifier }) => clusterIdentifier,
    'dbi-resource-id': ({ resourceId }) => resourceId,
    engine: ({ engine }) => engine,
    domain: () => undefined,
  });
  const { records, Marker } = page(kept, input, ({ identifier }) => identifier);
  return { DBInstances: records.map((instance) => describeInstance(state, instance)), Marker };
}

function newInstance(state: RdsState, call: Call, input: Input, given: Partial<Instance>): Instance {
  checkIdentifier(input.DBInstanceIdentifier, 'DBInstanceIdentifier');
  const identifier = String(input.DBInstanceIdentifier).toLowerCase();
  if (state.instances.has(state.key(call.region, identifier))) {
    throw new AwsError('DBInstanceAlreadyExists', 'DB instance already exists');
  }
  if (flag(input.EnableIAMDatabaseAuthentication)) {
    throw invalidCombination('IAM database authentication is not supported on the laptop.');
  }
  const instance: Instance = {
    kind: 'instance',
    region: call.region,
    identifier,
    arn: state.arn(call.region, 'db', identifier),
    resourceId: state.resourceId('db'),
    createdAt: state.cloud.clock.now(),
    engine: input.Engine ?? 'postgres',
    engineVersion: input.EngineVersion ?? '18.4',
    administrator: input.MasterUsername,
    databaseName: input.DBName,
    given: input,
    status: 'creating',
    tags: (input.Tags as Tag[] | undefined) ?? [],
    passwordPending: false,
    deletionProtection: flag(input.DeletionProtection),
    ...given,
  };
  state.instances.set(state.key(call.region, identifier), instance);
  return instance;
}

/** Answers at once; the endpoint opens in the background. */
async function createInstance(state: RdsState, databases: Databases, input: Input, call: Call) {
  refuseUnsupported(call, input, CREATE);
  checkEngine(input.Engine);
  if (input.DBClusterIdentifier) {
    const cluster = state.cluster(call.region, input.DBClusterIdentifier);
    if (input.MasterUsername || input.MasterUserPassword) {
      throw invalidCombination(
        'The requested DB Instance will be a member of a DB Cluster. Set master user credentials for the DB Cluster.',
      );
    }
    const { identifier: clusterIdentifier, administrator, databaseName } = cluster;
    const instance = newInstance(state, call, input, { clusterIdentifier, administrator, databaseName });
    databases.open(instance, undefined);
    return instance;
  }
  if (!input.MasterUsername)
    throw invalidCombination('The parameter MasterUsername must be provided and must not be blank.');
  checkAdministrator(input.MasterUsername);
  checkPasswordChoice(input as any);
  const managed = flag(input.ManageMasterUserPassword);
  if (!managed && input.MasterUserPassword === undefined) {
    throw invalidCombination('The parameter MasterUserPassword must be provided and must not be blank.');
  }
  const password: string = managed ? randomPassword() : input.MasterUserPassword;
  const { MasterUserPassword: _password, ...given } = input;
  const instance = newInstance(state, call, given, {});
  if (managed) {
    await databases
      .keepPassword(instance, password, call.principal, input.MasterUserSecretKmsKeyId)
      .catch((error: unknown) => {
        state.instances.delete(state.key(instance.region, instance.identifier));
        throw error;
      });
  }
  databases.open(instance, password);
  return instance;
}

function createReplica(state: RdsState, databases: Databases, input: Input, call: Call) {
  const known = [...DESCRIPTIVE, 'DBInstanceIdentifier', 'SourceDBInstanceIdentifier', 'DeletionProtection', 'Tags'];
  refuseUnsupported(call, input, known);
  if (input.SourceDBInstanceIdentifier === undefined) {
    throw invalidCombination('The parameter SourceDBInstanceIdentifier must be provided.');
  }
  const source = available(state.instance(call.region, input.SourceDBInstanceIdentifier));
  const { identifier: sourceIdentifier, administrator, databaseName, engine, engineVersion } = source;
  const instance = newInstance(state, call, input, {
    sourceIdentifier,
    administrator,
    databaseName,
    engine,
    engineVersion,
  });
  databases.open(instance, undefined);
  return instance;
}

async function modifyInstance(state: RdsState, databases: Databases, input: Input, call: Call): Promise<Instance> {
  refuseUnsupported(call, input, MODIFY);
  const instance = available(state.instance(call.region, input.DBInstanceIdentifier));
  if (flag(input.EnableIAMDatabaseAuthentication)) {
    throw invalidCombination('IAM database authentication is not supported on the laptop.');
  }
  const credentials = ['MasterUserPassword', 'ManageMasterUserPassword', 'RotateMasterUserPassword'];
  if (credentials.some((name) => input[name] !== undefined)) {
    if (instance.clusterIdentifier) {
      throw invalidCombination('The specified DB Instance is a member of a cluster. Modify the DB Cluster.');
    }
    if (instance.sourceIdentifier) throw invalidCombination('A read replica has the credentials of its source.');
    await modifyPassword(state, databases, instance, input, call);
  }
  if (input.DeletionProtection !== undefined) instance.deletionProtection = flag(input.DeletionProtection);
  const changed = Object.entries(input).filter(([name, value]) => DESCRIPTIVE.includes(name) && value !== undefined);
  Object.assign(instance.given, Object.fromEntries(changed));
  return instance;
}

/** Shared by ModifyDBInstance and ModifyDBCluster. */
export async function modifyPassword(
  state: RdsState,
  databases: Databases,
  database: Parameters<Databases['changePassword']>[0],
  input: Input,
  call: Call,
): Promise<void> {
  checkPasswordChoice(input as any);
  const managed = database.managedSecretArn !== undefined;
  if (input.MasterUserPassword !== undefined) {
    if (managed && input.ManageMasterUserPassword !== false) {
      throw invalidCombination(
        "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled.",
      );
    }
    database.managedSecretArn = undefined;
    return databases.changePassword(database, input.MasterUserPassword);
  }
  const password = randomPassword();
  if (input.ManageMasterUserPassword && !managed) {
    await databases.keepPassword(database, password, call.principal, input.MasterUserSecretKmsKeyId);
    return databases.changePassword(database, password);
  }
  if (input.RotateMasterUserPassword) {
    if (!managed) throw invalidCombination('RotateMasterUserPassword needs ManageMasterUserPassword.');
    const SecretString = JSON.stringify({ username: database.administrator, password });
    const secret = { SecretId: database.managedSecretArn, SecretString };
    const request = { service: 'secretsmanager', operation: 'PutSecretValue', region: call.region, input: secret };
    await state.cloud.call({ ...request, principal: call.principal });
    databases.changePassword(database, password);
  }
}

export function available<Entry extends { status: string; identifier: string; kind: string }>(entry: Entry): Entry {
  if (entry.status === 'available') return entry;
  throw entry.kind === 'cluster'
    ? new AwsError('InvalidDBClusterStateFault', `DbCluster ${entry.identifier} is in ${entry.status} state.`)
    : new AwsError('InvalidDBInstanceState', `Database instance is not in available state.`);
}

function deleteInstance(state: RdsState, databases: Databases, input: Input, call: Call): Instance {
  const instance = state.instance(call.region, input.DBInstanceIdentifier);
  if (instance.deletionProtection) {
    throw invalidCombination('Cannot delete protected DB Instance, please disable deletion protection and try again.');
  }
  if (instance.status === 'creating' || instance.status === 'deleting') {
    throw new AwsError(
      'InvalidDBInstanceState',
      `Instance ${instance.identifier} is already being ${instance.status === 'creating' ? 'created' : 'deleted'}.`,
    );
  }
  if (state.replicas(instance).length > 0) {
    throw new AwsError(
      'InvalidDBInstanceState',
      'Delete the read replicas first: on the laptop they share the server of their source.',
    );
  }
  if (!flag(input.SkipFinalSnapshot) && !instance.clusterIdentifier && !instance.sourceIdentifier) {
    throw invalidCombination(
      'FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified. There are no snapshots on the laptop: use SkipFinalSnapshot.',
    );
  }
  instance.status = 'deleting';
  void databases
    .close(instance)
    .then(() => state.instances.delete(state.key(instance.region, instance.identifier)))
    .catch((error: Error) => state.cloud.log(`${instance.identifier} could not be deleted: ${error.message}`));
  return instance;
}
