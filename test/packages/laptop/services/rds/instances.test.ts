import { readFile } from 'node:fs/promises';
import {
  AddTagsToResourceCommand,
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  CreateDBInstanceReadReplicaCommand,
  DeleteDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ListTagsForResourceCommand,
  ModifyDBClusterCommand,
  ModifyDBInstanceCommand,
  RDSClient,
  RebootDBInstanceCommand,
  RemoveTagsFromResourceCommand,
} from '@aws-sdk/client-rds';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createKmsService from '../../../../../packages/laptop/services/kms/service.ts';
import createRdsService, { type RdsService } from '../../../../../packages/laptop/services/rds/service.ts';
import createSecretsManagerService from '../../../../../packages/laptop/services/secretsmanager/service.ts';
import { clientOptions } from '../../wire/probe.ts';

let cloud: RunningCloud;
let rds: RDSClient;
let secrets: SecretsManagerClient;
let service: RdsService;
let ca: string;

beforeAll(async () => {
  const services = [createRdsService, createSecretsManagerService, createKmsService] as never;
  cloud = await createCloud({ services, log: () => undefined });
  rds = new RDSClient(clientOptions(cloud));
  secrets = new SecretsManagerClient(clientOptions(cloud));
  service = cloud.service<RdsService>('rds');
  await service.ready;
  ca = await readFile(service.caBundlePath, 'utf8');
  await create({
    DBInstanceIdentifier: 'First',
    MasterUsername: 'boss',
    MasterUserPassword: 'Administrator1',
    DBName: 'app',
  });
});

afterAll(() => cloud.close());

const base = { DBInstanceClass: 'db.t4g.micro', Engine: 'postgres' };
const create = (input: Partial<CreateDBInstanceCommand['input']>) =>
  rds.send(new CreateDBInstanceCommand({ ...base, ...input } as CreateDBInstanceCommand['input']));

async function describe1(DBInstanceIdentifier: string) {
  const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }));
  return DBInstances![0]!;
}

