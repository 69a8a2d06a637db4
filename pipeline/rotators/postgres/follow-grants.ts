import { quote } from '@keyturn/consumer/contracts/quote';
import { TargetRefused } from '../errors.ts';
import { missingDefaults } from './default-privileges.ts';
import { withMemberships } from './membership.ts';
import { LOCK_TIMEOUT_MILLISECONDS, type Reading, type Statements } from './transaction.ts';

const REASSIGN_LOCK_MILLISECONDS = 100;

interface Membership {
  readonly statement: string;
  /** The administrator may give it. */
  readonly may: boolean;
}

interface Grant {
  readonly statement: string;
  /** The role whose rights it takes. */
  readonly owner: string;
  /** The administrator has them already, or may grant this privilege by a grant option. */
  readonly own: boolean;
}

/**
 * What was given to one login is given to the owner role, as which both act: memberships, and privileges on objects of
 * this database and of the cluster. Revocations are not followed: who revokes, revokes from the owner role.
 */
export async function followGrants(statements: Statements, from: string, owner: string): Promise<void> {
  for (const grant of await missingMemberships(statements, from, owner)) {
    await run(statements, grant.statement);
  }
  const grants = await missingGrants(statements, from, owner);
  if (grants.length === 0) return;
  const lent = grants.filter(({ own }) => !own);
  const grantors = [...new Set(lent.map(({ owner: objectOwner }) => objectOwner))];
  await withMemberships(
    statements,
    grantors,
    lent.map(({ statement }) => statement),
    async () => {
      for (const grant of grants) await run(statements, grant.statement);
    },
  );
}

/** What a login was given and the owner role cannot be given by this administrator: for its owner to run. Reads only. */
export async function grantsNotGivable(
  statements: Reading,
  from: string,
  owner: string,
): Promise<{ statement: string; owner: string | undefined }[]> {
  const memberships = await missingMemberships(statements, from, owner);
  const grants = (await missingGrants(statements, from, owner)).filter(({ own }) => !own);
  const strangers = await rolesOutOfReach(statements, [...new Set(grants.map((grant) => grant.owner))]);
  return [
    ...memberships.filter(({ may }) => !may).map(({ statement }) => ({ statement, owner: undefined })),
    ...grants.filter((grant) => strangers.includes(grant.owner)),
  ];
}

/** Roles whose rights the administrator can neither use nor lend itself. */
export async function rolesOutOfReach(statements: Reading, roles: readonly string[]): Promise<string[]> {
  if (roles.length === 0) return [];
  // Up to version 15 CREATEROLE lends any role that is no superuser.
  const lends =
    statements.serverVersion >= 160_000
      ? "pg_has_role(s.oid, r.oid, 'MEMBER WITH ADMIN OPTION')"
      : "(s.rolcreaterole AND NOT r.rolsuper OR pg_has_role(s.oid, r.oid, 'MEMBER WITH ADMIN OPTION'))";
  const rows = await statements.query<{ name: string }>(
    `SELECT r.rolname::text AS name FROM pg_roles r, pg_roles s WHERE s.rolname = current_user AND r.rolname::text = ANY($1)
       AND NOT (pg_has_role(s.oid, r.oid, 'USAGE')
         OR ${lends} AND r.rolname <> 'pg_database_owner' AND NOT pg_has_role(r.oid, s.oid, 'MEMBER'))`,
    [roles],
  );
  return rows.map(({ name }) => name);
}

/** Schemas in which the owner role could not own a function of a login's, nor will be able to. Of tables REASSIGN OWNED does not ask that. */
export async function schemasClosed({ query }: Reading, from: string, owner: string): Promise<string[]> {
  const rows = await query<{ schema: string }>(
    `WITH l AS (SELECT oid FROM pg_roles WHERE rolname::text = $1), o AS (SELECT oid FROM pg_roles WHERE rolname::text = $2),
     owned AS (SELECT pronamespace AS schema FROM pg_proc, l WHERE proowner = l.oid UNION SELECT oprnamespace FROM pg_operator, l WHERE oprowner = l.oid
       UNION SELECT opcnamespace FROM pg_opclass, l WHERE opcowner = l.oid UNION SELECT collnamespace FROM pg_collation, l WHERE collowner = l.oid)
     SELECT n.nspname::text AS schema FROM owned JOIN pg_namespace n ON n.oid = owned.schema, l, o
     WHERE n.nspname !~ '^pg_(toast|temp)' AND n.nspowner <> l.oid AND NOT has_schema_privilege(o.oid, n.oid, 'CREATE') AND NOT EXISTS (
       SELECT FROM aclexplode(n.nspacl) a WHERE a.grantee = l.oid AND a.privilege_type = 'CREATE') ORDER BY 1`,
    [from, owner],
  );
  return rows.map(({ schema }) => schema);
}

