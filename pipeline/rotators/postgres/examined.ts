import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import type { TargetState } from './inspect-roles.ts';
import type { LoginNames } from './login-names.ts';
import type { RoleMemory } from './role-memory.ts';
import type { Statements } from './transaction.ts';

export type Reading = Pick<Statements, 'query' | 'serverVersion'>;

/** A pair of logins, as the rows of "what hangs on a login" look at it: by the administrator's session, in the payload's database. */
export interface Examined {
  readonly reading: Reading;
  readonly secretArn: string;
  readonly names: LoginNames;
  /** The role as which sessions act. */
  readonly owner: string;
  readonly state: TargetState;
  readonly settings: PostgresSettings;
  readonly memory: RoleMemory;
}

/** The logins that are there. */
export function presentLogins({ names, state }: Pick<Examined, 'names' | 'state'>): string[] {
  return [names.base, names.second].filter((name) => state.roles.has(name));
}

/** Behind such a proxy a session may have lost its role setting, and then acts as its login. */
export function mayLoseRole(settings: PostgresSettings): boolean {
  return settings.proxy?.ownership === 'reassign';
}
