import type { Rotation } from '../rotator.ts';
import type { Session } from './connect.ts';
import { describeDatabaseError } from './database-errors.ts';

export const LOCK_TIMEOUT_MILLISECONDS = 10_000;
const STATEMENT_TIMEOUT_MILLISECONDS = 20_000;

/** Statements of one transaction. */
export interface Statements {
  readonly session: Session;
  readonly serverVersion: number;
  query<Row = Record<string, unknown>>(statement: string, values?: unknown[]): Promise<Row[]>;
  /** Runs a statement whose names (%I) and literals (%L) the server has quoted. */
  execute(template: string, ...names: string[]): Promise<void>;
}

/**
 * One writing transaction under a lock of this secret's: two rotators of one secret wait for each other, whichever started them.
 * Role statements are transactional, so a killed process leaves everything or nothing. The lock goes with the
 * transaction, and so do the time limits.
 *
 * Every write to the database goes through here, and the guard is asked here: once the lock is held, before the first write.
 * One look does for all of the transaction, however long it takes. What overtakes moves labels first and then waits for
 * this lock, so it finds what was written and undoes or replaces it.
 */
export async function inTransaction<Result>(
  session: Session,
  { where, rotation }: { where: string; rotation: Pick<Rotation<unknown>, 'secretArn' | 'assertNotOvertaken'> },
  work: (statements: Statements) => Promise<Result>,
): Promise<Result> {
  const query = async <Row>(statement: string, values?: unknown[]) =>
    (await session.query<Row>(statement, values)).rows;
  try {
    await query('BEGIN READ WRITE');
    try {
      await query(
        `SET LOCAL ROLE NONE; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MILLISECONDS}; SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MILLISECONDS}`,
      );
      const [server] = await query<{ version: number }>(
        "SELECT current_setting('server_version_num')::int AS version, pg_advisory_xact_lock(hashtextextended($1, 0))",
        [`keyturn ${rotation.secretArn}`],
      );
      await rotation.assertNotOvertaken();
      const execute = async (template: string, ...names: string[]) => {
        const [quoted] = await query<{ statement: string }>('SELECT format($1, VARIADIC $2::text[]) AS statement', [
          template,
          names,
        ]);
        await query(quoted!.statement);
      };
      const result = await work({ session, serverVersion: server!.version, query, execute });
      await query('COMMIT');
      return result;
    } catch (error) {
      // Report the first fault: a session that is broken cannot roll back, and the server does it for us.
      await query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  } catch (error) {
    // The guard, or a proxy's secret: a fault of Secrets Manager's is none of the database's.
    throw Object(error).$metadata ? error : describeDatabaseError(error, where, []);
  }
}

/** Statements that only read. What they may ask depends on the server's version. */
export type Reading = Pick<Statements, 'query' | 'serverVersion'>;

export async function readingOf(session: Session): Promise<Reading> {
  const query = async <Row>(statement: string, values?: unknown[]) =>
    (await session.query<Row>(statement, values)).rows;
  const [server] = await query<{ version: number }>("SELECT current_setting('server_version_num')::int AS version");
  return { query, serverVersion: server!.version };
}

/** Runs work on a session that is closed afterwards, whatever happens. */
export async function withSession<Result>(
  opening: Promise<Session>,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await opening;
  try {
    return await work(session);
  } finally {
    // A session that is broken already need not be closed.
    await session.end().catch(() => undefined);
  }
}
