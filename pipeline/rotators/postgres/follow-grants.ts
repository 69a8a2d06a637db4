import { quote } from '@keyturn/consumer/contracts/quote';
import { TargetRefused } from '../errors.ts';
import { missingDefaults } from './default-privileges.ts';
import { withMemberships } from './membership.ts';
import type { Statements } from './transaction.ts';

type Reading = Pick<Statements, 'query' | 'serverVersion'>;

/**
 * What was given to one login is given to the owner role, as which both act: memberships, and privileges on objects of
 * this database and of the cluster. Revocations are not followed: who revokes, revokes from the owner role.
 */
export async function followGrants(statements: Statements, from: string, owner: string): Promise<void> {
  for (const grant of await missingMemberships(statements, from, owner)) {
    await run(statements, grant.statement);
  }
  // REVOKE stands before GRANT among the defaults, so their order is kept.
  const grants = [
    ...(await missingPrivileges(statements, from, owner)),
    ...(await missingDefaults(statements, from, owner)),
  ];
  const grantors = [...new Set(grants.map(({ owner: objectOwner }) => objectOwner))];
  if (grants.length === 0) return;
  await withMemberships(
    statements,
    grantors,
    grants.map(({ statement }) => statement),
    async () => {
      for (const grant of grants) await run(statements, grant.statement);
    },
  );
}

/** What a login owns in this database goes to the owner role. */
export async function reassignOwned(statements: Statements, from: string, owner: string): Promise<void> {
  if (!(await ownedDatabases(statements, from)).includes('')) return;
  await withMemberships(statements, [from, owner], [], async () => {
    await statements.execute('REASSIGN OWNED BY %I TO %I', from, owner);
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
  const privileges = await missingPrivileges(statements, from, owner);
  const defaults = await missingDefaults(statements, from, owner);
  return [...memberships, ...privileges, ...defaults].map(({ statement }) => statement);
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

/** Memberships of the login that the owner role lacks; not those that would make a circle. */
async function missingMemberships(statements: Reading, from: string, owner: string): Promise<{ statement: string }[]> {
  const options =
    statements.serverVersion >= 160_000
      ? "format(' WITH ADMIN %s, INHERIT %s, SET %s', m.admin_option::text, m.inherit_option::text, m.set_option::text)"
      : "CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END";
  return statements.query(
    `SELECT DISTINCT format('GRANT %I TO %I', g.rolname, o.rolname) || ${options} AS statement
     FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
     JOIN pg_roles o ON o.rolname::text = $2
     WHERE l.rolname::text = $1 AND g.oid <> o.oid AND NOT pg_has_role(g.oid, o.oid, 'MEMBER')
       AND NOT EXISTS (SELECT FROM pg_auth_members n WHERE n.roleid = m.roleid AND n.member = o.oid)`,
    [from, owner],
  );
}

/** Every object whose access list names the login: the statement that gives the same to the owner role. */
function missingPrivileges(
  statements: Reading,
  from: string,
  owner: string,
): Promise<{ statement: string; owner: string }[]> {
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
     )
     SELECT format('GRANT %s%s ON %s %s TO %I%s', g.privilege_type, CASE WHEN acl.col IS NULL THEN '' ELSE format(' (%I)', acl.col) END, acl.kind,
              (pg_identify_object(acl.class, acl.object, 0)).identity, o.rolname,
              CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement,
            pg_get_userbyid(acl.owner)::text AS owner
     FROM acl CROSS JOIN aclexplode(acl.acl) g
     JOIN pg_roles l ON l.oid = g.grantee AND l.rolname::text = $1 JOIN pg_roles o ON o.rolname::text = $2
     WHERE acl.acl IS NOT NULL AND acl.owner NOT IN (o.oid, l.oid) AND NOT EXISTS (
       SELECT FROM aclexplode(acl.acl) h WHERE h.grantee = o.oid AND h.privilege_type = g.privilege_type
         AND (h.is_grantable OR NOT g.is_grantable))`,
    [from, owner],
  );
}
