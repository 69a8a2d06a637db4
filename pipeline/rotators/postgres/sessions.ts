import { quote } from '@keyturn/consumer/contracts/quote';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import type { RetirementBlocker, RetirementEvidence } from '../rotator.ts';
import type { Session } from './connect.ts';
import { describeDatabaseError } from './database-errors.ts';
import type { Statements } from './transaction.ts';

interface Question {
  readonly login: string;
  readonly settings: PostgresSettings;
  readonly promotedAt: Date;
  readonly now: Date;
}

interface SessionRow {
  readonly application: string;
  readonly address: string | null;
  readonly since: Date;
  readonly leftIdle: boolean;
  /** A check or an audit of ours, which is over in a moment. It is no use of the credential. */
  readonly isProbe: boolean;
}

/** Checks and audits of ours try the login too; a function of ours ends within a minute, and its session with it. */
const OWN_PROBE_SECONDS = 90;

/** Every kind of backend that is a login's: WAL senders and workers too, but not those that help another one. */
export const isOwnBackend = `backend_type <> 'parallel worker'`;

/**
 * The login's sessions. Left idle by a proxy: idle, behind a proxy, and for longer than consumers take to converge; a
 * proxy keeps sessions in its pool after its clients have gone. Those are ended at retirement instead of counted.
 */
const sessionsOf = `
  SELECT pid, coalesce(nullif(application_name, ''), 'no application name') || CASE backend_type WHEN 'client backend' THEN '' ELSE ' (' || backend_type || ')' END AS application, host(client_addr) AS address,
    backend_start AS since,
    $2::boolean AND backend_type = 'client backend' AND state = 'idle' AND state_change < $3::timestamptz - make_interval(secs => $4) AS "leftIdle",
    application_name = 'keyturn' AND backend_start > now() - interval '${OWN_PROBE_SECONDS} seconds' AS "isProbe"
  FROM pg_catalog.pg_stat_activity
  WHERE usename::text = $1 AND ${isOwnBackend} AND pid <> pg_catalog.pg_backend_pid()`;

function parameters({ login, settings, promotedAt, now }: Question): unknown[] {
  const bound = settings.convergenceBoundSeconds;
  const isConverged = now.getTime() >= promotedAt.getTime() + bound * 1000;
  return [login, settings.proxy !== undefined && isConverged, now, bound];
}

/** Who still uses a login. Without pg_monitor the view hides them: then that is what speaks against retirement. */
export async function gatherSessionEvidence(session: Session, question: Question): Promise<RetirementEvidence> {
  try {
    return await askForSessions(session, question);
  } catch (error) {
    throw describeDatabaseError(error, `The sessions of ${question.login}`, []);
  }
}

async function askForSessions(session: Session, question: Question): Promise<RetirementEvidence> {
  const [right] = (
    await session.query<{ administrator: string; quoted: string; sees: boolean }>(
      `SELECT current_user::text AS administrator, quote_ident(current_user) AS quoted,
         pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees`,
    )
  ).rows;
  if (!right!.sees) {
    const name = `unknown: ${right!.administrator} cannot see sessions of ${question.login}. Run: GRANT pg_monitor TO ${right!.quoted};`;
    return { blockers: [{ name }], observed: 'pg_stat_activity without the right to see other logins’ sessions' };
  }
  const found = await session.query<SessionRow>(sessionsOf, parameters(question));
  const rows = found.rows.filter(({ isProbe }) => !isProbe);
  const inUse = rows.filter(({ leftIdle }) => !leftIdle);
  return {
    blockers: inUse.map(describeSession),
    observed: `${rows.length} sessions of ${question.login} in pg_stat_activity, ${rows.length - inUse.length} of them left idle by the proxy`,
  };
}

export function joinEvidence(one: RetirementEvidence, other: RetirementEvidence): RetirementEvidence {
  return {
    blockers: [...one.blockers, ...other.blockers],
    observed: `${one.observed}; on the replica: ${other.observed}`,
  };
}

function describeSession({ application, address, since }: SessionRow): RetirementBlocker {
  // A client names its application as it likes, in an event and a notice too.
  return { name: quote(application, []), ...(address !== null && { address }), since };
}

/** Ends what a proxy left idle; in an emergency, every session of the login. */
export async function endSessions(statements: Statements, question: Question & { every: boolean }): Promise<void> {
  await statements.query(`SELECT pg_terminate_backend(pid) FROM (${sessionsOf}) AS s WHERE "leftIdle" OR $5::boolean`, [
    ...parameters(question),
    question.every,
  ]);
}
