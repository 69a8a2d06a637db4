import type { Statements } from './transaction.ts';

/** A statement that gives the owner role the default privileges of a login, and the role whose rights it takes. */
export interface DefaultPrivilege {
  readonly statement: string;
  readonly owner: string;
  /** The administrator has them already. */
  readonly own: boolean;
}

/**
 * Default privileges that one login has alone. Sessions act as the owner role, so they have no effect there:
 * 1. defaults of what the login creates: the owner role gets them, and the login goes back to the server's own;
 * 2. defaults that another role gives the login: the owner role gets the same.
 * REASSIGN OWNED leaves both where they are. Pure reading; REVOKE stands before GRANT.
 * https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
 */
export function missingDefaults(
  { query }: Pick<Statements, 'query'>,
  from: string,
  owner: string,
): Promise<DefaultPrivilege[]> {
  return query(
    `WITH l AS (SELECT oid, rolname FROM pg_roles WHERE rolname::text = $1),
     o AS (SELECT oid, rolname FROM pg_roles WHERE rolname::text = $2),
     d AS (SELECT defaclrole AS definer, defaclacl AS acl,
       CASE WHEN defaclnamespace = 0 THEN '' ELSE format(' IN SCHEMA %I', nspname) END AS place,
       CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
         WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS kind,
       CASE WHEN defaclnamespace = 0
         THEN acldefault(CASE defaclobjtype WHEN 'S' THEN 's'::"char" ELSE defaclobjtype END, defaclrole)
         END AS base
       FROM pg_default_acl LEFT JOIN pg_namespace n ON n.oid = defaclnamespace),
     own AS (SELECT place, kind, e.*, gives FROM d JOIN l ON definer = l.oid
       CROSS JOIN (VALUES (true), (false)) v(gives) CROSS JOIN LATERAL (
         SELECT grantee, privilege_type, is_grantable FROM aclexplode(CASE WHEN gives THEN acl ELSE base END)
         EXCEPT SELECT grantee, privilege_type, is_grantable FROM aclexplode(CASE WHEN gives THEN base ELSE acl END)) e),
     todo AS (
       SELECT o.rolname AS definer, gives AS grants, place, kind, privilege_type,
         CASE grantee WHEN l.oid THEN o.oid ELSE grantee END AS grantee, is_grantable FROM own, l, o
       UNION SELECT l.rolname, NOT gives, place, kind, privilege_type, grantee, is_grantable FROM own, l
       UNION SELECT pg_get_userbyid(definer), true, place, kind, privilege_type, o.oid, is_grantable
       FROM d CROSS JOIN aclexplode(acl) a JOIN l ON a.grantee = l.oid CROSS JOIN o
       WHERE definer NOT IN (l.oid, o.oid) AND NOT EXISTS (SELECT FROM aclexplode(acl) h
         WHERE h.grantee = o.oid AND h.privilege_type = a.privilege_type AND (h.is_grantable OR NOT a.is_grantable)))
     SELECT definer::text AS owner, pg_has_role(current_user, definer, 'USAGE') AS own, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s %s %s ON %s %s %s%s', definer, place,
       CASE WHEN grants THEN 'GRANT' ELSE 'REVOKE' END, privilege_type, kind, CASE WHEN grants THEN 'TO' ELSE 'FROM' END,
       CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
       CASE WHEN grants AND is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
     FROM todo ORDER BY grants, 2`,
    [from, owner],
  );
}

/**
 * Servers for which one login has a user mapping and the owner role has none: queries of sessions that act as the owner
 * role fail there. Only a person can copy one: it may hold a password, which PostgreSQL shows to its owner alone.
 * https://www.postgresql.org/docs/current/view-pg-user-mappings.html
 */
export async function mappingsApart(
  { query }: Pick<Statements, 'query'>,
  from: string,
  owner: string,
): Promise<{ server: string; statement: string }[]> {
  return query(
    `SELECT m.srvname::text AS server,
       format('CREATE USER MAPPING FOR %I SERVER %I OPTIONS (…)', $2::text, m.srvname) AS statement
     FROM pg_user_mappings m WHERE m.usename::text = $1
       AND NOT EXISTS (SELECT FROM pg_user_mappings o WHERE o.srvid = m.srvid AND o.usename::text IN ($2, 'public')) ORDER BY 1`,
    [from, owner],
  );
}