/** A schema changes its owner by a role that may create in the database. */
export async function ownsSchemas({ query }: Reading, from: string): Promise<boolean> {
  const [row] = await query<{ stuck: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE r.rolname::text = $1)
       AND NOT has_database_privilege(current_database(), 'CREATE') AS stuck`,
    [from],
  );
  return row!.stuck;
}

/** What a login owns in this database goes to the owner role. */
export async function reassignOwned(statements: Statements, from: string, owner: string): Promise<void> {
  if (!(await ownedDatabases(statements, from)).includes('')) return;
  await withMemberships(statements, [from, owner], [], async () => {
    // Tables have been handed over one by one: one that is in use now is left to the next try, and keeps no session waiting.
    await statements.query(`SET LOCAL lock_timeout = ${REASSIGN_LOCK_MILLISECONDS}`);
    await statements.execute('REASSIGN OWNED BY %I TO %I', from, owner);
    await statements.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MILLISECONDS}`);
  });
}

/**
 * Other databases in which a login owns something or has privileges; `''` stands for this one and what is shared. Default
 * privileges and user mappings have an owner too, but REASSIGN OWNED leaves them alone.
 * https://www.postgresql.org/docs/current/sql-reassign-owned.html
 */
export async function ownedDatabases(statements: Reading, role: string, withPrivileges = false): Promise<string[]> {
  const rows = await statements.query<{ database: string }>(
    `SELECT DISTINCT CASE WHEN d.datname IS NULL OR d.datname = current_database() THEN '' ELSE d.datname::text END AS database
     FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid AND s.refclassid = 'pg_authid'::regclass
     LEFT JOIN pg_database d ON d.oid = s.dbid
     WHERE r.rolname::text = $1 AND ($2 AND s.deptype IN ('o', 'a') OR s.deptype = 'o' AND s.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)) AND (d.oid IS NULL OR d.datallowconn)`,
    [role, withPrivileges],
  );
  return rows.map(({ database }) => database);
}

/** What `followGrants` would run in this database, as a person reads it. Reads only. */
export async function grantsApart(statements: Reading, from: string, owner: string): Promise<string[]> {
  const memberships = await missingMemberships(statements, from, owner);
  const grants = await missingGrants(statements, from, owner);
  return [...memberships, ...grants].map(({ statement }) => statement);
}

/** Privileges, then default privileges: among these REVOKE stands before GRANT, so their order is kept. */
async function missingGrants(statements: Reading, from: string, owner: string): Promise<Grant[]> {
  return [...(await missingPrivileges(statements, from, owner)), ...(await missingDefaults(statements, from, owner))];
}

async function run(statements: Statements, statement: string): Promise<void> {
  try {
    await statements.query(statement);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code !== '42501') throw error;
    throw new TargetRefused(
      `A grant of one login cannot be given to the other: ${quote(message, [])}. Have its owner run: ${statement};`,
    );
  }
}

/** Memberships of the login that the owner role lacks; not those that would make a circle, as the second login's in the base would. */
async function missingMemberships(statements: Reading, from: string, owner: string): Promise<Membership[]> {
  const complete =
    statements.serverVersion >= 160_000
      ? " AND (NOT m.inherit_option OR pg_has_role(o.oid, g.oid, 'USAGE')) AND (NOT m.set_option OR pg_has_role(o.oid, g.oid, 'SET'))"
      : '';
  const may =
    statements.serverVersion >= 160_000
      ? "pg_has_role(current_user, g.oid, 'MEMBER WITH ADMIN OPTION')"
      : "(SELECT s.rolsuper OR (s.rolcreaterole AND NOT g.rolsuper) OR pg_has_role(s.oid, g.oid, 'MEMBER WITH ADMIN OPTION') FROM pg_roles s WHERE s.rolname = current_user)";
  const options =
    statements.serverVersion >= 160_000
      ? "format(' WITH ADMIN %s, INHERIT %s, SET %s', m.admin_option::text, m.inherit_option::text, m.set_option::text)"
      : "CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END";
  return statements.query(
    `SELECT DISTINCT format('GRANT %I TO %I', g.rolname, o.rolname) || ${options} AS statement, ${may} AS may
     FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
     JOIN pg_roles o ON o.rolname::text = $2
     WHERE l.rolname::text = $1 AND g.oid <> o.oid AND NOT pg_has_role(g.oid, o.oid, 'MEMBER') AND l.rolname <> g.rolname || '_clone'
       AND NOT (pg_has_role(o.oid, g.oid, CASE WHEN m.admin_option THEN 'MEMBER WITH ADMIN OPTION' ELSE 'MEMBER' END)${complete})`,
    [from, owner],
  );
}

