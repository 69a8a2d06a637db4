import { readFile } from 'node:fs/promises';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateDBInstanceCommand,
  CreateDBProxyCommand,
  DescribeDBProxyTargetsCommand,
  ModifyDBProxyCommand,
  ModifyDBProxyTargetGroupCommand,
  RDSClient,
  RegisterDBProxyTargetsCommand,
} from '@aws-sdk/client-rds';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createKmsService from '../../../../../packages/laptop/services/kms/service.ts';
import createRdsService, { type RdsService } from '../../../../../packages/laptop/services/rds/service.ts';
import createSecretsManagerService from '../../../../../packages/laptop/services/secretsmanager/service.ts';
import { eventually } from '../../../../eventually.ts';
import { clientOptions } from '../../wire/probe.ts';

/** Longer than a busy machine takes for a login. */
const REFRESH_MILLISECONDS = 1_000;
const administrator = { MasterUsername: 'boss', MasterUserPassword: 'Administrator1' };
const lines: string[] = [];
let cloud: RunningCloud;
let rds: RDSClient;
let secrets: SecretsManagerClient;
let service: RdsService;
let ca: string;
let appSecret: string;
let otherSecret: string;

beforeAll(async () => {
  cloud = await createCloud({
    services: [createRdsService, createSecretsManagerService, createKmsService] as never,
    settings: { proxyRefreshMilliseconds: REFRESH_MILLISECONDS },
    log: (line) => void lines.push(line),
  });
  rds = new RDSClient(clientOptions(cloud));
  secrets = new SecretsManagerClient(clientOptions(cloud));
  service = cloud.service<RdsService>('rds');
  await service.ready;
  ca = await readFile(service.caBundlePath, 'utf8');
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: 'db',
      DBInstanceClass: 'db.t4g.micro',
      Engine: 'postgres',
      DBName: 'app',
      ...administrator,
    }),
  );
  await service.databases.opened(service.state.instance('us-east-1', 'db'));
  appSecret = await newSecret('app/login', { username: 'app', password: 'first' });
  otherSecret = await newSecret('app/other', { username: 'other', password: 'first' });
  await newProxyRole([appSecret, otherSecret]);
  await setUp([
    `CREATE ROLE app LOGIN PASSWORD 'first'`,
    `CREATE ROLE other LOGIN PASSWORD 'first'`,
    `CREATE ROLE unregistered LOGIN PASSWORD 'first'`,
    'GRANT app TO other',
    'ALTER ROLE other SET role TO app',
    'GRANT CREATE ON SCHEMA public TO app',
  ]);
  await rds.send(
    new CreateDBProxyCommand({
      DBProxyName: 'proxy',
      EngineFamily: 'POSTGRESQL',
      RoleArn: 'arn:aws:iam::000000000000:role/proxy',
      VpcSubnetIds: ['subnet-1'],
      RequireTLS: true,
      Auth: [{ SecretArn: appSecret }, { SecretArn: otherSecret }],
    }),
  );
  await rds.send(new RegisterDBProxyTargetsCommand({ DBProxyName: 'proxy', DBInstanceIdentifiers: ['db'] }));
});

afterAll(() => cloud.close());

async function newSecret(Name: string, value: object): Promise<string> {
  const { ARN } = await secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }));
  return ARN!;
}

