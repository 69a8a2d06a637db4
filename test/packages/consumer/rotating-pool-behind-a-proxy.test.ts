import {
  CreateDBInstanceCommand,
  CreateDBProxyCommand,
  RDSClient,
  RegisterDBProxyTargetsCommand,
} from '@aws-sdk/client-rds';
import pg from 'pg';
import { RotatingPool } from '../../../packages/consumer/rotating-pool.ts';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createRdsService, { type RdsService } from '../../../packages/laptop/services/rds/service.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import { asPerson, clientConfig, environment, makeSecret, putSecret } from './laptop.ts';

/** The proxy learns of a new value so late. */
const REFRESH_MILLISECONDS = 700;

let cloud: RunningCloud;
let service: RdsService;
let distrust: () => void;

beforeAll(async () => {
  cloud = await createCloud({
    log: () => {},
    services: [createRdsService, createSecretsManagerService],
    settings: { proxyRefreshMilliseconds: REFRESH_MILLISECONDS },
  });
  service = cloud.service<RdsService>('rds');
  await service.ready;
  const before = process.env.PGSSLROOTCERT;
  process.env.PGSSLROOTCERT = service.caBundlePath;
  distrust = () => {
    if (before === undefined) delete process.env.PGSSLROOTCERT;
    else process.env.PGSSLROOTCERT = before;
  };
  const rds = new RDSClient(clientConfig(cloud));
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: 'db',
      DBInstanceClass: 'db.t4g.micro',
      Engine: 'postgres',
      DBName: 'app',
      MasterUsername: 'boss',
      MasterUserPassword: 'Administrator1',
    }),
  );
  await service.databases.opened(service.state.instance(cloud.region, 'db'));
  await administer("CREATE ROLE app LOGIN PASSWORD 'first'");
  const { arn } = await makeSecret(cloud, 'app/login', JSON.stringify({ username: 'app', password: 'first' }));
  await makeProxyRole(arn);
  await rds.send(
    new CreateDBProxyCommand({
      DBProxyName: 'proxy',
      EngineFamily: 'POSTGRESQL',
      RoleArn: `arn:aws:iam::${cloud.accountId}:role/proxy`,
      VpcSubnetIds: ['subnet-1'],
      RequireTLS: true,
      Auth: [{ SecretArn: arn }],
    }),
  );
  await rds.send(new RegisterDBProxyTargetsCommand({ DBProxyName: 'proxy', DBInstanceIdentifiers: ['db'] }));
});

afterAll(async () => {
  distrust();
  await cloud.close();
});

async function administer(statement: string): Promise<void> {
  const client = new pg.Client(service.postgres('db').adminConnection('app'));
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function makeProxyRole(secretArn: string): Promise<void> {
  const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await asPerson(cloud, 'iam', 'CreateRole', {
    RoleName: 'proxy',
    AssumeRolePolicyDocument: document({
      Effect: 'Allow',
      Principal: { Service: 'rds.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }),
  });
  await asPerson(cloud, 'iam', 'PutRolePolicy', {
    RoleName: 'proxy',
    PolicyName: 'read',
    PolicyDocument: document({ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secretArn }),
  });
}

function consumer(healMilliseconds: number) {
  const { host, port } = service.proxy('proxy').relay;
  const { provider, observations } = environment(cloud, { maxAgeSeconds: 3_600, now: Date.now });
  const pool = new RotatingPool({
    secretId: 'app/login',
    provider,
    host,
    port,
    database: 'app',
    max: 2,
    // Every few requests connect anew, so that each rotation is met by logins.
    maxUses: 2,
    healMilliseconds,
  });
  const retries = () => observations.filter(({ event }) => event === 'connection-retried').length;
  return { pool, retries };
}

/** A single user is changed in place: first the database, then the secret; the proxy learns last. */
async function rotate(password: string): Promise<void> {
  await administer(`ALTER ROLE app PASSWORD '${password}'`);
  const { host, port } = service.proxy('proxy').relay;
  await putSecret(cloud, 'app/login', JSON.stringify({ host, port, dbname: 'app', username: 'app', password }));
}

test('single user behind a proxy that learns late: no statement fails through five rotations', async () => {
  await rotate('zero');
  const { pool, retries } = consumer(25_000);
  let isOver = false;
  let requests = 0;
  const failures: unknown[] = [];
  const load = [1, 2].map(async () => {
    while (!isOver) {
      requests += 1;
      await pool.query('SELECT 1').catch((error) => failures.push(error));
    }
  });
  try {
    for (let rotation = 1; rotation <= 5; rotation += 1) {
      const served = requests;
      await rotate(`rotation-${rotation}`);
      for (let attempt = 0; attempt < 1_000 && requests < served + 10; attempt += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(requests).toBeGreaterThanOrEqual(served + 10);
    }
  } finally {
    isOver = true;
    await Promise.all(load);
    await pool.end();
  }
  expect(failures).toEqual([]);
  expect(retries()).toBeGreaterThan(0);
});

test('without waiting it is refused, until the proxy knows the value', async () => {
  await rotate('known');
  const { pool } = consumer(25_000);
  await pool.query('SELECT 1');
  const { host, port } = service.proxy('proxy').relay;
  await administer("ALTER ROLE app PASSWORD 'news'");
  cloud.faults.add({ kind: 'error', code: 'InternalServiceError', httpStatus: 500, role: 'proxy', rate: 1 });
  await putSecret(cloud, 'app/login', JSON.stringify({ host, port, dbname: 'app', username: 'app', password: 'news' }));
  const impatient = consumer(0);
  await expect(impatient.pool.query('SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  cloud.faults.clear();
  const patient = consumer(25_000);
  expect((await patient.pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  await Promise.all([pool, impatient.pool, patient.pool].map((each) => each.end()));
});
