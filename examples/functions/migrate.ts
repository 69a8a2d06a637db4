import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { certificates } from './certificates.ts';

const secrets = new SecretsManagerClient({});

interface DatabaseSecret {
  host: string;
  port: number;
  dbname: string;
  username: string;
  password: string;
}

/** Makes the application's login and tables. May run again: each statement asks first. */
export async function handler(): Promise<{ migrated: string[] }> {
  const superuser = await read(process.env.SUPERUSER_SECRET_ARN);
  const app = await read(process.env.DB_SECRET_ARN);
  const client = new pg.Client({
    host: superuser.host,
    port: superuser.port,
    database: app.dbname,
    user: superuser.username,
    password: superuser.password,
    ssl: { ca: certificates(), rejectUnauthorized: true },
  });
  await client.connect();
  try {
    return { migrated: await migrate(client, app) };
  } finally {
    await client.end();
  }
}

async function migrate(client: pg.Client, app: DatabaseSecret): Promise<string[]> {
  const done: string[] = [];
  const { rows } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [app.username]);
  if (rows.length === 0) {
    const { rows: quoted } = await client.query(
      "SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', $1::text, $2::text) AS sql",
      [app.username, app.password],
    );
    await client.query(quoted[0].sql);
    done.push('login');
  }
  // From PostgreSQL 16 on, whoever makes a role may not act as it before granting it to themselves.
  const { rows: membership } = await client.query("SELECT format('GRANT %I TO CURRENT_USER', $1::text) AS sql", [
    app.username,
  ]);
  await client.query(membership[0].sql);
  const { rows: grant } = await client.query(
    "SELECT format('GRANT CREATE, USAGE ON SCHEMA public TO %I', $1::text) AS sql",
    [app.username],
  );
  await client.query(grant[0].sql);
  const { rows: as } = await client.query("SELECT format('SET ROLE %I', $1::text) AS sql", [app.username]);
  await client.query(as[0].sql);
  await client.query(
    'CREATE TABLE IF NOT EXISTS items (id bigserial PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())',
  );
  done.push('items');
  return done;
}

async function read(secretArn: string | undefined): Promise<DatabaseSecret> {
  const answer = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
  return JSON.parse(answer.SecretString ?? '');
}