/** Every object whose access list names the login: the statement that gives the same to the owner role. */
function missingPrivileges(statements: Reading, from: string, owner: string): Promise<Grant[]> {
  const parameters =
    statements.serverVersion >= 150_000
      ? "UNION ALL SELECT 'pg_parameter_acl'::regclass, oid, 'PARAMETER', NULL, paracl, 10 FROM pg_parameter_acl"
      : '';
  return statements.query(
    `WITH acl AS (
       SELECT 'pg_class'::regclass::oid AS class, oid AS object, CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, NULL::name AS col, relacl AS acl, relowner AS owner FROM pg_class
       UNION ALL SELECT 'pg_class'::regclass, c.oid, 'TABLE', a.attname, a.attacl, c.relowner FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE NOT a.attisdropped
       UNION ALL SELECT 'pg_namespace'::regclass, oid, 'SCHEMA', NULL, nspacl, nspowner FROM pg_namespace
       UNION ALL SELECT 'pg_proc'::regclass, oid, 'ROUTINE', NULL, proacl, proowner FROM pg_proc
       UNION ALL SELECT 'pg_type'::regclass, oid, 'TYPE', NULL, typacl, typowner FROM pg_type
       UNION ALL SELECT 'pg_database'::regclass, oid, 'DATABASE', NULL, datacl, datdba FROM pg_database
       UNION ALL SELECT 'pg_language'::regclass, oid, 'LANGUAGE', NULL, lanacl, lanowner FROM pg_language
       UNION ALL SELECT 'pg_tablespace'::regclass, oid, 'TABLESPACE', NULL, spcacl, spcowner FROM pg_tablespace
       UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'FOREIGN DATA WRAPPER', NULL, fdwacl, fdwowner FROM pg_foreign_data_wrapper
       UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 'FOREIGN SERVER', NULL, srvacl, srvowner FROM pg_foreign_server
       UNION ALL SELECT 'pg_largeobject'::regclass, oid, 'LARGE OBJECT', NULL, lomacl, lomowner FROM pg_largeobject_metadata
       ${parameters}
     )
     SELECT format('GRANT %s%s ON %s %s TO %I%s', g.privilege_type, CASE WHEN acl.col IS NULL THEN '' ELSE format(' (%I)', acl.col) END, acl.kind,
              (pg_identify_object(acl.class, acl.object, 0)).identity, o.rolname,
              CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement,
            pg_get_userbyid(acl.owner)::text AS owner,
            pg_has_role(current_user, acl.owner, 'USAGE') OR EXISTS (SELECT FROM aclexplode(acl.acl) h WHERE h.is_grantable
              AND h.privilege_type = g.privilege_type AND h.grantee <> 0 AND pg_has_role(current_user, h.grantee, 'USAGE')) AS own
     FROM acl CROSS JOIN aclexplode(acl.acl) g
     JOIN pg_roles l ON l.oid = g.grantee AND l.rolname::text = $1 JOIN pg_roles o ON o.rolname::text = $2
     WHERE acl.acl IS NOT NULL AND acl.owner <> l.oid AND NOT pg_has_role(o.oid, acl.owner, 'USAGE') AND NOT EXISTS (
       SELECT FROM aclexplode(acl.acl) h WHERE CASE h.grantee WHEN 0 THEN true ELSE pg_has_role(o.oid, h.grantee, 'USAGE') END
         AND h.privilege_type = g.privilege_type AND (h.is_grantable OR NOT g.is_grantable))`,
    [from, owner],
  );
}
