import { quote } from '@keyturn/consumer/contracts/quote';
import type { DatabaseCheckParameters } from '../contracts/settings/checks.ts';
import type { Session } from '../rotators/postgres/connect.ts';
import { readOnly } from './database-faults.ts';
import { CheckFailed } from './errors.ts';

export interface Expected {
  readonly where: string;
  readonly login: string;
  /** Undefined: the role is not asserted (a proxy loses it, and each rotation hands over what the login owns). */
  readonly ownerRole: string | undefined;
  readonly parameters: Pick<DatabaseCheckParameters, 'access' | 'reads' | 'writes'>;
}

interface Standing {
  login: string;
  role: string;
  isReadOnly: boolean;
  mayUseTemporaryTables: boolean;
}

/** Right login, right role, reads, writes in a transaction that is rolled back: what a consumer does, and nothing stays. */
export async function proveSession(session: Session, expected: Expected): Promise<void> {
  const { where, parameters } = expected;
  const { rows } = await session.query<Standing>(
    `SELECT session_user::text AS login, current_user::text AS role,
       pg_catalog.pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS "isReadOnly",
       has_database_privilege(current_database(), 'TEMPORARY') AS "mayUseTemporaryTables"`,
  );
  const standing = rows[0]!;
  refuseOtherIdentity(standing, expected);
  for (const table of parameters.reads) {
    const name = await resolveTable(session, where, table);
    await session.query(`SELECT FROM ${name} LIMIT 1`);
  }
  if (parameters.access === 'read') return;
  if (standing.isReadOnly) throw readOnly(where, 'it is in recovery, or its transactions are read-only');
  await proveWrites(session, standing, expected);
}

function refuseOtherIdentity(standing: Standing, { where, login, ownerRole }: Expected): void {
  const role = quote(standing.role, []);
  if (standing.login !== login) {
    throw new CheckFailed('WrongUser', `${where}: session_user is ${quote(standing.login, [])}, expected ${login}.`);
  }
  if (ownerRole === undefined || standing.role === ownerRole) return;
  throw new CheckFailed(
    'WrongOwnerRole',
    `${where}: current_user is ${role}, expected the owner role ${ownerRole}: what ${login} creates would belong to ${role}. keyturn doctor --repair sets it again.`,
  );
}

/** The server resolves and quotes the name; an undefined name is reported as a missing table. */
async function resolveTable(session: Session, where: string, table: string): Promise<string> {
  const { rows } = await session.query<{ name: string | null }>('SELECT to_regclass($1)::text AS name', [table]);
  const name = rows[0]?.name;
  if (name) return name;
  throw new CheckFailed(
    'TableMissing',
    `${where}: there is no table ${table}. Correct the check’s "reads" or "writes".`,
  );
}

async function proveWrites(session: Session, standing: Standing, { where, parameters }: Expected): Promise<void> {
  // BEGIN without READ WRITE: a consumer does not ask for it, and on a reader it would hide what consumers meet.
  await session.query('BEGIN');
  try {
    for (const table of parameters.writes) await proveInsert(session, where, table);
    if (standing.mayUseTemporaryTables) {
      await session.query('CREATE TEMPORARY TABLE keyturn_check (written int) ON COMMIT DROP');
      await session.query('INSERT INTO pg_temp.keyturn_check VALUES (1)');
    } else {
      // A hardened database: a transaction id is only given where writes are.
      await session.query('SELECT pg_catalog.pg_current_xact_id()');
    }
  } finally {
    // A session that is broken cannot roll back, and the server does it for us.
    await session.query('ROLLBACK').catch(() => undefined);
  }
}

/** Asked of the server instead of tried: a row of ours would fire the table's triggers. */
async function proveInsert(session: Session, where: string, table: string): Promise<void> {
  const name = await resolveTable(session, where, table);
  const { rows } = await session.query<{ may: boolean; role: string }>(
    `SELECT has_any_column_privilege($1::regclass, 'INSERT') AS may, quote_ident(current_user) AS role`,
    [name],
  );
  if (rows[0]?.may) return;
  throw new CheckFailed(
    'MissingGrant',
    `${where}: ${rows[0]?.role} may not insert into ${name}. Run: GRANT INSERT ON ${name} TO ${rows[0]?.role};`,
  );
}
