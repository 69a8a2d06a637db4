import type { Examined } from './examined.ts';
import { quoteForReading } from './quote-for-reading.ts';
import type { TargetFinding } from './target-finding.ts';
import type { Reading } from './transaction.ts';

/** Something that the server starts by itself, as a login. */
export interface ServerWork {
  readonly kind: 'job' | 'subscription' | 'prepared transaction';
  readonly name: string;
  readonly login: string;
}

/**
 * What the server itself runs as one of these logins. Its workers log in as every client does: after a retirement they are
 * refused at their next start, in silence. Only this database's jobs are seen: pg_cron has them in one.
 * https://github.com/citusdata/pg_cron, https://www.postgresql.org/docs/current/logical-replication-security.html
 */
export async function workOf(reading: Reading, logins: readonly string[]): Promise<ServerWork[]> {
  const subscriptions = await reading.query<ServerWork>(
    `SELECT 'subscription' AS kind, s.subname::text AS name, r.rolname::text AS login FROM pg_subscription s JOIN pg_roles r ON r.oid = s.subowner
     WHERE r.rolname::text = ANY($1) ORDER BY 2`,
    [logins],
  );
  return [...subscriptions, ...(await jobsOf(reading, logins))];
}

/** Row security shows a role its own jobs alone, so the table is asked where it is, by the caller's session. */
export async function jobsOf({ query }: Reading, logins: readonly string[]): Promise<ServerWork[]> {
  const [there] = await query<{ readable: boolean }>(
    `SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cron' AND c.relname = 'job'`,
  );
  if (!there?.readable) return [];
  return query<ServerWork>(
    `SELECT 'job' AS kind, jobid::text || ' (' || schedule || ')' AS name, username::text AS login FROM cron.job
     WHERE username::text = ANY($1) ORDER BY jobid`,
    [logins],
  );
}

/** A transaction that was prepared by a login's own name can be ended by that login alone. */
export function preparedBy({ query }: Reading, login: string): Promise<ServerWork[]> {
  return query<ServerWork>(
    `SELECT 'prepared transaction' AS kind, gid AS name, owner::text AS login FROM pg_prepared_xacts WHERE owner::text = $1 ORDER BY 1`,
    [login],
  );
}

/** Refused: a login that is retired every other rotation is none for the server's own work. */
export function judgeServerWork(
  work: readonly ServerWork[],
  { names, reading, state }: Pick<Examined, 'names' | 'reading' | 'state'>,
): TargetFinding[] {
  const findings: TargetFinding[] = [];
  const worker = `${names.base}_jobs`;
  const [role, base] = [quoteForReading(worker), quoteForReading(names.base)];
  const make = `CREATE ROLE ${role} LOGIN; GRANT ${base} TO ${role}; ALTER ROLE ${role} SET role TO ${base}`;
  const jobs = work.filter(({ kind }) => kind === 'job');
  if (jobs.length > 0) {
    const logins = [...new Set(jobs.map(({ login }) => `'${login.replaceAll("'", "''")}'`))].join(', ');
    findings.push({
      code: 'JobsRunAsLogin',
      blocks: true,
      text: `pg_cron runs ${list(jobs)} as ${[...new Set(jobs.map(({ login }) => login))].join(', ')}, and fails as soon as that login is retired: jobs need a login of their own.`,
      statement: `${state.hasWorker ? '' : `${make}; `}UPDATE cron.job SET username = '${worker.replaceAll("'", "''")}' WHERE username IN (${logins})`,
    });
  }
  const subscriptions = work.filter(({ kind }) => kind === 'subscription');
  if (subscriptions.length === 0) return findings;
  // Up to version 15 only a superuser may be given a subscription.
  const mayHave = reading.serverVersion >= 160_000;
  const owner = mayHave ? role : quoteForReading(state.bootstrapSuperuser);
  const changes = subscriptions.map(({ name }) => `ALTER SUBSCRIPTION ${quoteForReading(name)} OWNER TO ${owner}`);
  const isMade = state.hasWorker || jobs.length > 0;
  const prepare = [...(isMade ? [] : [make]), `GRANT CREATE ON DATABASE ${quoteForReading(state.database)} TO ${role}`];
  findings.push({
    code: 'SubscriptionRunsAsLogin',
    blocks: true,
    text: `${subscriptions.map(({ name, login }) => `Subscription ${name} runs as ${login}`).join('; ')}: its workers stop at their next start after that login is retired.`,
    statement: [...(mayHave ? prepare : []), ...changes].join('; '),
  });
  return findings;
}

const list = (jobs: readonly ServerWork[]) =>
  jobs.length === 1 ? `job ${jobs[0]!.name}` : `jobs ${jobs.map(({ name }) => name).join(', ')}`;
