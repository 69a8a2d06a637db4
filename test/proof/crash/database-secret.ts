import { randomBytes, randomUUID } from 'node:crypto';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import * as v from 'valibot';
import type { ServiceFactory } from '../../../packages/laptop/cloud.ts';
import type { PostgresServer } from '../../../packages/laptop/postgres/server.ts';
import { databaseAddress, type PostgresPayload } from '../../../pipeline/contracts/payloads/postgres.ts';
import { PostgresSettings } from '../../../pipeline/contracts/settings/postgres.ts';
import type { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import type { RotationFunction } from '../../../pipeline/rotation/rotation-function.ts';
import { connectWith } from '../../../pipeline/rotators/postgres/connect.ts';
import { LoginRefused } from '../../../pipeline/rotators/postgres/database-errors.ts';
import { createPostgresRotator } from '../../../pipeline/rotators/postgres/postgres-rotator.ts';
import { type Managed, manage, openLaptop } from '../../pipeline/rotators/native-rotation.ts';
import { ADMINISTRATOR, quote, startTarget } from '../../pipeline/rotators/postgres/fixture.ts';
import { Faults } from './faults.ts';
import type { Subject, World } from './parts.ts';

export interface DatabaseLaptop extends World {
  readonly server: PostgresServer;
  readonly superuserArn: string;
  close(): Promise<void>;
}

/** The laptop's Secrets Manager and a real PostgreSQL, with faults around whatever a rotation function calls. */
export async function openDatabaseLaptop(services: ServiceFactory[] = []): Promise<DatabaseLaptop> {
  const laptop = await openLaptop(services);
  const { server, stop } = await startTarget({});
  const faults = new Faults();
  faults.around(laptop);
  const { host, port } = server;
  const superuser = { engine: 'postgres', host, port, username: ADMINISTRATOR.user, password: ADMINISTRATOR.password };
  const { ARN } = await laptop.secrets.send(
    new CreateSecretCommand({ Name: `superuser/${randomUUID()}`, SecretString: JSON.stringify(superuser) }),
  );
  const close = async () => {
    await laptop.close();
    await stop();
  };
  return { laptop, server, faults, superuserArn: ARN as string, close };
}

export interface DatabaseSecret extends Subject {
  /** The login of AWSCURRENT. */
  current(): PostgresPayload;
  /** The logins that the secret has in the database. */
  logins(): Promise<{ login: string; enabled: boolean }[]>;
}

/** A login made by the administrator, in the care of the PostgreSQL rotator; with a database of its own unless one is given. */
export async function manageDatabaseSecret(
  { laptop, server, faults, superuserArn }: DatabaseLaptop,
  strategy: 'alternating-users' | 'single-user',
  options: { database?: string; secret?: Partial<SecretSettings>; adopt?: RotationFunction['adopt'] } = {},
): Promise<DatabaseSecret> {
  const id = randomUUID().slice(0, 8);
  const [database, username, password] = [options.database ?? `db_${id}`, `app_${id}`, `First-${id}`];
  if (options.database === undefined) await server.createDatabase(database, { owner: ADMINISTRATOR.user });
  const connect = connectWith(server.caPem);
  const address = { host: server.host, port: server.port, database, tls: true };
  const administrator = await connect(address, { username: ADMINISTRATOR.user, password: ADMINISTRATOR.password });
  await administrator.query(`CREATE ROLE ${quote(username)} LOGIN`);
  await administrator.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${quote(username)}`);
  await administrator.end();
  await server.setPassword(username, password);
  const first = { engine: 'postgres', host: server.host, port: server.port, dbname: database, username, password };
  const managed = await manage(laptop, {
    value: JSON.stringify(first),
    settings: v.parse(PostgresSettings, {
      strategy,
      ...(strategy === 'alternating-users' && { superuserSecretArn: superuserArn }),
    }),
    secret: { kind: 'postgres', ...options.secret },
    ...(options.adopt && { adopt: options.adopt }),
    rotator: (secretsManager) =>
      createPostgresRotator({
        secretsManager,
        rds: () => ({ send: async () => ({}) }) as never,
        now: () => laptop.clock.now(),
        sleep: (milliseconds) => laptop.clock.advance(milliseconds),
        randomBytes,
        caBundle: server.caPem,
        connect: faults.connect(connect),
      }),
  });
  const secret = faults.watch(laptop, managed);
  const current = () => JSON.parse(secret.value()) as PostgresPayload;
  const logins = async () => {
    const statement =
      'SELECT rolname::text AS login, rolcanlogin AS enabled FROM pg_roles WHERE rolname LIKE $1 ORDER BY 1';
    return (await server.query<{ login: string; enabled: boolean }>(statement, [`%${id}%`])).rows;
  };
  /** A machine that is slow to answer refuses nobody: only what the server says counts. */
  const useCurrent = async (tries = 3): Promise<void> => {
    const payload = current();
    try {
      await (await connect(databaseAddress(payload), payload)).end();
    } catch (error) {
      if (error instanceof LoginRefused || tries === 1) throw error;
      await useCurrent(tries - 1);
    }
  };
  return {
    secret,
    current,
    logins,
    useCurrent,
    async expectClean() {
      await useCurrent();
      await expectNoLabels(secret);
      const found = await logins();
      expect(found.length).toBeLessThanOrEqual(2);
      expect(found.filter(({ enabled }) => enabled)).toEqual([{ login: current().username, enabled: true }]);
    },
  };
}

/** Nothing is under way and nothing is left: AWSPENDING may rest beside AWSCURRENT, where it is in nobody's way. */
export async function expectNoLabels(secret: Managed): Promise<void> {
  const stages = Object.values(await secret.stages());
  expect(stages.filter((labels) => labels.includes('AWSPENDING') && !labels.includes('AWSCURRENT'))).toEqual([]);
  expect(stages.flat()).not.toContain('KEYTURN_IN_FLIGHT');
}