async function newProxyRole(Resource: string[]): Promise<void> {
  const iam = new IAMClient(clientOptions(cloud));
  const trust = { Effect: 'Allow', Principal: { Service: 'rds.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateRoleCommand({ RoleName: 'proxy', AssumeRolePolicyDocument: document(trust) }));
  const allow = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource };
  await iam.send(new PutRolePolicyCommand({ RoleName: 'proxy', PolicyName: 'read', PolicyDocument: document(allow) }));
}

async function setUp(statements: string[]): Promise<void> {
  const client = new pg.Client(service.postgres('db').adminConnection('app'));
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

async function login(user: string, password: string, config: pg.ClientConfig = {}): Promise<pg.Client> {
  const { host, port } = service.proxy('proxy').relay;
  const client = new pg.Client({ host, port, user, password, database: 'app', ssl: { ca }, ...config });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const pid = async (client: pg.Client) => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number;

/** A client has gone before the proxy has wiped its session. */
async function atRest(user: string): Promise<void> {
  for (;;) {
    const client = new pg.Client(service.postgres('db').adminConnection('app'));
    await client.connect();
    const { rows } = await client.query(
      "SELECT query FROM pg_stat_activity WHERE usename = $1 AND state = 'idle' AND query ~ '^(SET ROLE|DISCARD|SELECT 1$)'",
      [user],
    );
    await client.end();
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('who is let in', () => {
  test('a registered login, by the value of its secret, over TLS of the proxies’ own authority', async () => {
    const client = await login('app', 'first');
    expect((await client.query('SELECT current_user AS who')).rows).toEqual([{ who: 'app' }]);
    await client.end();
    const instanceOnly = ca.split(/(?<=-----END CERTIFICATE-----\n)/)[0]!;
    await expect(login('app', 'first', { ssl: { ca: instanceOnly } })).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  test('not a login that the database knows and the proxy does not', async () => {
    await expect(login('unregistered', 'first')).rejects.toMatchObject({
      code: '28000',
      message: expect.stringContaining('This RDS proxy has no credentials for the role unregistered'),
    });
  });

  test('not with a wrong password', async () => {
    await expect(login('app', 'wrong')).rejects.toMatchObject({
      code: '28P01',
      message: 'The password that was provided for the role app is wrong.',
    });
  });

  test('not without TLS where TLS is required', async () => {
    await expect(login('app', 'first', { ssl: false })).rejects.toMatchObject({
      code: '28000',
      message: expect.stringContaining('TLS'),
    });
  });

  test('by md5 where the proxy says so', async () => {
    const md5 = { SecretArn: appSecret, ClientPasswordAuthType: 'POSTGRES_MD5' } as const;
    await rds.send(new ModifyDBProxyCommand({ DBProxyName: 'proxy', Auth: [md5, { SecretArn: otherSecret }] }));
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MILLISECONDS));
    await expect(login('app', 'wrong')).rejects.toMatchObject({ code: '28P01' });
    await (await login('app', 'first')).end();
    const scram = [{ SecretArn: appSecret }, { SecretArn: otherSecret }];
    await rds.send(new ModifyDBProxyCommand({ DBProxyName: 'proxy', Auth: scram }));
  });
});

describe('sessions with the database', () => {
  test('outlive the client, come back clean, and are the proxy’s own', async () => {
    const first = await login('app', 'first', { application_name: 'one' });
    const before = await pid(first);
    await first.query('CREATE TEMP TABLE left_behind ()');
    await first.query("SET search_path = 'nowhere'");
    await first.query('BEGIN');
    await first.end();
    await atRest('app');
    const second = await login('app', 'first', { application_name: 'two' });
    expect(await pid(second)).toBe(before);
    const { rows } = await second.query(
      `SELECT current_setting('search_path') AS path, to_regclass('left_behind') AS left, application_name AS name, host(client_addr) AS address
       FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
    );
    expect(rows).toEqual([
      { path: '"$user", public', left: null, name: 'two', address: service.proxy('proxy').relay.host },
    ]);
    await second.end();
  });

  test('lose the role setting of a login, unless the initialization query makes up for it', async () => {
    const without = await login('other', 'first');
    expect((await without.query('SELECT current_user AS who')).rows).toEqual([{ who: 'other' }]);
    await without.end();
    const pool = (InitQuery: string) =>
      rds.send(
        new ModifyDBProxyTargetGroupCommand({
          DBProxyName: 'proxy',
          TargetGroupName: 'default',
          ConnectionPoolConfig: { InitQuery },
        }),
      );
    await pool('SET ROLE app');
    const client = await login('other', 'first');
    expect((await client.query('SELECT current_user AS who')).rows).toEqual([{ who: 'app' }]);
    await client.end();
    await atRest('other');
    const again = await login('other', 'first');
    expect((await again.query('SELECT current_user AS who')).rows).toEqual([{ who: 'app' }]);
    await again.end();
    await pool('SELECT 1');
  });

  test('that the database ends are replaced', async () => {
    const client = await login('app', 'first');
    const before = await pid(client);
    await client.end();
    await atRest('app');
    await setUp([`SELECT pg_terminate_backend(${before})`]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const again = await login('app', 'first');
    expect(await pid(again)).not.toBe(before);
    await again.end();
  });

  test('wait for a database that is down, and the target says that it cannot be reached', async () => {
    const { relay } = service.postgres('db');
    relay.setDown(true);
    const targets = new DescribeDBProxyTargetsCommand({ DBProxyName: 'proxy' });
    expect((await rds.send(targets)).Targets?.[0]?.TargetHealth).toMatchObject({
      State: 'UNAVAILABLE',
      Reason: 'UNREACHABLE',
    });
    const waiting = login('app', 'first');
    setTimeout(() => relay.setDown(false), 200);
    const client = await waiting;
    expect((await rds.send(targets)).Targets?.[0]).toMatchObject({
      RdsResourceId: 'db',
      TargetHealth: { State: 'AVAILABLE' },
    });
    await client.end();
  });
});

/** From here on the proxy keeps to what it has read for a whole interval. */
async function theNextRead(): Promise<void> {
  const reads = () =>
    cloud.recorder.calls({ service: 'secretsmanager', operation: 'GetSecretValue', resource: appSecret }).length;
  const before = reads();
  await eventually('that the proxy reads its secrets again', () => (reads() > before ? true : undefined));
}

describe('a changed secret', () => {
  const put = (value: object) =>
    secrets.send(new PutSecretValueCommand({ SecretId: appSecret, SecretString: JSON.stringify(value) }));

  test('is learnt late: until then the old value is right and the new one wrong', async () => {
    await setUp([`ALTER ROLE app PASSWORD 'second'`]);
    const kept = await login('app', 'first');
    await theNextRead();
    await put({ username: 'app', password: 'second' });
    await expect(login('app', 'second')).rejects.toMatchObject({ code: '28P01' });
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MILLISECONDS + 100));
    await (await login('app', 'second')).end();
    await expect(login('app', 'first')).rejects.toMatchObject({ code: '28P01' });
    expect((await kept.query('SELECT 1 AS still')).rows).toEqual([{ still: 1 }]);
    await kept.end();
  });

  test('that the database does not know yet fails with the database’s own refusal', async () => {
    await put({ username: 'app', password: 'third' });
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MILLISECONDS + 100));
    service.proxy('proxy').dropSessions();
    await expect(login('app', 'third')).rejects.toMatchObject({
      code: '28P01',
      message: expect.stringContaining('password authentication failed'),
    });
    await put({ username: 'app', password: 'second' });
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MILLISECONDS + 100));
  });

  test('that is no JSON is complained of once, without its value', async () => {
    await secrets.send(new PutSecretValueCommand({ SecretId: otherSecret, SecretString: 'not-json-but-hidden' }));
    await new Promise((resolve) => setTimeout(resolve, 3 * REFRESH_MILLISECONDS));
    await expect(login('other', 'first')).rejects.toMatchObject({ code: '28000' });
    expect(lines.filter((line) => line.includes(otherSecret))).toHaveLength(1);
    expect(lines.join()).not.toContain('hidden');
  });
});

test('a proxy whose role may not read a secret knows no credentials, and says so', async () => {
  const Auth = [{ SecretArn: await newSecret('not/granted', { username: 'app', password: 'second' }) }];
  await rds.send(new ModifyDBProxyCommand({ DBProxyName: 'proxy', Auth }));
  await expect(login('app', 'second')).rejects.toMatchObject({ code: '28000' });
  expect(lines.join('\n')).toMatch(/secretsmanager:GetSecretValue/);
  const { Targets } = await rds.send(new DescribeDBProxyTargetsCommand({ DBProxyName: 'proxy' }));
  expect(Targets?.[0]?.TargetHealth).toMatchObject({ State: 'UNAVAILABLE', Reason: 'AUTH_FAILURE' });
});
