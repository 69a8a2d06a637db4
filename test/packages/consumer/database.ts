import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observation } from '../../../packages/consumer/observe.ts';
import { RotatingPool, type RotatingPoolOptions } from '../../../packages/consumer/rotating-pool.ts';
import type { PostgresServer } from '../../../packages/laptop/postgres/server.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { newSecret } from '../../pipeline/rotators/postgres/fixture.ts';
import { environment, makeSecret, putSecret } from './laptop.ts';

/** Lets consumers verify the server's certificate. Answers how to take that back. */
export async function trust(cloud: RunningCloud, server: PostgresServer): Promise<() => void> {
  const path = join(cloud.directory, `ca-${randomUUID()}.pem`);
  await writeFile(path, server.caPem);
  const before = process.env.PGSSLROOTCERT;
  process.env.PGSSLROOTCERT = path;
  return () => {
    if (before === undefined) delete process.env.PGSSLROOTCERT;
    else process.env.PGSSLROOTCERT = before;
  };
}

/** A login in a database of its own with its rotator, and its secret in the cloud. */
export async function rotatingDatabase(
  cloud: RunningCloud,
  server: PostgresServer,
  strategy: 'alternating-users' | 'single-user',
) {
  const pair = await newSecret(server, { settings: { strategy } });
  const secretId = `app/${pair.id}`;
  const { versionId } = await makeSecret(cloud, secretId, JSON.stringify(pair.state.current.payload));
  let current = versionId;
  return {
    ...pair,
    secretId,
    versionId: () => current,
    /** The target accepts the candidate; AWSCURRENT has not moved. */
    async set() {
      const { pending } = await pair.prepare();
      return pending;
    },
    async promote(pending: typeof pair.state.current) {
      pair.state.previous = pair.state.current;
      pair.state.current = pending;
      current = await putSecret(cloud, secretId, JSON.stringify(pending.payload));
      return current;
    },
    async rotateAll() {
      return this.promote(await this.set());
    },
    /** What retirement leaves of the previous login: it may not log in, and its sessions are gone. */
    async retire(username: string) {
      await server.query(`ALTER ROLE "${username}" NOLOGIN`);
      await this.cut(username);
    },
    /** Ends every session of a login, as a fail-over does. */
    async cut(username: string) {
      await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [username]);
    },
    async sessions() {
      const { rows } = await server.query(
        "SELECT usename, count(*)::int AS count FROM pg_stat_activity WHERE datname = $1 AND application_name = 'pool' GROUP BY 1",
        [pair.database],
      );
      return Object.fromEntries(rows.map(({ usename, count }) => [usename, count])) as Record<string, number>;
    },
  };
}

export type RotatingDatabase = Awaited<ReturnType<typeof rotatingDatabase>>;

/** One environment of an application with a pool; values are an hour old before they are asked for again. */
export function application(
  cloud: RunningCloud,
  database: RotatingDatabase,
  options: Partial<RotatingPoolOptions> & { maxAgeSeconds?: number } = {},
) {
  const { maxAgeSeconds = 3_600, ...poolOptions } = options;
  // Time passes, and the test may move it on.
  const clock = { now: 0 };
  const now = () => Date.now() + clock.now;
  const { provider, observations } = environment(cloud, { maxAgeSeconds, now });
  const pool = new RotatingPool({
    secretId: database.secretId,
    provider,
    now,
    application_name: 'pool',
    max: 4,
    ...poolOptions,
  });
  const count = (event: Observation['event']) => observations.filter((seen) => seen.event === event).length;
  return { pool, provider, clock, observations, count };
}
