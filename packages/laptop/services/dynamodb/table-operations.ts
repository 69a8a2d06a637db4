import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { check, longest, oneOf, pattern, shortest } from '../constraints.ts';
import type { Backends } from './backend.ts';
import {
  changeOf,
  startChange,
  type Table,
  type Tables,
  tableArn,
  tableName,
  tableNotFound,
  validation,
} from './tables.ts';

const KMS_KEY_OF_DYNAMODB = 'alias/aws/dynamodb';
/** What dynalite can change of a table. */
const changeable = ['ProvisionedThroughput', 'BillingMode', 'GlobalSecondaryIndexUpdates', 'AttributeDefinitions'];

/** CreateTable and its siblings. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html */
export function tableOperations(tables: Tables, backends: Backends): Record<string, Operation> {
  const on = (operation: string) => ({
    access: (input: any, call: Call) => [
      { action: `dynamodb:${operation}`, resource: tableArn(call, input.TableName) },
    ],
  });
  return {
    CreateTable: {
      validate: (input) => {
        checkTableName(input.TableName);
        refuseUnsupported(input);
      },
      ...on('CreateTable'),
      async handle(input, call) {
        const { SSESpecification, DeletionProtectionEnabled, TableClass, Tags, ...known } = input;
        const backend = backends.of(call.region);
        const { TableDescription } = await backend.run('CreateTable', known);
        await backend.settled(input.TableName);
        const table: Table = {
          region: call.region,
          name: input.TableName,
          arn: tableArn(call, input.TableName),
          keys: keyNames(input.KeySchema),
          tags: new Map((Tags ?? []).map((tag: any) => [tag.Key, String(tag.Value)])),
          isProtected: DeletionProtectionEnabled === true,
          tableClass: TableClass,
          encryption: encryptionOf(call, SSESpecification),
          timeToLive: undefined,
          recoverableSince: undefined,
          sweptAt: 0,
          change: undefined,
        };
        startChange(table, 'CREATING', call.cloud.clock.now());
        tables.add(table);
        return { TableDescription: described(call, table, TableDescription) };
      },
    },
    DescribeTable: {
      ...on('DescribeTable'),
      async handle(input, call) {
        const { Table } = await backends
          .of(call.region)
          .run('DescribeTable', { TableName: tableName(input.TableName) });
        return { Table: described(call, tables.find(call, input.TableName), Table) };
      },
    },
    UpdateTable: {
      validate: refuseUnsupported,
      ...on('UpdateTable'),
      handle: (input, call) => updateTable(tables, backends, input, call),
    },
    DeleteTable: {
      ...on('DeleteTable'),
      async handle(input, call) {
        const table = tables.find(call, input.TableName);
        if (table?.isProtected) {
          throw validation(
            'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
          );
        }
        if (table) refuseWhileChanging(table, call);
        const deleted = await backends.of(call.region).run('DeleteTable', { TableName: tableName(input.TableName) });
        if (table) tables.remove(table);
        return { TableDescription: described(call, table, deleted.TableDescription) };
      },
    },
    ListTables: {
      access: () => [{ action: 'dynamodb:ListTables', resource: '*' }],
      handle: (input, call) => backends.of(call.region).run('ListTables', input),
    },
  };
}

/** @throws AwsError ValidationException */
export function checkTableName(name: string): void {
  check(['tableName', name, shortest(3), longest(255), pattern('[a-zA-Z0-9_.-]+')]);
}

/** Names of the key's attributes, the partition key first. */
function keyNames(schema: { AttributeName: string; KeyType: string }[]): string[] {
  return [...schema].sort((a, b) => (a.KeyType < b.KeyType ? -1 : 1)).map(({ AttributeName }) => AttributeName);
}

function refuseUnsupported(input: any): void {
  check(['tableClass', input.TableClass, oneOf('STANDARD', 'STANDARD_INFREQUENT_ACCESS')]);
  const members = ['ResourcePolicy', 'GlobalTableSourceArn', 'ReplicaUpdates', 'MultiRegionConsistency'];
  const unsupported = [
    ...members.filter((member) => input[member] !== undefined),
    ...(input.StreamSpecification?.StreamEnabled ? ['StreamSpecification'] : []),
  ];
  if (unsupported.length > 0) throw validation(`${unsupported.join(', ')} is not supported on the laptop.`);
}

function encryptionOf(call: Call, specification: any): Table['encryption'] {
  if (!specification?.Enabled) return undefined;
  const key = String(specification.KMSMasterKeyId ?? KMS_KEY_OF_DYNAMODB);
  if (key.startsWith('arn:')) return { keyArn: key };
  const resource = key.startsWith('alias/') ? key : `key/${key}`;
  return { keyArn: `arn:aws:kms:${call.region}:${call.accountId}:${resource}` };
}

function refuseWhileChanging(table: Table, call: Call): void {
  const change = changeOf(table, call.cloud.clock.now());
  if (!change) return;
  throw new AwsError(
    'ResourceInUseException',
    `Attempt to change a resource which is still in use: Table is being ${change === 'CREATING' ? 'created' : 'updated'}: ${table.name}`,
  );
}

