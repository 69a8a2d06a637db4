import type { LoginNames } from './login-names.ts';
import type { Statements } from './transaction.ts';

export interface RoleState {
  readonly name: string;
  readonly canLogin: boolean;
  readonly connectionLimit: number;
  readonly validUntil: string | null;
  /** Whether the administrator may alter the role. */
  readonly administrable: boolean;
}

export interface TargetState {
  readonly administrator: string;
  readonly database: string;
  readonly mayCreateRoles: boolean;
  readonly isSuperuser: boolean;
  readonly seesSessions: boolean;
  readonly endsSessions: boolean;
  readonly mayUseTemporaryTables: boolean;
  readonly roles: ReadonlyMap<string, RoleState>;
  /** Whether the second login, where it exists, is a member of the base role: otherwise another application owns it. */
  readonly secondBelongs: boolean;
}

type Query = Statements['query'];

/** What the administrator may do, and what there is. Reads only. */
export async function inspectRoles(query: Query, names: LoginNames, owner: string): Promise<TargetState> {
  const [self] = await query<Omit<TargetState, 'roles' | 'secondBelongs'>>(
    `SELECT current_user::text AS administrator, current_database()::text AS database,
       rolcreaterole OR rolsuper AS "mayCreateRoles", rolsuper AS "isSuperuser",
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS "seesSessions",
       pg_has_role(current_user, 'pg_signal_backend', 'USAGE') AS "endsSessions",
       has_database_privilege(current_database(), 'TEMPORARY') AS "mayUseTemporaryTables"
     FROM pg_roles WHERE rolname = current_user`,
  );
  // Up to version 15 CREATEROLE was enough to alter any role that is no superuser.
  const roles = await query<RoleState>(
    `SELECT rolname::text AS name, rolcanlogin AS "canLogin", rolconnlimit AS "connectionLimit", rolvaliduntil::text AS "validUntil",
       CASE WHEN current_setting('server_version_num')::int >= 160000
         THEN pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION') ELSE NOT rolsuper END AS administrable
     FROM pg_roles WHERE rolname::text = ANY($1)`,
    [[names.base, names.second, owner]],
  );
  const byName = new Map(roles.map((role) => [role.name, role]));
  let secondBelongs = true;
  if (byName.has(names.base) && byName.has(names.second)) {
    const [member] = await query<{ belongs: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
         WHERE g.rolname::text = $1 AND l.rolname::text = $2) AS belongs`,
      [names.base, names.second],
    );
    secondBelongs = member!.belongs;
  }
  return { ...self!, roles: byName, secondBelongs };
}
