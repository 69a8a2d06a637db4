import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../../packages/laptop/postgres/server.ts';

const password = 'it\'s "$ecret" \\ %41';
let directory: string;
let server: PostgresServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'server-test-'));
  server = await startPostgres({ directory, clusterName: 'under-test', logStatement: 'all' });
  await server.createAdministrator({ user: 'postgres', password });
  await server.createDatabase('app', { owner: 'postgres' });
});

afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

async function login(config: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    user: 'postgres',
    password,
    database: 'app',
    ssl: { ca: server.caPem },
    ...config,
  });
  await client.connect();
  return client;
}

describe('a server of the laptop', () => {
  test('lets the administrator in by SCRAM over verified TLS', async () => {
    const client = await login();
    const { rows } = await client.query(
      `select current_user as who, ssl, (select rolsuper from pg_roles where rolname = current_user) as super
       from pg_stat_ssl where pid = pg_backend_pid()`,
    );
    expect(rows).toEqual([{ who: 'postgres', ssl: true, super: false }]);
    await client.end();
  });

  test('refuses a wrong password and a certificate authority that did not sign', async () => {
    await expect(login({ password: 'wrong' })).rejects.toMatchObject({ code: '28P01' });
    await expect(login({ ssl: true })).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('lets nobody in as superuser over TCP', async () => {
    await expect(login({ user: 'rdsadmin' })).rejects.toMatchObject({ code: '28000' });
  });

  test('gives the administrator what RDS gives: roles and databases of its own, monitoring, and no more', async () => {
    const client = await login();
    await client.query(`CREATE ROLE app_owner NOLOGIN; CREATE ROLE app LOGIN PASSWORD 'irrelevant'`);
    await client.query('GRANT pg_monitor TO app');
    await client.query('CREATE DATABASE second');
    await expect(client.query('CREATE ROLE boss SUPERUSER')).rejects.toMatchObject({ code: '42501' });
    await expect(client.query("SELECT pg_read_file('/etc/passwd')")).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });

  test('copies a template quickly', async () => {
    await server.query(
      'CREATE TABLE seeded AS SELECT 42 AS answer; GRANT SELECT ON seeded TO postgres',
      undefined,
      'app',
    );
    const before = Date.now();
    await server.createDatabase('copy', { owner: 'postgres', template: 'app' });
    expect(Date.now() - before).toBeLessThan(1_000);
    const client = await login({ database: 'copy' });
    expect((await client.query('SELECT answer FROM seeded')).rows).toEqual([{ answer: 42 }]);
    await client.end();
  });

  test('changes a password as a verifier: the log holds neither of them', async () => {
    await server.setPassword('postgres', 'changed for a moment');
    const client = await login({ password: 'changed for a moment' });
    await client.query('SELECT 1 AS in_the_log');
    await client.end();
    await server.setPassword('postgres', password);
    expect(server.log()).toContain('in_the_log');
    expect(server.log()).not.toContain('changed for a moment');
    expect(server.log()).not.toContain('SCRAM-SHA-256$');
  });
});

test('a server dies with its process, even by SIGKILL, and takes its data along', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'server-kill-'));
  const module = fileURLToPath(new URL('../../../../packages/laptop/postgres/server.ts', import.meta.url));
  const program = `
    const { startPostgres } = await import(${JSON.stringify(module)});
    const server = await startPostgres({ directory: ${JSON.stringify(folder)} });
    const pid = await server.query("select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int as pid");
    console.log(JSON.stringify({ pid: pid.rows[0].pid, port: server.port, socket: server.superuser.host }));
    setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk)));
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
  const started = JSON.parse(line) as { pid: number; port: number; socket: string };
  expect(alive(started.pid)).toBe(true);
  child.kill('SIGKILL');
  await until(() => !alive(started.pid));
  await until(async () => (await readdir(dirname(started.socket)).catch(() => [])).length === 0);
  const again = await startPostgres({ directory: folder });
  await again.stop();
  await rm(folder, { recursive: true });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error('it did not come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