async function updateTable(tables: Tables, backends: Backends, input: any, call: Call) {
  const name = tableName(input.TableName);
  const table = tables.require(call, name);
  const backend = backends.of(call.region);
  const isForBackend = changeable.some((member) => input[member] !== undefined);
  const isForUs = ['DeletionProtectionEnabled', 'TableClass', 'SSESpecification'].some(
    (member) => input[member] !== undefined,
  );
  // With nothing to change the backend has the words for it.
  refuseWhileChanging(table, call);
  if (isForBackend || !isForUs) await backend.run('UpdateTable', { ...input, TableName: name });
  await backend.settled(name);
  const { Table: answer } = await backend.run('DescribeTable', { TableName: name });
  startChange(table, 'UPDATING', call.cloud.clock.now());
  if (input.DeletionProtectionEnabled !== undefined) table.isProtected = input.DeletionProtectionEnabled === true;
  if (input.TableClass !== undefined) table.tableClass = input.TableClass;
  if (input.SSESpecification !== undefined) table.encryption = encryptionOf(call, input.SSESpecification);
  return { TableDescription: described(call, table, answer) };
}

/** dynalite's description with the caller's region and account in its ARNs, and what dynalite does not know. */
function described(call: Call, table: Table | undefined, description: any): Record<string, unknown> {
  const arn = tableArn(call, description.TableName);
  const change = changeOf(table, call.cloud.clock.now());
  const indexes = (list: any[] | undefined) =>
    list?.map((index) => ({
      ...index,
      IndexArn: `${arn}/index/${index.IndexName}`,
      ...(change && index.IndexStatus && { IndexStatus: change }),
    }));
  return {
    ...description,
    TableArn: arn,
    ...(change && { TableStatus: change }),
    GlobalSecondaryIndexes: indexes(description.GlobalSecondaryIndexes),
    LocalSecondaryIndexes: indexes(description.LocalSecondaryIndexes),
    DeletionProtectionEnabled: table?.isProtected ?? false,
    ...(table?.tableClass ? { TableClassSummary: { TableClass: table.tableClass } } : {}),
    ...(table?.encryption
      ? { SSEDescription: { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: table.encryption.keyArn } }
      : {}),
  };
}

/** Tags of tables. */
export function tagOperations(tables: Tables): Record<string, Operation> {
  const on = (operation: string) => ({
    access: (input: any) => [{ action: `dynamodb:${operation}`, resource: String(input.ResourceArn) }],
  });
  const tagged = (arn: string, call: Call): Table => {
    const table = arn.startsWith('arn:') ? tables.find(call, arn) : undefined;
    if (table?.arn === arn) return table;
    throw new AwsError('ResourceNotFoundException', `Requested resource not found: ResourcArn: ${arn} not found`);
  };
  return {
    TagResource: {
      ...on('TagResource'),
      handle(input, call) {
        const { tags } = tagged(input.ResourceArn, call);
        for (const { Key, Value } of input.Tags) tags.set(Key, String(Value));
      },
    },
    UntagResource: {
      ...on('UntagResource'),
      handle(input, call) {
        const { tags } = tagged(input.ResourceArn, call);
        for (const key of input.TagKeys) tags.delete(key);
      },
    },
    ListTagsOfResource: {
      ...on('ListTagsOfResource'),
      handle: (input, call) => ({
        Tags: [...tagged(input.ResourceArn, call).tags].map(([Key, Value]) => ({ Key, Value })),
      }),
    },
  };
}

const RECOVERY_DAYS = 35;
const DAY_MILLISECONDS = 86_400_000;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html */
const NEWEST_RECOVERY_MILLISECONDS = 5 * 60_000;

/** Point-in-time recovery as a setting: it is described, and nothing can be restored. */
export function backupOperations(tables: Tables): Record<string, Operation> {
  const on = (operation: string) => ({
    access: (input: any, call: Call) => [
      { action: `dynamodb:${operation}`, resource: tableArn(call, input.TableName) },
    ],
  });
  const recoverable = (input: any, call: Call): Table => {
    const table = tables.find(call, input.TableName);
    if (table) return table;
    const { message } = tableNotFound(tableName(input.TableName));
    throw new AwsError('TableNotFoundException', message.replace('Requested resource not found: ', ''));
  };
  const describe = ({ recoverableSince }: Table, call: Call) => {
    const now = call.cloud.clock.now().getTime();
    const earliest = Math.max(recoverableSince?.getTime() ?? now, now - RECOVERY_DAYS * DAY_MILLISECONDS);
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: recoverableSince
          ? {
              PointInTimeRecoveryStatus: 'ENABLED',
              RecoveryPeriodInDays: RECOVERY_DAYS,
              EarliestRestorableDateTime: new Date(earliest),
              LatestRestorableDateTime: new Date(Math.max(earliest, now - NEWEST_RECOVERY_MILLISECONDS)),
            }
          : { PointInTimeRecoveryStatus: 'DISABLED' },
      },
    };
  };
  return {
    DescribeContinuousBackups: {
      ...on('DescribeContinuousBackups'),
      handle: (input, call) => describe(recoverable(input, call), call),
    },
    UpdateContinuousBackups: {
      ...on('UpdateContinuousBackups'),
      handle(input, call) {
        const table = recoverable(input, call);
        const { PointInTimeRecoveryEnabled } = input.PointInTimeRecoverySpecification;
        table.recoverableSince = PointInTimeRecoveryEnabled
          ? (table.recoverableSince ?? call.cloud.clock.now())
          : undefined;
        return describe(table, call);
      },
    },
  };
}
