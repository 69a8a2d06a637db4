import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import pg from 'pg';
import { certificates } from './certificates.ts';

interface DatabaseSecret {
  host: string;
  port: number;
  dbname: string;
  username: string;
  password: string;
}

/** Adds an item and lists the newest, on a new connection for each request. */
export async function handler(event: { name?: string }): Promise<{ login: string; items: string[] }> {
  const secret = await getSecret(process.env.DB_SECRET_ARN ?? '', { maxAge: 5, transform: 'json' });
  const { host, port, dbname, username, password } = secret as unknown as DatabaseSecret;
  const client = new pg.Client({
    host,
    port,
    database: dbname,
    user: username,
    password,
    ssl: { ca: certificates(), rejectUnauthorized: true },
    application_name: 'example-items',
  });
  await client.connect();
  try {
    await client.query('INSERT INTO items (name) VALUES ($1)', [event.name ?? 'unnamed']);
    const { rows } = await client.query('SELECT name FROM items ORDER BY id DESC LIMIT 10');
    return { login: username, items: rows.map((row) => row.name) };
  } finally {
    await client.end();
  }
}
