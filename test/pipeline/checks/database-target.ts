import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateDBInstanceCommand,
  CreateDBInstanceReadReplicaCommand,
  CreateDBProxyCommand,
  RDSClient,
  RegisterDBProxyTargetsCommand,
} from '@aws-sdk/client-rds';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import createRdsService, { type RdsService } from '../../../packages/laptop/services/rds/service.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import { databaseCheck } from '../../../pipeline/checks/database.ts';
import { runCheck } from '../../../pipeline/checks/run-check.ts';
import { clientOptions } from '../../packages/laptop/wire/probe.ts';

const REFRESH_MILLISECONDS = 300;
const BASE = { username: 'shop', password: 'First-1' };
const SECOND = { username: 'shop_clone', password: 'Second-1' };

/**
 * An instance, its replica and a proxy of the laptop's RDS, with two logins of one owner role, both registered with the
 * proxy; and the database check as its function runs it.
 */
export async function startDatabaseTarget() {
  const cloud = await createCloud({
    services: [createRdsService, createSecretsManagerService] as never,
    settings: { proxyRefreshMilliseconds: REFRESH_MILLISECONDS },
    log: () => undefined,
  });
  const options = clientOptions(cloud);
  const rds = new RDSClient(options);
  const secretsManager = new SecretsManagerClient(options);
  const service = cloud.service<RdsService>('rds');
  await service.ready;
  const caBundle = await readFile(service.caBundlePath, 'utf8');
  const administrator = { MasterUsername: 'boss', MasterUserPassword: 'Administrator1' };
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
  await rds.send(
    new CreateDBInstanceReadReplicaCommand({ DBInstanceIdentifier: 'reader', SourceDBInstanceIdentifier: 'db' }),
  );
  await service.databases.opened(service.state.instance('us-east-1', 'reader'));
  const host = service.postgres('db').host;
  const { port } = service.postgres('db');

  const sql = async (...statements: string[]) => {
    const client = new pg.Client(service.postgres('db').adminConnection('app'));
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  const newSecret = async (name: string, value: object) => {
    const created = await secretsManager.send(
      new CreateSecretCommand({ Name: name, SecretString: JSON.stringify(value) }),
    );
    return { arn: created.ARN!, versionId: created.VersionId! };
  };
  const put = async (arn: string, value: object) => {
    const answer = await secretsManager.send(
      new PutSecretValueCommand({ SecretId: arn, SecretString: JSON.stringify(value) }),
    );
    return answer.VersionId!;
  };
  await sql(
    `CREATE ROLE shop LOGIN PASSWORD '${BASE.password}'`,
    `CREATE ROLE shop_clone LOGIN PASSWORD '${SECOND.password}'`,
    `CREATE ROLE stranger LOGIN PASSWORD 'Stranger-1'`,
    'GRANT shop TO shop_clone',
    'ALTER ROLE shop_clone SET role TO shop',
    'CREATE TABLE items (id int)',
    'CREATE TABLE audit_log (id int)',
    'GRANT SELECT, INSERT ON items TO shop',
  );
  const registered = {
    base: await newSecret('proxy/shop', BASE),
    second: await newSecret('proxy/shop_clone', SECOND),
  };
  await allowProxy(new IAMClient(options), Object.values(registered));
  await rds.send(
    new CreateDBProxyCommand({
      DBProxyName: 'proxy',
      EngineFamily: 'POSTGRESQL',
      RoleArn: 'arn:aws:iam::000000000000:role/proxy',
      VpcSubnetIds: ['subnet-1'],
      RequireTLS: true,
      Auth: Object.values(registered).map(({ arn }) => ({ SecretArn: arn })),
    }),
  );
  await rds.send(new RegisterDBProxyTargetsCommand({ DBProxyName: 'proxy', DBInstanceIdentifiers: ['db'] }));
  const { relay: proxyRelay } = service.proxy('proxy');
  const proxy = { name: 'proxy', endpoint: proxyRelay.host, port: proxyRelay.port, refreshBoundSeconds: 3 };
  const payload = (login: object = SECOND, more: object = {}) => ({
    engine: 'postgres',
    host,
    port,
    dbname: 'app',
    dbInstanceIdentifier: 'db',
    ...login,
    ...more,
  });

  /** One run of the check on a fresh secret that holds `value`. */
  const check = async (
    value: object,
    parameters: Record<string, unknown> = {},
    more: { ca?: string; versionId?: (first: string) => Promise<string>; rds?: RDSClient } = {},
  ) => {
    const secret = await newSecret(`app/${randomUUID()}`, value);
    const versionId = (await more.versionId?.(secret.arn)) ?? secret.versionId;
    const database = databaseCheck({
      secretsManager,
      rds: () => more.rds ?? rds,
      now: () => new Date(),
      sleep: (milliseconds) => sleep(milliseconds),
      caBundle: more.ca ?? caBundle,
    });
    const settings = {
      name: 'database',
      type: 'database',
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:check',
      parameters,
    };
    const request = { check: settings, secretArn: secret.arn, secretName: 'app/db', versionId };
    return runCheck({ database }, request, () => new Date());
  };
  return {
    cloud,
    service,
    rds,
    caBundle,
    host,
    port,
    proxy,
    registered,
    sql,
    put,
    payload,
    check,
    BASE,
    SECOND,
  };
}

async function allowProxy(iam: IAMClient, secrets: { arn: string }[]): Promise<void> {
  const trust = { Effect: 'Allow', Principal: { Service: 'rds.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateRoleCommand({ RoleName: 'proxy', AssumeRolePolicyDocument: document(trust) }));
  const read = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secrets.map(({ arn }) => arn) };
  await iam.send(new PutRolePolicyCommand({ RoleName: 'proxy', PolicyName: 'read', PolicyDocument: document(read) }));
}
