import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../../../../packages/laptop/clock.ts';
import { type Authorities, createAuthorities } from '../../../../packages/laptop/postgres/certificates.ts';
import { type Relay, startInstanceRelay } from '../../../../packages/laptop/postgres/relay.ts';
import { type PostgresServer, startPostgres } from '../../../../packages/laptop/postgres/server.ts';

const password = 'secret of the administrator';
let directory: string;
let server: PostgresServer;
let authorities: Authorities;
let relay: Relay;
let reader: Relay;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'relay-test-'));
  authorities = await createAuthorities();
  server = await startPostgres({ directory });
  await server.createAdministrator({ user: 'admin', password });
  await server.createDatabase('app', { owner: 'admin' });
  const options = { clock: systemClock, upstream: server };
  const certificate = (host: string) => authorities.instance.issue({ hosts: [host] });
  relay = await startInstanceRelay({ ...options, host: '127.0.0.2', certificate: await certificate('127.0.0.2') });
  reader = await startInstanceRelay({
    ...options,
    host: '127.0.0.3',
    certificate: await certificate('127.0.0.3'),
    readOnly: true,
  });
});

afterAll(async () => {
  await relay.close();
  await reader.close();
  await server.stop();
  await rm(directory, { recursive: true });
});

afterEach(() => {
  relay.clearFaults();
  relay.forget();
});

const openClients: pg.Client[] = [];
afterEach(async () => {
  for (const client of openClients.splice(0)) await client.end();
});

async function login(config: pg.ClientConfig = {}, through: Relay = relay): Promise<pg.Client> {
  const client = new pg.Client({
    host: through.host,
    port: through.port,
    user: 'admin',
    password,
    database: 'app',
    application_name: 'test',
    ssl: { ca: authorities.caBundlePem },
    ...config,
  });
  client.on('error', () => undefined);
  await client.connect();
  openClients.push(client);
  return client;
}

