import type { LoginNames } from './login-names.ts';
import type { Statements } from './transaction.ts';

export interface RoleState {
  readonly name: string;
  readonly canLogin: boolean;
  readonly connectionLimit: number;
  readonly validUntil: string | null;
  /** Its end has passed, or comes within a day. */
  readonly ends: 'past' | 'soon' | 'later' | null;
  readonly attributes: readonly string[];
  readonly isSuperuser: boolean;
  /** Whether the administrator may alter the role. */
  readonly administrable: boolean;
}

export interface TargetState {
  readonly administrator: string;
  readonly database: string;
  readonly mayCreateRoles: boolean;
  readonly isSuperuser: boolean;
  /** The role that initdb made: rdsadmin on RDS. */
  readonly bootstrapSuperuser: string;
  /** What the administrator has of `attributes` itself. */
  readonly ownAttributes: readonly string[];
  readonly seesSessions: boolean;
  readonly endsSessions: boolean;
  readonly mayUseTemporaryTables: boolean;
  /** Those that fire when a temporary table is made or dropped. */
  readonly eventTriggers: readonly string[];
  readonly roles: ReadonlyMap<string, RoleState>;
  /** Whether the second login, where it exists, is a member of the base role: otherwise another application owns it. */
  readonly secondBelongs: boolean;
  /** A person has granted the second login to the base role: the right membership would make a circle. */
  readonly isReversed: boolean;
  /** A login for the server's own work is there already. */
  readonly hasWorker: boolean;
  /** The base login's sessions act as the owner role already. */
  readonly baseActsAsOwner: boolean;
}

/** As migration and auditing tools install them: they may refuse a temporary table, or write it down. */
export const firesOnTables =
  "evtenabled IN ('O', 'A') AND evtevent IN ('ddl_command_start', 'ddl_command_end', 'sql_drop')";

/** The attributes of a role, as ALTER ROLE writes them. As JSON: the bundle reads no arrays. */
const attributesOf = `to_json(array_remove(ARRAY[CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
  CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END], NULL))`;

type Query = Statements['query'];

/** What the administrator may do, and what there is. Reads only. */
export async function inspectRoles(query: Query, names: LoginNames, owner: string): Promise<TargetState> {
  const [self] = await query<
    Omit<TargetState, 'roles' | 'secondBelongs' | 'isReversed' | 'hasWorker' | 'baseActsAsOwner'>
  >(
    `SELECT current_user::text AS administrator, current_database()::text AS database,
       rolcreaterole OR rolsuper AS "mayCreateRoles", rolsuper AS "isSuperuser",
       ${attributesOf} AS "ownAttributes", pg_get_userbyid(10)::text AS "bootstrapSuperuser",
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS "seesSessions",
       pg_has_role(current_user, 'pg_signal_backend', 'USAGE') AS "endsSessions",
       has_database_privilege(current_database(), 'TEMPORARY') AS "mayUseTemporaryTables",
       to_json(ARRAY(SELECT evtname::text FROM pg_event_trigger WHERE ${firesOnTables} ORDER BY 1)) AS "eventTriggers"
     FROM pg_roles WHERE rolname = current_user`,
  );
  // Up to version 15 CREATEROLE was enough to alter any role that is no superuser and may not replicate.
  const roles = await query<RoleState>(
    `SELECT rolname::text AS name, rolcanlogin AS "canLogin", rolconnlimit AS "connectionLimit", rolvaliduntil::text AS "validUntil",
       CASE WHEN rolvaliduntil IS NULL OR rolvaliduntil = 'infinity' THEN NULL WHEN rolvaliduntil < now() THEN 'past'
         WHEN rolvaliduntil < now() + interval '1 day' THEN 'soon' ELSE 'later' END AS ends,
       ${attributesOf} AS attributes, rolsuper AS "isSuperuser",
       CASE WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN true WHEN rolsuper THEN false WHEN current_setting('server_version_num')::int >= 160000
         THEN pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION') ELSE NOT rolreplication END AS administrable
     FROM pg_roles WHERE rolname::text = ANY($1)`,
    [[names.base, names.second, owner]],
  );
  const byName = new Map(roles.map((role) => [role.name, role]));
  const [pair] = await query<Pick<TargetState, 'secondBelongs' | 'isReversed' | 'hasWorker' | 'baseActsAsOwner'>>(
    `WITH m AS (SELECT g.rolname::text AS role, l.rolname::text AS member FROM pg_auth_members m
       JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles l ON l.oid = m.member)
     SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname::text = $2) OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname::text = $1)
         OR EXISTS (SELECT FROM m WHERE role = $1 AND member = $2) AS "secondBelongs",
       EXISTS (SELECT FROM m WHERE role = $2 AND member = $1) AS "isReversed",
       EXISTS (SELECT FROM pg_roles WHERE rolname::text = $1 || '_jobs') AS "hasWorker",
       $1 = $3 OR EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
         WHERE r.rolname::text = $1 AND s.setconfig @> ARRAY['role=' || $3]) AS "baseActsAsOwner"`,
    [names.base, names.second, owner],
  );
  return { ...self!, ...pair!, roles: byName };
}
