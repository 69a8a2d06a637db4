import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetSecretValueCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import * as v from 'valibot';
import {
  type PostgresOptions,
  type PostgresServer,
  startPostgres,
} from '../../../../packages/laptop/postgres/server.ts';
import { databaseAddress, type PostgresPayload } from '../../../../pipeline/contracts/payloads/postgres.ts';
import { PostgresSettings } from '../../../../pipeline/contracts/settings/postgres.ts';
import { connectWith, type Session } from '../../../../pipeline/rotators/postgres/connect.ts';
import type { PostgresRotatorDependencies } from '../../../../pipeline/rotators/postgres/dependencies.ts';
import { createPostgresRotator } from '../../../../pipeline/rotators/postgres/postgres-rotator.ts';
import type { Rotation, SecretVersion } from '../../../../pipeline/rotators/rotator.ts';

export const ADMINISTRATOR = { user: 'postgres_admin', password: 'Administrator-1' };
export const SUPERUSER_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:superuser-AbCdEf';

/** The three calls that the rotator makes, against values in memory; each is recorded. */
export function secretsInMemory(values: Map<string, string>) {
  const calls: { operation: string; secretId: string; token?: string }[] = [];
  const send = async (command: unknown) => {
    const { SecretId, ClientRequestToken, SecretString } = (command as PutSecretValueCommand).input;
    const operation = (command as object).constructor.name.replace('Command', '');
    calls.push({ operation, secretId: SecretId!, ...(ClientRequestToken && { token: ClientRequestToken }) });
    if (command instanceof PutSecretValueCommand) {
      values.set(SecretId!, SecretString!);
      return {};
    }
    const value = values.get(SecretId!);
    if (value === undefined) throw Object.assign(new Error('not there'), { name: 'ResourceNotFoundException' });
    return command instanceof GetSecretValueCommand ? { SecretString: value } : { Tags: JSON.parse(value).tags ?? [] };
  };
  return { client: { send } as unknown as PostgresRotatorDependencies['secretsManager'], calls, values };
}

export async function startTarget(options: Omit<PostgresOptions, 'directory'> = { logStatement: 'all' }) {
  const directory = await mkdtemp(join(tmpdir(), 'postgres-rotator-'));
  const server = await startPostgres({ directory, ...options });
  await server.createAdministrator(ADMINISTRATOR);
  const stop = async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { server, stop };
}

export type Pair = Awaited<ReturnType<typeof newSecret>>;

/** A fresh database with a base login made by the administrator, its secret, and a rotator for it. */
export async function newSecret(
  server: PostgresServer,
  options: {
    username?: string;
    password?: string;
    settings?: Record<string, unknown>;
    dependencies?: Partial<PostgresRotatorDependencies>;
    createdBy?: 'administrator' | 'superuser';
  } = {},
) {
  const id = randomUUID().slice(0, 8);
  const username = options.username ?? `app_${id}`;
  const password = options.password ?? `First-${id}`;
  const database = `db_${id}`;
  await server.createDatabase(database, { owner: ADMINISTRATOR.user });
  const connect = connectWith(server.caPem);
  const as = async <Result>(
    login: { username: string; password: string },
    work: (session: Session) => Promise<Result>,
  ) => {
    const session = await connect({ host: server.host, port: server.port, database, tls: true }, login);
    try {
      return await work(session);
    } finally {
      await session.end();
    }
  };
  const administer = (statement: string, values?: unknown[]) =>
    as({ username: ADMINISTRATOR.user, password: ADMINISTRATOR.password }, (session) =>
      session.query(statement, values),
    );
  const name = quote(username);
  if (options.createdBy === 'superuser') await server.query(`CREATE ROLE ${name} LOGIN`);
  else await administer(`CREATE ROLE ${name} LOGIN`);
  await server.setPassword(username, password);
  await server.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${name}`, [], database);

  const superuser = {
    engine: 'postgres',
    host: server.host,
    port: server.port,
    username: ADMINISTRATOR.user,
    password: ADMINISTRATOR.password,
  };
  const secrets = secretsInMemory(new Map([[SUPERUSER_ARN, JSON.stringify(superuser)]]));
  const dependencies: PostgresRotatorDependencies = {
    secretsManager: secrets.client,
    rds: () => ({ send: async () => ({}) }) as never,
    now: () => new Date(),
    randomBytes,
    caBundle: server.caPem,
    ...options.dependencies,
  };
  const rotator = createPostgresRotator(dependencies);
  const settings = v.parse(PostgresSettings, { superuserSecretArn: SUPERUSER_ARN, ...options.settings });
  const first: PostgresPayload = {
    engine: 'postgres',
    host: server.host,
    port: server.port,
    dbname: database,
    username,
    password,
  };
  const state: {
    current: SecretVersion<PostgresPayload>;
    previous?: SecretVersion<PostgresPayload>;
    /** The guard of every operation. */
    assertNotOvertaken: () => Promise<void>;
  } = {
    current: { versionId: randomUUID(), payload: first },
    assertNotOvertaken: async () => undefined,
  };
  const rotation = (token: string, emergency = false): Rotation<PostgresSettings> => ({
    secretArn: `arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/${id}-AbCdEf`,
    secretName: `app/${id}`,
    token,
    settings,
    emergency,
    assertNotOvertaken: () => state.assertNotOvertaken(),
  });
  /** The steps as Secrets Manager calls them, up to but without promotion. */
  const prepare = async () => {
    const step = rotation(randomUUID());
    const payload = await rotator.create(step, { current: state.current });
    const versions = { ...state, pending: { versionId: step.token, payload } };
    await rotator.set(step, versions);
    await rotator.test(step, versions);
    return { step, pending: versions.pending };
  };
  const rotate = async () => {
    const { step, pending } = await prepare();
    state.previous = state.current;
    state.current = pending;
    return step;
  };
  return {
    id,
    server,
    database,
    username,
    as,
    administer,
    secrets,
    dependencies,
    rotator,
    settings,
    state,
    rotation,
    prepare,
    rotate,
  };
}

export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const addressOf = (payload: PostgresPayload) => databaseAddress(payload);
