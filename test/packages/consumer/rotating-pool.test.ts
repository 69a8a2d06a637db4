import pg from 'pg';
import { RotatingParametersProvider } from '../../../packages/consumer/rotating-parameters-provider.ts';
import { RotatingPool } from '../../../packages/consumer/rotating-pool.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { startTarget } from '../../pipeline/rotators/postgres/fixture.ts';
import { application as newApplication, type RotatingDatabase, rotatingDatabase, trust } from './database.ts';
import { parametersClient, putSecret, reads, startStores } from './laptop.ts';

let cloud: RunningCloud;
let target: Awaited<ReturnType<typeof startTarget>>;
let distrust: () => void;
const open: RotatingPool[] = [];

beforeAll(async () => {
  cloud = await startStores();
  target = await startTarget();
  distrust = await trust(cloud, target.server);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.end()));
});
afterAll(async () => {
  distrust();
  await target.stop();
  await cloud.close();
});

const database = (strategy: 'alternating-users' | 'single-user') => rotatingDatabase(cloud, target.server, strategy);

function application(...[secret, options]: [RotatingDatabase, Parameters<typeof newApplication>[2]?]) {
  const made = newApplication(cloud, secret, options);
  open.push(made.pool);
  return made;
}

const user = async (pool: pg.Pool) => (await pool.query('SELECT session_user AS name')).rows[0].name as string;
const eventually = async (condition: () => Promise<boolean> | boolean) => {
  for (let attempt = 0; attempt < 1_500; attempt += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('The condition did not come true within fifteen seconds.');
};
const refusals = () => target.server.log().split('password authentication failed').length - 1;

describe('a pool like any other', () => {
  test('is a pg.Pool: promises, callbacks, clients, counts, end', async () => {
    const secret = await database('alternating-users');
    const { pool } = application(secret);
    expect(pool).toBeInstanceOf(pg.Pool);
    expect((await pool.query('SELECT $1::int AS n', [1])).rows).toEqual([{ n: 1 }]);
    expect((await pool.query({ text: 'SELECT 2 AS n', rowMode: 'array' })).rows).toEqual([[2]]);
    const rows = await new Promise((resolve, reject) =>
      pool.query('SELECT 3 AS n', (error: Error, result: pg.QueryResult) =>
        error ? reject(error) : resolve(result.rows),
      ),
    );
    expect(rows).toEqual([{ n: 3 }]);
    const checkedOut = await new Promise<pg.PoolClient>((resolve, reject) =>
      pool.connect((error, client) => (error ? reject(error) : resolve(client as pg.PoolClient))),
    );
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 0, 0]);
    checkedOut.release();
    expect(pool.idleCount).toBe(1);
    expect(await pool.testConnection()).toMatchObject({ user: secret.username, versionId: secret.versionId() });
    await open.pop()?.end();
    await expect(pool.connect()).rejects.toThrow('after calling end');
  });

  test('a statement that fails is the caller’s, and costs no other caller a connection attempt', async () => {
    const { pool, count } = application(await database('alternating-users'));
    await expect(pool.query('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    expect(count('connection-retried')).toBe(0);
  });

  test('TLS is verified: a certificate of an unknown authority is refused', async () => {
    const { pool } = application(await database('alternating-users'));
    const known = process.env.PGSSLROOTCERT;
    delete process.env.PGSSLROOTCERT;
    try {
      await expect(pool.query('SELECT 1')).rejects.toThrow(/certificate/);
    } finally {
      process.env.PGSSLROOTCERT = known;
    }
  });

  test('the password is not in what a logger prints of it', async () => {
    const secret = await database('alternating-users');
    const { pool } = application(secret);
    await pool.query('SELECT 1');
    const { inspect } = await import('node:util');
    expect(inspect(pool, { depth: 10 })).not.toContain(secret.state.current.payload.password);
  });
});

describe('alternating users', () => {
  test('after a rotation connections of the older version finish what they do and are then closed, not cut', async () => {
    const secret = await database('alternating-users');
    const { pool, provider, count } = application(secret);
    const busy = await pool.connect();
    await pool.query('SELECT 1');
    const slow = busy.query('SELECT pg_sleep(0.3), session_user AS name');
    const second = await secret.rotateAll();
    provider.invalidate(secret.secretId, second);
    expect(await user(pool)).toBe(`${secret.username}_clone`);
    expect((await slow).rows[0].name).toBe(secret.username);
    await busy.query('SELECT 1');
    busy.release();
    await eventually(async () => (await secret.sessions())[secret.username] === undefined);
    expect(await secret.sessions()).toEqual({ [`${secret.username}_clone`]: 1 });
    expect(count('connections-drained')).toBe(1);
  });

  test('a rotation does not take the pool over its maximum', async () => {
    const secret = await database('alternating-users');
    const { pool, provider } = application(secret, { max: 2 });
    const busy = [await pool.connect(), await pool.connect()];
    provider.invalidate(secret.secretId, await secret.rotateAll());
    const waiting = [user(pool), user(pool), user(pool)];
    await eventually(() => pool.waitingCount === 3);
    expect(await secret.sessions()).toEqual({ [secret.username]: 2 });
    for (const client of busy) client.release();
    expect(await Promise.all(waiting)).toEqual(Array(3).fill(`${secret.username}_clone`));
    expect(pool.totalCount).toBeLessThanOrEqual(2);
  });

  test('an environment that froze, and wakes after the old credential is retired, works at its first request', async () => {
    const secret = await database('alternating-users');
    const { pool, clock, count } = application(secret);
    expect(await user(pool)).toBe(secret.username);
    await secret.rotateAll();
    await secret.retire(secret.username);
    // Retirement waits for the bound, so the value in this cache has expired.
    clock.now += 3_600_000;
    const before = refusals();
    expect(await user(pool)).toBe(`${secret.username}_clone`);
    expect(count('connection-retried')).toBe(0);
    expect(refusals()).toBe(before);
  });

  test('one that wakes after an emergency, with its cache still in its age, heals at its first request', async () => {
    const secret = await database('alternating-users');
    const { pool, count } = application(secret);
    expect(await user(pool)).toBe(secret.username);
    await secret.rotateAll();
    await secret.retire(secret.username);
    await eventually(async () => pool.totalCount === 0);
    expect(await user(pool)).toBe(`${secret.username}_clone`);
    expect(count('connection-retried')).toBe(1);
    expect(count('refetched')).toBe(1);
  });
});

describe('single user', () => {
  test('a stale value is refused once and read again once, and no query fails', async () => {
    const secret = await database('single-user');
    const { pool, count } = application(secret);
    await pool.query('SELECT 1');
    await secret.rotateAll();
    await secret.cut(secret.username);
    await eventually(() => pool.totalCount === 0);
    const [calls, before] = [reads(cloud), refusals()];
    expect(await user(pool)).toBe(secret.username);
    expect(reads(cloud) - calls).toBe(1);
    expect(refusals() - before).toBe(1);
    expect(count('connection-retried')).toBe(1);
  });

  test('a new connection waits through the window between target and secret', async () => {
    const secret = await database('single-user');
    const { pool, count } = application(secret, { healMilliseconds: 20_000 });
    await pool.testConnection();
    const pending = await secret.set();
    await secret.cut(secret.username);
    await eventually(() => pool.totalCount === 0);
    const waiting = user(pool);
    await eventually(() => count('connection-retried') >= 3);
    await secret.promote(pending);
    expect(await waiting).toBe(secret.username);
    expect(await pool.testConnection()).toMatchObject({ versionId: secret.versionId() });
  });

  test('the time it waits is bounded; 0 tries a newer value and nothing else', async () => {
    const secret = await database('single-user');
    const { pool, count } = application(secret, { healMilliseconds: 0 });
    await pool.query('SELECT 1');
    await secret.set();
    await secret.cut(secret.username);
    await eventually(() => pool.totalCount === 0);
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect(count('connection-retried')).toBe(1);
  });

  test('a caller with a connection time-out does not wait longer because its login is tried again', async () => {
    const secret = await database('single-user');
    const { pool } = application(secret, { healMilliseconds: 60_000, connectionTimeoutMillis: 300 });
    await pool.query('SELECT 1');
    await secret.set();
    await secret.cut(secret.username);
    await eventually(() => pool.totalCount === 0);
    const began = performance.now();
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test('a line of pg_hba.conf refuses once: no newer value cures it', async () => {
    const secret = await database('alternating-users');
    const { pool, count } = application(secret, { ssl: false, database: 'there_is_no_such_database' });
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: expect.stringMatching(/^(3D000|28000)$/) });
    expect(count('connection-retried')).toBe(0);
  });

  test('a secret that is read through Parameter Store, where its version is always 0, reaches the pool', async () => {
    const secret = await database('alternating-users');
    const provider = new RotatingParametersProvider({
      awsSdkV3Client: parametersClient(cloud),
      decrypt: true,
      maxAgeSeconds: 0,
      observe: () => undefined,
    });
    const pool = new RotatingPool({ secretId: `/aws/reference/secretsmanager/${secret.secretId}`, provider });
    const first = (await pool.testConnection()).versionId;
    const before = secret.state.current.payload.username;
    await secret.rotateAll();
    await secret.retire(before);
    const { rows } = await pool.query('SELECT session_user AS name');
    expect(rows[0].name).toBe(secret.state.current.payload.username);
    expect((await pool.testConnection()).versionId).not.toBe(first);
    // A digest by a key of this process, so that no guess can be compared with it.
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    await pool.end();
  });

  test('tryPending closes the window; without it AWSPENDING is never read', async () => {
    const secret = await database('single-user');
    const daring = application(secret, { tryPending: true });
    const careful = application(secret, { healMilliseconds: 0 });
    for (const { pool } of [daring, careful]) await pool.query('SELECT 1');
    const pending = await secret.set();
    const pendingVersion = await putSecret(cloud, secret.secretId, JSON.stringify(pending.payload), ['AWSPENDING']);
    await secret.cut(secret.username);
    await eventually(() => daring.pool.totalCount + careful.pool.totalCount === 0);
    expect(await daring.pool.testConnection()).toMatchObject({ versionId: pendingVersion });
    expect(daring.count('pending-used')).toBe(1);
    await expect(careful.pool.query('SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect(careful.provider.held().map(({ versionId }) => versionId)).not.toContain(pendingVersion);
  });

  test('with no candidate to try, the refused login is what the caller sees', async () => {
    const secret = await database('single-user');
    const { pool } = application(secret, { tryPending: true, healMilliseconds: 0 });
    await pool.query('SELECT 1');
    await target.server.setPassword(secret.username, 'changed by hand');
    await secret.cut(secret.username);
    await eventually(() => pool.totalCount === 0);
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });
});

describe('what breaks', () => {
  test('a statement that may have run is never tried again', async () => {
    const secret = await database('alternating-users');
    const { pool } = application(secret);
    await pool.query('CREATE TABLE payments (id serial PRIMARY KEY)');
    const marker = `payment ${secret.id}`;
    const paying = pool
      .query(
        `/* ${marker} */ WITH paid AS (INSERT INTO payments DEFAULT VALUES RETURNING id) SELECT pg_sleep(30), id FROM paid`,
      )
      .catch((error) => error);
    await eventually(async () => {
      const { rows } = await target.server.query('SELECT 1 FROM pg_stat_activity WHERE query LIKE $1', [`%${marker}%`]);
      return rows.length > 0;
    });
    await secret.cut(secret.username);
    expect(await paying).toBeInstanceOf(Error);
    expect((await pool.query('SELECT count(*)::int AS n FROM payments')).rows).toEqual([{ n: 0 }]);
    const begun = target.server
      .log()
      .split('\n')
      .filter((line) => line.includes(`: /* ${marker} */`) && line.includes('LOG:'));
    expect(begun).toHaveLength(1);
  });

  test('connections that the server ended while the environment was frozen are found out before they are used', async () => {
    const secret = await database('alternating-users');
    const { pool, clock, count } = application(secret);
    await Promise.all([1, 2, 3].map(() => pool.query('SELECT pg_sleep(0.05)')));
    expect(pool.idleCount).toBe(3);
    const clients = await Promise.all([1, 2, 3].map(() => pool.connect()));
    // Frozen: the sockets hear nothing of what the server does.
    const sockets = clients.map(
      (client) => (client as unknown as { connection: { stream: NodeJS.ReadStream } }).connection.stream,
    );
    for (const socket of sockets) socket.pause();
    for (const client of clients) client.release();
    await secret.cut(secret.username);
    clock.now += 60_000;
    for (const socket of sockets) socket.resume();
    expect(await user(pool)).toBe(secret.username);
    await eventually(() => count('connection-lost') >= 1);
    expect(pool.totalCount).toBe(1);
  });

  test('a database that is down fails the query at once, since no login was refused', async () => {
    const secret = await database('alternating-users');
    await putSecret(cloud, secret.secretId, JSON.stringify({ ...secret.state.current.payload, port: 1 }));
    const { pool, count } = application(secret);
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(count('connection-retried')).toBe(0);
  });
});

describe.each(['alternating-users', 'single-user'] as const)('ten rotations with %s under load', (strategy) => {
  test('no request fails', async () => {
    const secret = await database(strategy);
    const environments = [1, 2, 3].map(() => application(secret, { max: 2, healMilliseconds: 30_000, maxUses: 3 }));
    let isOver = false;
    const failures: unknown[] = [];
    let requests = 0;
    const load = environments.flatMap(({ pool }) =>
      [1, 2].map(async () => {
        while (!isOver) {
          requests += 1;
          await pool.query('SELECT 1').catch((error) => failures.push(error));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }),
    );
    try {
      for (let rotation = 0; rotation < 10; rotation += 1) {
        const rotatedTo = await secret.rotateAll();
        environments[0]?.provider.invalidate(secret.secretId, rotatedTo);
        const served = requests;
        await eventually(() => requests > served + 10);
      }
    } finally {
      isOver = true;
      await Promise.all(load);
    }
    expect(failures).toEqual([]);
    // Environments without an invalidation were refused, and read the new value.
    expect(environments[1]?.count('connection-retried')).toBeGreaterThan(0);
    expect(requests).toBeGreaterThan(100);
    await Promise.all(environments.map(({ pool }) => pool.query('SELECT 1')));
  });
});
