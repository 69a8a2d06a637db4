import { databaseAddress, type PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { Administrator } from './administrator.ts';
import type { Session } from './connect.ts';
import type { Tools } from './dependencies.ts';
import { jobsOf, type ServerWork, workOf } from './run-by-server.ts';
import { type Reading, readingOf, withSession } from './transaction.ts';

/**
 * What the server runs as one of the logins, wherever pg_cron keeps its jobs. Row security shows a role its own jobs alone, so
 * the administrator and the login in use both look. `payload` undefined: its credential does not work, and only the
 * administrator looks.
 */
export async function findServerWork(
  tools: Tools,
  administrator: Pick<Administrator, 'address' | 'login'> & { readonly reading: Reading },
  payload: PostgresPayload | undefined,
  logins: readonly string[],
): Promise<ServerWork[]> {
  const { reading } = administrator;
  const found = await workOf(reading, logins);
  const [cron] = await reading.query<{ database: string; connects: boolean }>(
    `SELECT d.datname::text AS database, EXISTS (SELECT FROM pg_roles r WHERE r.rolname::text = $1 AND has_database_privilege(r.oid, d.oid, 'CONNECT')) AS connects
     FROM pg_database d WHERE d.datname::text = coalesce(current_setting('cron.database_name', true),
       (SELECT a.datname::text FROM pg_stat_activity a WHERE a.backend_type = 'pg_cron launcher' LIMIT 1)) AND d.datallowconn`,
    [payload?.username ?? ''],
  );
  if (!cron) return found;
  const { database } = cron;
  const ask = async (opening: Promise<Session>) =>
    withSession(opening, async (session) => jobsOf(await readingOf(session), logins));
  if (database !== administrator.address.database) {
    found.push(...(await ask(tools.connect({ ...administrator.address, database }, administrator.login))));
  }
  if (payload && cron.connects) {
    found.push(...(await ask(tools.connect({ ...databaseAddress(payload), database }, payload))));
  }
  return [...new Map(found.map((work) => [`${work.kind} ${work.name}`, work])).values()];
}
