import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import * as v from 'valibot';
import { RotatingPool } from '../consumer/pool.ts';
import { RotatingSecretsProvider } from '../consumer/rotating-secrets-provider.ts';
import { type PostgresServer, startPostgres } from '../local/postgres/server.ts';
import { PostgresSettings } from '../pipeline/contracts/settings/postgres.ts';
import { createPostgresRotator } from '../pipeline/rotators/postgres/postgres-rotator.ts';
import { type Laptop, manage, openLaptop } from '../test/pipeline/rotators/native-rotation.ts';

export interface FailedRequests {
  readonly pipeline: string;
  readonly rotations: number;
  readonly requests: number;
  readonly failed: number;
}

interface Contestant {
  readonly pipeline: string;
  rotate(): Promise<void>;
  /** One request on a connection of its own. */
  request(): Promise<void>;
  end(): Promise<void>;
}

interface World {
  readonly laptop: Laptop;
  readonly server: PostgresServer;
}

const PAUSE_MILLISECONDS = 20;
const CLIENTS = 4;

async function newLogin({ server }: World) {
  const [username, password] = [`app_${randomUUID().slice(0, 8)}`, 'First-password-1'];
  await server.query(`CREATE ROLE ${username} LOGIN`);
  await server.setPassword(username, password);
  return { engine: 'postgres', host: server.host, port: server.port, dbname: 'postgres', username, password };
}

type Login = Awaited<ReturnType<typeof newLogin>>;

async function connect(
  { server }: World,
  { username, password }: Pick<Login, 'username' | 'password'>,
): Promise<pg.Client> {
  const { host, port, caPem } = server;
  const client = new pg.Client({ host, port, database: 'postgres', user: username, password, ssl: { ca: caPem } });
  await client.connect();
  return client;
}

async function once(world: World, login: Login, statement: string): Promise<void> {
  const client = await connect(world, login);
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/**
 * AWS's documented single-user rotation: the candidate is stored, the login gives itself its password, the candidate is
 * tried, AWSCURRENT moves. Read by Powertools with its default age of five seconds.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 */
async function documented(world: World): Promise<Contestant> {
  const { secrets, functions } = world.laptop;
  const created = await secrets.send(
    new CreateSecretCommand({ Name: `app/${randomUUID()}`, SecretString: JSON.stringify(await newLogin(world)) }),
  );
  const SecretId = created.ARN as string;
  const functionArn = `arn:aws:lambda:us-east-1:000000000000:function:documented`;
  const read = async (VersionStage: string): Promise<Login> =>
    JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString as string);
  let finished: string | undefined;
  const steps: Record<string, (token: string) => Promise<unknown>> = {
    createSecret: async (token) => {
      const candidate = { ...(await read('AWSCURRENT')), password: randomBytes(24).toString('hex') };
      const SecretString = JSON.stringify(candidate);
      const input = { SecretId, ClientRequestToken: token, SecretString, VersionStages: ['AWSPENDING'] };
      return secrets.send(new PutSecretValueCommand(input));
    },
    setSecret: async () => {
      const { username, password } = await read('AWSPENDING');
      await once(world, await read('AWSCURRENT'), `ALTER USER ${username} WITH PASSWORD '${password}'`);
    },
    testSecret: async () => once(world, await read('AWSPENDING'), 'SELECT NOW()'),
    finishSecret: async (token) => {
      const { VersionIdsToStages = {} } = await secrets.send(new DescribeSecretCommand({ SecretId }));
      const [from] = Object.entries(VersionIdsToStages).find(([, labels]) => labels.includes('AWSCURRENT')) ?? [];
      const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: token, RemoveFromVersionId: from };
      await secrets.send(new UpdateSecretVersionStageCommand(move));
      finished = token;
    },
  };
  functions.set(functionArn, async (event) => {
    const { Step, ClientRequestToken } = event as { Step: string; ClientRequestToken: string };
    await steps[Step]?.(ClientRequestToken);
  });
  const provider = new SecretsProvider({ awsSdkV3Client: secrets });
  return {
    pipeline: "AWS's single-user rotation, Powertools",
    async rotate() {
      const started = await secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: functionArn }));
      while (finished !== started.VersionId) await pause(5);
    },
    request: async () =>
      once(world, (await provider.get(SecretId, { transform: 'json' })) as unknown as Login, 'SELECT 1'),
    end: async () => undefined,
  };
}

/** Keyturn's single-user rotation, read by its pool. */
async function ours(world: World): Promise<Contestant> {
  const { laptop, server } = world;
  const secret = await manage(laptop, {
    value: JSON.stringify(await newLogin(world)),
    settings: v.parse(PostgresSettings, { strategy: 'single-user' }),
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
  const provider = new RotatingSecretsProvider({ awsSdkV3Client: laptop.secrets, observe: () => undefined });
  const pool = new RotatingPool({
    secretId: secret.arn,
    provider,
    max: CLIENTS,
    maxUses: 1,
    ssl: { ca: server.caPem },
  });
  return {
    pipeline: "Keyturn's single-user rotation, its pool",
    async rotate() {
      const { token, previous, promoted } = await secret.rotate();
      if (!promoted) throw new Error('The rotation was not promoted.', { cause: secret.failures.at(-1) });
      const promotedAt = new Date().toISOString();
      await secret.ask({ operation: 'Retire', versionId: token, previousVersionId: previous, promotedAt });
    },
    request: async () => void (await pool.query('SELECT 1')),
    end: () => pool.end(),
  };
}

async function run(contestant: Contestant, rotations: number, secondsBetween: number): Promise<FailedRequests> {
  let [requests, failed] = [0, 0];
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!isOver) {
      requests += 1;
      // What is counted is what a caller of the application sees.
      await contestant.request().catch(() => {
        failed += 1;
      });
      await pause(PAUSE_MILLISECONDS);
    }
  });
  for (let rotation = 0; rotation < rotations; rotation += 1) {
    await pause(secondsBetween * 1000);
    await contestant.rotate();
  }
  await pause(secondsBetween * 1000);
  isOver = true;
  await Promise.all(clients);
  await contestant.end();
  return { pipeline: contestant.pipeline, rotations, requests, failed };
}

/** The same load through the same number of rotations, against one PostgreSQL. */
export async function measureFailedRequests({ rotations = 5, secondsBetween = 6 } = {}): Promise<FailedRequests[]> {
  const directory = await mkdtemp(join(tmpdir(), 'keyturn-bench-'));
  const server = await startPostgres({ directory });
  const laptop = await openLaptop();
  const world = { laptop, server };
  try {
    const results: FailedRequests[] = [];
    for (const open of [documented, ours]) results.push(await run(await open(world), rotations, secondsBetween));
    return results;
  } finally {
    await laptop.close();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