async function untilAvailable(identifier: string) {
  for (const deadline = Date.now() + 20_000; ; ) {
    const instance = await describe1(identifier);
    if (instance.DBInstanceStatus === 'available' && !instance.PendingModifiedValues?.MasterUserPassword)
      return instance;
    if (Date.now() > deadline) throw new Error(`${identifier} is ${instance.DBInstanceStatus}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function login(endpoint: { Address?: string; Port?: number }, user: string, password: string, database = 'app') {
  const { Address: host, Port: port } = endpoint;
  const client = new pg.Client({ host, port, user, password, database, ssl: { ca } });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

describe('an instance', () => {
  test('is created in the background and can then be logged in to, by the host that it describes', async () => {
    const { Endpoint, DBInstanceArn, DbiResourceId } = await untilAvailable('first');
    expect(DBInstanceArn).toBe('arn:aws:rds:us-east-1:000000000000:db:first');
    expect(DbiResourceId).toMatch(/^db-[A-Z2-7]{26}$/);
    const client = await login(Endpoint!, 'boss', 'Administrator1');
    expect((await client.query('SELECT current_user AS who')).rows).toEqual([{ who: 'boss' }]);
    await client.end();
    expect(service.postgres('first').log()).toContain('current_user');
  });

  test('changes its password a while after the answer, as a verifier', async () => {
    const { Endpoint } = await untilAvailable('first');
    const modify = new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'first', MasterUserPassword: 'Administrator2' });
    const { DBInstance } = await rds.send(modify);
    expect(DBInstance?.PendingModifiedValues).toEqual({ MasterUserPassword: '****' });
    await (await login(Endpoint!, 'boss', 'Administrator1')).end();
    await untilAvailable('first');
    await (await login(Endpoint!, 'boss', 'Administrator2')).end();
    await expect(login(Endpoint!, 'boss', 'Administrator1')).rejects.toMatchObject({ code: '28P01' });
    expect(service.postgres('first').log()).not.toContain('Administrator2');
  });

  test.each([
    ['too short', 'Short1', /shorter than 8/],
    ['with a slash', 'Administrator/1', /printable ASCII/],
    ['with an at sign', 'Administrator@1', /printable ASCII/],
    ['with a quote', 'Administrator"1', /printable ASCII/],
    ['with a space', 'Administrator 1', /printable ASCII/],
    ['too long', 'A'.repeat(129), /longer than 128/],
  ])('refuses a password %s', async (_kind, MasterUserPassword, message) => {
    const modify = new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'first', MasterUserPassword });
    await expect(rds.send(modify)).rejects.toMatchObject({ name: 'InvalidParameterValue', message });
  });

  test('is refused under a name that is taken, and with a reserved administrator', async () => {
    const credentials = { MasterUsername: 'boss', MasterUserPassword: 'Administrator1' };
    await expect(create({ DBInstanceIdentifier: 'first', ...credentials })).rejects.toMatchObject({
      name: 'DBInstanceAlreadyExistsFault',
    });
    await expect(
      create({ DBInstanceIdentifier: 'x', ...credentials, MasterUsername: 'rdsadmin' }),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
    await expect(create({ DBInstanceIdentifier: 'x', ...credentials, Engine: 'mysql' })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });

  test('that is not there is not found, with the status and code of AWS', async () => {
    await expect(describe1('nowhere')).rejects.toMatchObject({
      name: 'DBInstanceNotFoundFault',
      message: 'DBInstance nowhere not found.',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('reboots: sessions end, and it comes back', async () => {
    const { Endpoint } = await untilAvailable('first');
    const client = await login(Endpoint!, 'boss', 'Administrator2');
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    await rds.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: 'first' }));
    await ended;
    await expect(rds.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: 'first' }))).rejects.toMatchObject({
      name: 'InvalidDBInstanceStateFault',
    });
    await untilAvailable('first');
    await (await login(Endpoint!, 'boss', 'Administrator2')).end();
  });

  test('has tags', async () => {
    const ResourceName = (await describe1('first')).DBInstanceArn!;
    const Tags = [
      { Key: 'team', Value: 'a' },
      { Key: 'stage', Value: 'x' },
    ];
    await rds.send(new AddTagsToResourceCommand({ ResourceName, Tags }));
    await rds.send(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ['stage'] }));
    const { TagList } = await rds.send(new ListTagsForResourceCommand({ ResourceName }));
    expect(TagList).toEqual([{ Key: 'team', Value: 'a' }]);
    const reserved = new AddTagsToResourceCommand({ ResourceName, Tags: [{ Key: 'aws:mine', Value: '' }] });
    await expect(rds.send(reserved)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });
});

describe('a password that RDS manages', () => {
  test('lies in a secret of its own, with the tags and the owner that AWS gives it, and logs in', async () => {
    await create({ DBInstanceIdentifier: 'managed', MasterUsername: 'boss', ManageMasterUserPassword: true });
    const { Endpoint, MasterUserSecret, DBInstanceArn } = await untilAvailable('managed');
    const SecretId = MasterUserSecret!.SecretArn!;
    const described = await secrets.send(new DescribeSecretCommand({ SecretId }));
    expect(described).toMatchObject({ Name: expect.stringMatching(/^rds!db-/), OwningService: 'rds' });
    expect(described.Tags).toContainEqual({ Key: 'aws:rds:primaryDBInstanceArn', Value: DBInstanceArn });
    const value = async () => JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString!);
    const { username, password, ...others } = await value();
    expect(others).toEqual({});
    await (await login(Endpoint!, username, password, 'postgres')).end();
    await expect(
      rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'managed', MasterUserPassword: 'Administrator1' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterCombination' });
    await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'managed', RotateMasterUserPassword: true }));
    await untilAvailable('managed');
    const rotated = await value();
    expect(rotated.password).not.toBe(password);
    await (await login(Endpoint!, username, rotated.password, 'postgres')).end();
  });
});

describe('several', () => {
  test('instances are told apart by host, have roles of their own, and are filtered and paged', async () => {
    const [first, managed] = [await untilAvailable('first'), await untilAvailable('managed')];
    expect(first.Endpoint!.Address).not.toBe(managed.Endpoint!.Address);
    await expect(login(managed.Endpoint!, 'boss', 'Administrator2', 'postgres')).rejects.toMatchObject({
      code: '28P01',
    });
    const Filters = [{ Name: 'db-instance-id', Values: [managed.DBInstanceArn!] }];
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ Filters }));
    expect(DBInstances?.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier)).toEqual(['managed']);
    const unknown = new DescribeDBInstancesCommand({ Filters: [{ Name: 'colour', Values: ['red'] }] });
    await expect(rds.send(unknown)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(rds.send(new DescribeDBInstancesCommand({ MaxRecords: 5 }))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });

  test('a read replica has an endpoint of its own, shows its source’s data, and refuses writes', async () => {
    const replica = { DBInstanceIdentifier: 'replica', SourceDBInstanceIdentifier: 'first' };
    await rds.send(new CreateDBInstanceReadReplicaCommand(replica));
    const described = await untilAvailable('replica');
    expect(described.ReadReplicaSourceDBInstanceIdentifier).toBe('first');
    const source = await describe1('first');
    expect(source.ReadReplicaDBInstanceIdentifiers).toEqual(['replica']);
    expect(described.Endpoint!.Address).not.toBe(source.Endpoint!.Address);
    const client = await login(described.Endpoint!, 'boss', 'Administrator2');
    await expect(client.query('CREATE TABLE refused ()')).rejects.toMatchObject({ code: '25006' });
    await client.end();
  });

  test('a cluster has a writer, a reader and members on one server; its password is the cluster’s to change', async () => {
    await rds.send(
      new CreateDBClusterCommand({
        DBClusterIdentifier: 'cluster',
        Engine: 'aurora-postgresql',
        MasterUsername: 'boss',
        MasterUserPassword: 'Administrator1',
        DatabaseName: 'app',
      }),
    );
    for (const DBInstanceIdentifier of ['member-1', 'member-2']) {
      await create({ DBInstanceIdentifier, Engine: 'aurora-postgresql', DBClusterIdentifier: 'cluster' });
      await untilAvailable(DBInstanceIdentifier);
    }
    const describeCluster = async () =>
      (await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: 'cluster' }))).DBClusters![0]!;
    const { Endpoint: Address, ReaderEndpoint, DBClusterMembers } = await describeCluster();
    expect(DBClusterMembers).toMatchObject([
      { DBInstanceIdentifier: 'member-1', IsClusterWriter: true },
      { DBInstanceIdentifier: 'member-2', IsClusterWriter: false },
    ]);
    const writer = { Address, Port: 5432 };
    await expect(
      rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'member-1', MasterUserPassword: 'Administrator2' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterCombination' });
    await rds.send(
      new ModifyDBClusterCommand({ DBClusterIdentifier: 'cluster', MasterUserPassword: 'Administrator2' }),
    );
    while ((await describeCluster()).PendingModifiedValues?.MasterUserPassword) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await (await login(writer, 'boss', 'Administrator2')).end();
    const reader = await login({ Address: ReaderEndpoint, Port: 5432 }, 'boss', 'Administrator2');
    await expect(reader.query('CREATE TABLE refused ()')).rejects.toMatchObject({ code: '25006' });
    await reader.end();
  });
});

test('an instance is deleted with its server', async () => {
  const { Endpoint } = await describe1('managed');
  const withSnapshot = new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'managed' });
  await expect(rds.send(withSnapshot)).rejects.toMatchObject({ name: 'InvalidParameterCombination' });
  await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'managed', SkipFinalSnapshot: true }));
  const gone = async () => (await describe1('managed').catch(({ name }) => name)) === 'DBInstanceNotFoundFault';
  while (!(await gone())) await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(login(Endpoint!, 'boss', 'x', 'postgres')).rejects.toThrow(/ECONNREFUSED/);
});
