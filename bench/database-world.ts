import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import * as v from 'valibot';
import { type PostgresServer, startPostgres } from '../packages/laptop/postgres/server.ts';
import { PostgresSettings } from '../pipeline/contracts/settings/postgres.ts';
import { createPostgresRotator } from '../pipeline/rotators/postgres/postgres-rotator.ts';
import { type Laptop, type Managed, manage, openLaptop } from '../test/pipeline/rotators/native-rotation.ts';
import { documentedRotation, type Login } from './documented-rotation.ts';

export type Strategy = 'single-user' | 'alternating-users';

/** One PostgreSQL over TLS and one Secrets Manager, for both pipelines. */
export interface World {
  readonly laptop: Laptop;
  readonly server: PostgresServer;
  readonly superuserArn: string;
}

const ADMINISTRATOR = { username: 'administrator', password: 'Administrator-1' };

export async function withWorld<Result>(work: (world: World) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'keyturn-bench-'));
  const server = await startPostgres({ directory });
  const laptop = await openLaptop();
  try {
    await server.createAdministrator({ user: ADMINISTRATOR.username, password: ADMINISTRATOR.password });
    const superuserArn = await newSecret(laptop, { ...addressOf(server), ...ADMINISTRATOR });
    return await work({ laptop, server, superuserArn });
  } finally {
    await laptop.close();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

export async function connect({ server }: World, { username, password }: Login): Promise<pg.Client> {
  const { host, port, caPem } = server;
  const client = new pg.Client({ host, port, database: 'postgres', user: username, password, ssl: { ca: caPem } });
  await client.connect();
  return client;
}

/** AWS's documented rotation of a login of its own; `rotate` ends when AWSCURRENT has moved. */
export async function documentedSecret(
  world: World,
  strategy: Strategy,
): Promise<{ arn: string; rotate(): Promise<void> }> {
  const { secrets, functions } = world.laptop;
  const arn = await newSecret(world.laptop, await newLogin(world));
  const functionArn = `arn:aws:lambda:us-east-1:000000000000:function:documented-${randomUUID()}`;
  const run = documentedRotation({
    secrets,
    connect: (login) => connect(world, login),
    ...(strategy === 'alternating-users' && { superuserArn: world.superuserArn }),
  });
  let finished: string | undefined;
  const failures: unknown[] = [];
  functions.set(functionArn, async (event) => {
    await run(event).catch((error) => {
      failures.push(error);
      throw error;
    });
    const { Step, ClientRequestToken } = event as { Step: string; ClientRequestToken: string };
    if (Step === 'finishSecret') finished = ClientRequestToken;
  });
  return {
    arn,
    async rotate() {
      const { VersionId } = await secrets.send(
        new RotateSecretCommand({ SecretId: arn, RotationLambdaARN: functionArn }),
      );
      while (finished !== VersionId) {
        if (failures.length > 0) throw new Error('The documented rotation failed.', { cause: failures[0] });
        await pause(5);
      }
    },
  };
}

/** Keyturn's rotation of a login of its own; the previous credential is retired at once, as after a grace period of zero. */
export async function ourSecret(
  world: World,
  strategy: Strategy,
): Promise<Pick<Managed, 'arn'> & { rotate(): Promise<void> }> {
  const { laptop, server, superuserArn } = world;
  const secret = await manage(laptop, {
    value: JSON.stringify(await newLogin(world)),
    settings: v.parse(PostgresSettings, { strategy, superuserSecretArn: superuserArn }),
    secret: { kind: 'postgres' },
    rotator: (secretsManager) =>
      createPostgresRotator({
        secretsManager,
        rds: () => ({ send: async () => ({}) }) as never,
        now: () => new Date(),
        randomBytes,
        caBundle: server.caPem,
      }),
  });
  return {
    arn: secret.arn,
    async rotate() {
      const { token, previous, promoted } = await secret.rotate();
      if (!promoted) throw new Error('The rotation was not promoted.', { cause: secret.failures.at(-1) });
      const promotedAt = new Date().toISOString();
      await secret.ask({ operation: 'Retire', versionId: token, previousVersionId: previous, promotedAt });
    },
  };
}

async function newSecret(laptop: Laptop, value: object): Promise<string> {
  const created = await laptop.secrets.send(
    new CreateSecretCommand({ Name: `bench/${randomUUID()}`, SecretString: JSON.stringify(value) }),
  );
  return created.ARN as string;
}

const addressOf = ({ host, port }: PostgresServer) => ({ engine: 'postgres', host, port, dbname: 'postgres' });

async function newLogin(world: World) {
  const { server } = world;
  const [username, password] = [`app_${randomUUID().slice(0, 8)}`, 'First-password-1'];
  // Made by the administrator, who may then rotate it and make its second login.
  const administrator = await connect(world, ADMINISTRATOR);
  await administrator.query(`CREATE ROLE ${username} LOGIN`).finally(() => administrator.end());
  await server.setPassword(username, password);
  return { ...addressOf(server), username, password };
}
