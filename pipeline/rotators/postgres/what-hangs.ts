import { type Examined, presentLogins } from './examined.ts';
import type { Reading } from './transaction.ts';

/**
 * - carried: each rotation gives the owner role, or the other login, what one login has;
 * - evidence: it speaks against the retirement of that login;
 * - refused: `plan` and `set` refuse it where it would break, with the statement that puts it right;
 * - stays: it is the same for both logins, or goes along with what it hangs on.
 */
export type Fate = 'carried' | 'evidence' | 'refused' | 'stays';

export interface HangingRow {
  readonly what: string;
  /** Columns of the system catalogs that name a role: an owner, a list of roles, or an access list. */
  readonly columns: readonly string[];
  readonly fate: Fate;
  readonly becomes: string;
}

/**
 * What hangs on a login: every catalog in which the server names a role, and what becomes of each. A test reads the catalogs of
 * the servers and fails for a column that stands in no row; the findings of `judgeHanging` are the refusals.
 * https://www.postgresql.org/docs/current/catalogs.html
 */
export const whatHangs: readonly HangingRow[] = [
  {
    what: 'attributes, limit and end of the role',
    columns: ['pg_authid'],
    fate: 'carried',
    becomes: 'both logins have the same; the owner role gets what its sessions need',
  },
  {
    what: 'settings of the role',
    columns: ['pg_db_role_setting.setrole'],
    fate: 'carried',
    becomes: 'both logins have the same',
  },
  { what: 'memberships', columns: ['pg_auth_members.member'], fate: 'carried', becomes: 'the owner role gets them' },
  {
    what: 'members of the login',
    columns: ['pg_auth_members.roleid'],
    fate: 'stays',
    becomes: 'a login that is disabled keeps its members',
  },
  {
    what: 'memberships that the login gave',
    columns: ['pg_auth_members.grantor'],
    fate: 'stays',
    becomes: 'a login that is disabled has given what it gave',
  },
  {
    what: 'tables, views and sequences',
    columns: ['pg_class.relowner'],
    fate: 'carried',
    becomes: 'they belong to the owner role',
  },
  {
    what: 'schemas, functions, types and other objects',
    columns: [
      'pg_namespace.nspowner',
      'pg_proc.proowner',
      'pg_type.typowner',
      'pg_collation.collowner',
      'pg_conversion.conowner',
      'pg_operator.oprowner',
      'pg_opclass.opcowner',
      'pg_opfamily.opfowner',
      'pg_language.lanowner',
      'pg_extension.extowner',
      'pg_largeobject_metadata.lomowner',
      'pg_statistic_ext.stxowner',
      'pg_ts_config.cfgowner',
      'pg_ts_dict.dictowner',
      'pg_database.datdba',
      'pg_tablespace.spcowner',
    ],
    fate: 'carried',
    becomes: 'they belong to the owner role',
  },
  {
    what: 'objects that only a superuser may be given',
    columns: ['pg_event_trigger.evtowner', 'pg_foreign_data_wrapper.fdwowner'],
    fate: 'refused',
    becomes: 'another owner',
  },
  {
    what: 'foreign servers',
    columns: ['pg_foreign_server.srvowner'],
    fate: 'refused',
    becomes: 'they belong to the owner role, where that may use their wrapper',
  },
  {
    what: 'publications',
    columns: ['pg_publication.pubowner'],
    fate: 'refused',
    becomes: 'they belong to the owner role; one of all tables needs another owner',
  },
  { what: 'subscriptions', columns: ['pg_subscription.subowner'], fate: 'refused', becomes: 'a login of their own' },
  {
    what: 'privileges',
    columns: [
      'pg_class.relacl',
      'pg_attribute.attacl',
      'pg_namespace.nspacl',
      'pg_proc.proacl',
      'pg_type.typacl',
      'pg_database.datacl',
      'pg_language.lanacl',
      'pg_tablespace.spcacl',
      'pg_foreign_data_wrapper.fdwacl',
      'pg_foreign_server.srvacl',
      'pg_largeobject_metadata.lomacl',
      'pg_parameter_acl.paracl',
    ],
    fate: 'carried',
    becomes: 'the owner role gets them, by the way that is open to the administrator',
  },
  {
    what: 'default privileges',
    columns: ['pg_default_acl.defaclrole', 'pg_default_acl.defaclacl'],
    fate: 'carried',
    becomes: 'the owner role gets them',
  },
  {
    what: 'privileges of an extension as it was made',
    columns: ['pg_init_privs.initprivs'],
    fate: 'stays',
    becomes: 'read by pg_dump alone',
  },
  {
    what: 'row policies',
    columns: ['pg_policy.polroles'],
    fate: 'refused',
    becomes: 'they have to be for the owner role too, and to know of both logins',
  },
  { what: 'user mappings', columns: ['pg_user_mapping.umuser'], fate: 'refused', becomes: 'the owner role needs one' },
];

/** What the server runs or holds as a login, beside the catalogs. */
export const whatRuns: readonly HangingRow[] = [
  {
    what: 'sessions of every kind',
    columns: ['pg_stat_activity'],
    fate: 'evidence',
    becomes: 'no retirement while one is there',
  },
  {
    what: 'prepared transactions',
    columns: ['pg_prepared_xacts'],
    fate: 'evidence',
    becomes: 'no retirement while one is there',
  },
  { what: 'pg_cron jobs', columns: ['cron.job'], fate: 'refused', becomes: 'a login of their own' },
];

export interface Hanging {
  readonly what: string;
  readonly count: number;
  readonly fate: Fate;
  readonly becomes: string;
}

/** How many of each row hang on the pair of logins, for a person to read. Reads only. */
export async function countHanging({
  reading,
  names,
  state,
}: Pick<Examined, 'reading' | 'names' | 'state'>): Promise<Hanging[]> {
  const logins = presentLogins({ names, state });
  const counted: Hanging[] = [];
  for (const { what, columns, fate, becomes } of whatHangs.filter((row) => row.columns[0] !== 'pg_authid')) {
    const counts = columns.filter((column) => isThere(reading, column)).map(countOf);
    const [row] = await reading.query<{ count: number }>(
      `WITH l AS (SELECT oid FROM pg_roles WHERE rolname::text = ANY($1)) SELECT (${counts.join(' + ')})::int AS count`,
      [logins],
    );
    if (row!.count > 0) counted.push({ what, count: row!.count, fate, becomes });
  }
  return counted;
}

const isThere = ({ serverVersion }: Reading, column: string) =>
  column !== 'pg_parameter_acl.paracl' || serverVersion >= 150_000;

function countOf(column: string): string {
  const [table = '', name = ''] = column.split('.');
  // The catalog itself may hold passwords, and only a superuser reads it.
  if (table === 'pg_user_mapping') return '(SELECT count(*) FROM pg_user_mappings WHERE umuser IN (SELECT oid FROM l))';
  if (name.endsWith('acl') || name === 'initprivs') {
    return `(SELECT count(*) FROM ${table} c WHERE EXISTS (SELECT FROM aclexplode(c.${name}) a WHERE a.grantee IN (SELECT oid FROM l)))`;
  }
  if (name === 'polroles') return `(SELECT count(*) FROM ${table} WHERE ${name} && ARRAY(SELECT oid FROM l))`;
  return `(SELECT count(*) FROM ${table} WHERE ${name} IN (SELECT oid FROM l))`;
}
