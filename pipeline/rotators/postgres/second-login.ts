import type { PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import type { Rotation } from '../rotator.ts';
import { type Administrator, openAdministrator } from './administrator.ts';
import type { Tools } from './dependencies.ts';
import { followGrants, ownedDatabases, reassignOwned } from './follow-grants.ts';
import { handOverRelations } from './hand-over.ts';
import type { RoleState, TargetState } from './inspect-roles.ts';
import type { LoginNames } from './login-names.ts';
import { withMemberships } from './membership.ts';
import { followAttributes } from './role-attributes.ts';
import { readMemory, writeMemory } from './role-memory.ts';
import { digestSettings, followSettings } from './role-settings.ts';
import { inTransaction, type Statements, withSession } from './transaction.ts';

interface Pair {
  readonly statements: Statements;
  readonly administrator: Administrator;
  readonly names: LoginNames;
  readonly owner: string;
  readonly state: TargetState;
}

/**
 * What was created or granted under a login's own name goes to the owner role, in every database: after a proxy that
 * lost the role setting, after AWS's function, after a hand. Other databases first, each in a transaction of its own:
 * what a killed process leaves undone there, the next call does.
 */
export async function followAcross(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  payload: PostgresPayload,
  { statements, administrator, names, owner, state }: Pair,
): Promise<void> {
  const followed = [names.base, names.second].filter((login) => login !== owner && state.roles.has(login));
  for (const login of followed) {
    for (const database of (await ownedDatabases(statements, login, true)).filter(Boolean)) {
      const opened = await openAdministrator(tools, rotation, payload, database);
      const where = `${rotation.secretName}: ${administrator.username} in database ${database}`;
      await withSession(Promise.resolve(opened.session), async (session) => {
        // A lock of that database's: this secret's own is held in the payload's.
        await handOverRelations(session, { where, rotation }, { from: login, owner });
        await inTransaction(session, { where, rotation }, (there) => follow(there, login, owner));
      });
    }
    await follow(statements, login, owner);
  }
}

async function follow(statements: Statements, login: string, owner: string): Promise<void> {
  // What the login owns may lie in a schema in which only the login was let create.
  await followGrants(statements, login, owner);
  await reassignOwned(statements, login, owner);
}

/** Makes both logins act as the owner role, with the same settings, and lets the pending one log in. */
export async function prepareLogins(
  statements: Statements,
  logins: {
    names: LoginNames;
    owner: string;
    pending: string;
    /** The login in use: limits are taken from it. */
    template: RoleState | undefined;
    state: TargetState;
  },
): Promise<void> {
  const { names, owner, pending, template, state } = logins;
  if (!state.roles.has(names.second)) await statements.execute('CREATE ROLE %I NOLOGIN INHERIT', names.second);
  await joinRole(statements, names.base, names.second);
  if (owner !== names.base) {
    await joinRole(statements, owner, names.base);
    await joinRole(statements, owner, names.second);
    await actAs(statements, names.base, owner);
  }
  await actAs(statements, names.second, owner);
  const memory = await readMemory(statements, names.second);
  const settings = await followSettings(statements, names, memory.settings);
  const attributes = await followAttributes(statements, { names, owner, state, memory });
  await writeMemory(statements, names.second, { ...memory, settings: digestSettings(settings), attributes });
  await statements.execute(
    `ALTER ROLE %I LOGIN CONNECTION LIMIT ${template?.connectionLimit ?? -1} VALID UNTIL %L`,
    pending,
    template?.validUntil ?? 'infinity',
  );
}

/** Both rights that acting as a role takes: SET to become it, INHERIT where a proxy has lost the setting. */
async function joinRole(statements: Statements, role: string, member: string): Promise<void> {
  const options = statements.serverVersion >= 160_000 ? ' WITH INHERIT TRUE, SET TRUE' : '';
  const complete = statements.serverVersion >= 160_000 ? 'AND m.inherit_option AND m.set_option' : '';
  const [row] = await statements.query<{ joined: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
       WHERE g.rolname::text = $1 AND l.rolname::text = $2 ${complete}) AS joined`,
    [role, member],
  );
  if (!row!.joined) await statements.execute(`GRANT %I TO %I${options}`, role, member);
}

async function actAs(statements: Statements, login: string, owner: string): Promise<void> {
  const set = () => statements.execute('ALTER ROLE %I SET role TO %L', login, owner);
  if (statements.serverVersion >= 160_000) return set();
  // Up to version 15 the server asks whether the role that sets it could become the other role.
  await withMemberships(statements, [owner], [], set);
}