describe('the endpoint of an instance', () => {
  test('admits by the server’s own SCRAM, over TLS verified by host and authority', async () => {
    const client = await login();
    const { rows } = await client.query(
      'select current_user as who, client_addr from pg_stat_activity where pid = pg_backend_pid()',
    );
    expect(rows[0].who).toBe('admin');
    expect(relay.connections).toMatchObject([
      { user: 'admin', database: 'app', applicationName: 'test', encrypted: true, admitted: true },
    ]);
  });

  test('passes the server’s refusal on and records it', async () => {
    await expect(login({ password: 'wrong' })).rejects.toMatchObject({ code: '28P01' });
    expect(relay.connections).toMatchObject([{ admitted: false, refusedWith: '28P01' }]);
  });

  test('refuses a login without TLS in the server’s words', async () => {
    await expect(login({ ssl: false })).rejects.toMatchObject({
      code: '28000',
      message: expect.stringMatching(
        /^no pg_hba\.conf entry for host ".*", user "admin", database "app", no encryption$/,
      ),
    });
  });

  test('records simple and prepared statements, never a password', async () => {
    const client = await login();
    await client.query('SELECT 1');
    await client.query({ name: 'twice', text: 'SELECT $1::int', values: [1] });
    await client.query({ name: 'twice', text: 'SELECT $1::int', values: [2] });
    await client.query(`CREATE ROLE somebody LOGIN PASSWORD 'it''s hidden'`);
    await client.query(`ALTER ROLE somebody PASSWORD $x$hidden too$x$`);
    expect(relay.statements.map(({ text }) => text)).toEqual([
      'SELECT 1',
      'SELECT $1::int',
      'SELECT $1::int',
      `CREATE ROLE somebody LOGIN PASSWORD '…'`,
      `ALTER ROLE somebody PASSWORD '…'`,
    ]);
  });

  test('carries answers and parameters of many megabytes', async () => {
    const client = await login();
    const { rows } = await client.query("select repeat('x', 5000000) as long from generate_series(1, 4)");
    expect(rows.map(({ long }) => long.length)).toEqual([5_000_000, 5_000_000, 5_000_000, 5_000_000]);
    const { rows: back } = await client.query('select length($1::text) as long', ['y'.repeat(9_000_000)]);
    expect(back).toEqual([{ long: 9_000_000 }]);
  });

  test('a query can be cancelled from another connection', async () => {
    const client = await login();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const slow = client.query('SELECT pg_sleep(30)');
    const refused = expect(slow).rejects.toMatchObject({ code: '57014' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const request = Buffer.alloc(16);
    for (const [index, value] of [16, 80_877_102, processID, secretKey].entries())
      request.writeInt32BE(value, index * 4);
    const socket = connect(relay.port, relay.host, () => socket.end(request));
    await refused;
  });

  test('a replica’s endpoint refuses writes', async () => {
    const client = await login({}, reader);
    await expect(client.query('CREATE TABLE refused ()')).rejects.toMatchObject({ code: '25006' });
  });
});

describe('faults', () => {
  const count = async () =>
    Number((await server.query('SELECT count(*) FROM effects', undefined, 'app')).rows[0].count);
  beforeAll(async () => {
    const client = await login();
    await client.query('CREATE TABLE effects (n int)');
  });

  test('cut before: no effect, no answer', async () => {
    const before = await count();
    relay.inject({ kind: 'cut-before', statement: /^INSERT/i });
    const client = await login();
    await expect(client.query('INSERT INTO effects VALUES (1)')).rejects.toThrow(/terminated|ECONNRESET/);
    expect(await count()).toBe(before);
  });

  test.each([
    ['simple', undefined],
    ['extended', [2]],
  ])('an answer lost after the effect of a %s statement', async (_kind, values) => {
    const before = await count();
    const fault = relay.inject({ kind: 'lose-answer', statement: /^INSERT/i });
    const client = await login();
    const text = values ? 'INSERT INTO effects VALUES ($1)' : 'INSERT INTO effects VALUES (2)';
    await expect(client.query(text, values)).rejects.toThrow(/terminated|ECONNRESET/);
    expect(await count()).toBe(before + 1);
    expect(fault.hits).toBe(1);
  });

  test('cut after: the answer comes, then the connection ends', async () => {
    relay.inject({ kind: 'cut-after', statement: /^INSERT/i, nth: 2 });
    const client = await login();
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    await client.query('INSERT INTO effects VALUES (3)');
    expect((await client.query('INSERT INTO effects VALUES (4)')).rowCount).toBe(1);
    await ended;
  });

  test('a statement fails in the server’s place, and the session goes on', async () => {
    const error = { code: '57014', message: 'canceling statement due to statement timeout' };
    relay.inject({ kind: 'fail', statement: /FROM effects/, times: 2, error });
    const client = await login();
    await expect(client.query('SELECT n FROM effects')).rejects.toMatchObject(error);
    await expect(client.query('SELECT n FROM effects WHERE n = $1', [1])).rejects.toMatchObject(error);
    expect((await client.query('SELECT n FROM effects WHERE n = $1', [-1])).rows).toEqual([]);
  });

  test('a delay holds a statement back', async () => {
    relay.inject({ kind: 'delay', statement: /now/, milliseconds: 200 });
    const client = await login();
    const before = Date.now();
    await client.query('SELECT now()');
    expect(Date.now() - before).toBeGreaterThanOrEqual(190);
  });

  test('a connection is refused, with and without words, for the login that is meant', async () => {
    relay.inject({
      kind: 'refuse',
      user: 'admin',
      error: { code: '53300', message: 'sorry, too many clients already' },
    });
    relay.inject({ kind: 'refuse', user: 'admin', nth: 2 });
    await expect(login()).rejects.toMatchObject({ code: '53300' });
    await expect(login()).rejects.toThrow(/terminated|ECONNRESET|disconnected/);
    await login();
  });

  test('the database is down and comes back', async () => {
    const client = await login();
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    relay.setDown(true);
    await ended;
    await expect(login()).rejects.toThrow(/terminated|ECONNRESET|disconnected/);
    relay.setDown(false);
    await login();
  });
});

test('what is no PostgreSQL message is hung up on, and the endpoint lives on', async () => {
  for (const nonsense of ['GET / HTTP/1.1\r\n\r\n', Buffer.from([0, 0, 0, 8, 0, 9, 0, 0]), Buffer.alloc(20)]) {
    await new Promise<void>((resolve) => {
      const socket = connect(relay.port, relay.host, () => socket.write(nonsense));
      socket.once('close', () => resolve()).resume();
    });
  }
  await login();
});
