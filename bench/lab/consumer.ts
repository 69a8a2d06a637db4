import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import pg from 'pg';
import { RotatingSecretsProvider, withFreshSecrets } from '../../packages/consumer/index.ts';
import { RotatingPool } from '../../packages/consumer/pool.ts';
import { type Answer, fingerprint } from './answer.ts';

interface Login {
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
}

const environmentId = randomUUID();
const secretId = process.env.SECRET_ARN ?? '';
/** An application's request: a statement of a second, on a connection of its own. */
const STATEMENT = 'SELECT pg_sleep(1)';

async function byPowertools(): Promise<Answer> {
  const login = (await getSecret(secretId, { transform: 'json' })) as unknown as Login;
  const { username: user, password, host, port, dbname: database } = login;
  const ca = readFileSync(process.env.PGSSLROOTCERT ?? '', 'utf8');
  const client = new pg.Client({ host, port, database, user, password, ssl: { ca } });
  await client.connect();
  await client.query(STATEMENT).finally(() => client.end());
  return { environmentId, holds: fingerprint(password) };
}

function byPool(): () => Promise<Answer> {
  const provider = new RotatingSecretsProvider({ maxAgeSeconds: 3_600, observe: () => undefined });
  const pool = new RotatingPool({ secretId, provider, max: 1, maxUses: 1, healMilliseconds: 15_000 });
  return async () => {
    const client = await pool.connect();
    try {
      await client.query(STATEMENT);
      return { environmentId, holds: pool.versionOf(client) };
    } finally {
      client.release();
    }
  };
}

export const handler = process.env.READER === 'powertools' ? byPowertools : withFreshSecrets(byPool());
