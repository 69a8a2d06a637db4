import { randomBytes, scryptSync } from 'node:crypto';
import {
  CreateServiceSpecificCredentialCommand,
  IAMClient,
  ListServiceSpecificCredentialsCommand,
} from '@aws-sdk/client-iam';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { databaseTls } from '@keyturn/consumer/pool';
import { computeScramVerifier } from 'keyturn/scram';
import pg from 'pg';

const secrets = new SecretsManagerClient({});
const iam = new IAMClient({});
const BEDROCK = 'bedrock.amazonaws.com';

interface DatabaseSecret {
  host: string;
  port: number;
  dbname: string;
  username: string;
  password: string;
}

/**
 * Run once after the first deployment: makes the application's login and tables, a user with the password in the event,
 * and the first API key. May run again: each step asks first.
 */
export async function handler(event: { user?: string; password?: string }): Promise<{ made: string[] }> {
  const superuser = await read(process.env.SUPERUSER_SECRET_ARN);
  const app = await read(process.env.DB_SECRET_ARN);
  const client = new pg.Client({
    host: superuser.host,
    port: superuser.port,
    database: app.dbname,
    user: superuser.username,
    password: superuser.password,
    ssl: databaseTls(true),
  });
  await client.connect();
  try {
    const made = [...(await makeLogin(client, app)), ...(await makeTables(client, app))];
    if (event.user && event.password) made.push(await makeAccount(client, event.user, event.password));
    return { made: [...made, ...(await makeApiKey())] };
  } finally {
    await client.end();
  }
}

/** Names and literals are quoted by the server. */
async function run(client: pg.Client, template: string, ...names: string[]): Promise<void> {
  const { rows } = await client.query('SELECT format($1, VARIADIC $2::text[]) AS statement', [template, names]);
  await client.query(rows[0].statement);
}

async function makeLogin(client: pg.Client, app: DatabaseSecret): Promise<string[]> {
  const { rows } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [app.username]);
  if (rows.length > 0) return [];
  // A verifier instead of the password: the statement is in the server's log.
  await run(
    client,
    'CREATE ROLE %I LOGIN PASSWORD %L',
    app.username,
    await computeScramVerifier(app.password, randomBytes),
  );
  // From PostgreSQL 16 on, the maker of a role may not act as it before granting it to themselves.
  await run(client, 'GRANT %I TO CURRENT_USER', app.username);
  await run(client, 'GRANT CREATE, USAGE ON SCHEMA public TO %I', app.username);
  return ['login'];
}

async function makeTables(client: pg.Client, app: DatabaseSecret): Promise<string[]> {
  const { rows } = await client.query("SELECT to_regclass('public.items') AS items");
  if (rows[0].items) return [];
  await run(client, 'SET ROLE %I', app.username);
  await client.query('CREATE TABLE accounts (name text PRIMARY KEY, salt bytea NOT NULL, hash bytea NOT NULL)');
  await client.query(
    'CREATE TABLE items (id bigserial PRIMARY KEY, owner text NOT NULL, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())',
  );
  await client.query('CREATE INDEX ON items (owner, id)');
  await client.query('RESET ROLE');
  return ['tables'];
}

async function makeAccount(client: pg.Client, user: string, password: string): Promise<string> {
  const salt = randomBytes(16);
  const account = [user, salt, scryptSync(password, salt, 32)];
  await client.query(
    'INSERT INTO accounts (name, salt, hash) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET salt = $2, hash = $3',
    account,
  );
  return 'account';
}

async function makeApiKey(): Promise<string[]> {
  const user = { UserName: process.env.BEDROCK_USER, ServiceName: BEDROCK };
  const { ServiceSpecificCredentials = [] } = await iam.send(new ListServiceSpecificCredentialsCommand(user));
  if (ServiceSpecificCredentials.length > 0) return [];
  const { ServiceSpecificCredential: made } = await iam.send(
    new CreateServiceSpecificCredentialCommand({ UserName: process.env.BEDROCK_USER ?? '', ServiceName: BEDROCK }),
  );
  await secrets.send(
    new PutSecretValueCommand({
      SecretId: process.env.API_KEY_SECRET_ARN,
      SecretString: JSON.stringify({
        api_key: made?.ServiceCredentialSecret,
        api_key_id: made?.ServiceSpecificCredentialId,
      }),
    }),
  );
  return ['API key'];
}

async function read(secretArn: string | undefined): Promise<DatabaseSecret> {
  const answer = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
  return JSON.parse(answer.SecretString ?? '');
}
