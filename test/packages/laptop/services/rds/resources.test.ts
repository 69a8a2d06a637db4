import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { type TemplateResource, UnsupportedProperty } from '../../../../../packages/laptop/assembly/resource.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createKmsService from '../../../../../packages/laptop/services/kms/service.ts';
import { resources } from '../../../../../packages/laptop/services/rds/resources.ts';
import createRdsService, { type RdsService } from '../../../../../packages/laptop/services/rds/service.ts';
import createSecretsManagerService from '../../../../../packages/laptop/services/secretsmanager/service.ts';

let cloud: RunningCloud;

beforeAll(async () => {
  const services = [createRdsService, createSecretsManagerService, createKmsService] as never;
  cloud = await createCloud({ services, log: () => undefined });
});

afterAll(() => cloud.close());

const resource = (type: string, logicalId: string, properties: Record<string, unknown>): TemplateResource => ({
  type: `AWS::RDS::${type}`,
  logicalId,
  stackName: 'Stack',
  properties,
  metadata: {},
  assetPath: () => {
    throw new Error('no asset is needed');
  },
});

const create = (type: string, logicalId: string, properties: Record<string, unknown>) => {
  const given = resource(type, logicalId, properties);
  return resources.find((provider) => provider.type === given.type)!.create(given, cloud);
};

test('a template’s instance, groups and proxy refer to each other and to doors that are open', async () => {
  const subnets = await create('DBSubnetGroup', 'Subnets', { DBSubnetGroupDescription: 'd', SubnetIds: ['subnet-1'] });
  const instance = await create('DBInstance', 'Database', {
    DBInstanceClass: 'db.t4g.micro',
    AllocatedStorage: '20',
    Engine: 'postgres',
    EngineVersion: '17',
    DBName: 'app',
    MasterUsername: 'boss',
    MasterUserPassword: 'Administrator1',
    DBSubnetGroupName: subnets.ref,
    VPCSecurityGroups: ['sg-1'],
    MultiAZ: 'false',
  });
  expect(instance.ref).toMatch(/^stack-database-[0-9a-f]{12}$/);
  const proxy = await create('DBProxy', 'Proxy', {
    DBProxyName: 'proxy',
    EngineFamily: 'POSTGRESQL',
    RoleArn: 'arn:aws:iam::000000000000:role/proxy',
    VpcSubnetIds: ['subnet-1'],
    Auth: [],
  });
  const group = await create('DBProxyTargetGroup', 'Group', {
    DBProxyName: proxy.ref,
    TargetGroupName: 'default',
    DBInstanceIdentifiers: [instance.ref],
    ConnectionPoolConfigurationInfo: { InitQuery: 'SET ROLE app', ConnectionBorrowTimeout: '1' },
  });
  expect(group.ref).toMatch(/^arn:aws:rds:us-east-1:000000000000:target-group:prx-tg-/);
  const endpoint = await create('DBProxyEndpoint', 'Reader', {
    DBProxyName: proxy.ref,
    DBProxyEndpointName: 'reader',
    TargetRole: 'READ_ONLY',
    VpcSubnetIds: ['subnet-1'],
  });
  const hosts = [instance.attributes!['Endpoint.Address'], proxy.attributes!.Endpoint, endpoint.attributes!.Endpoint];
  expect(new Set(hosts).size).toBe(3);

  const service = cloud.service<RdsService>('rds');
  const client = new pg.Client({
    host: String(instance.attributes!['Endpoint.Address']),
    port: Number(instance.attributes!['Endpoint.Port']),
    user: 'boss',
    password: 'Administrator1',
    database: 'app',
    ssl: { ca: await readFile(service.caBundlePath, 'utf8') },
  });
  await client.connect();
  expect((await client.query('SHOW server_version_num')).rows[0].server_version_num).toMatch(/^\d{6}$/);
  await client.end();
  expect(service.state.proxy('us-east-1', 'proxy').pool).toMatchObject({
    InitQuery: 'SET ROLE app',
    ConnectionBorrowTimeout: 1,
  });
});

test('a property that means more than the laptop does stops the load', async () => {
  const properties = { Engine: 'postgres', DBSnapshotIdentifier: 'snapshot' };
  await expect(create('DBInstance', 'Restored', properties)).rejects.toThrow(UnsupportedProperty);
});

test('reset forgets everything and closes every door', async () => {
  const { host, port } = cloud.service<RdsService>('rds').proxy('proxy').relay;
  await cloud.service<RdsService>('rds').reset();
  expect(() => cloud.service<RdsService>('rds').proxy('proxy')).toThrow('DBProxy proxy not found.');
  await expect(new pg.Client({ host, port, user: 'x', ssl: true }).connect()).rejects.toThrow(/ECONNREFUSED/);
});
