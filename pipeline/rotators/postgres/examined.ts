import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import type { TargetState } from './inspect-roles.ts';
import type { LoginNames } from './login-names.ts';
import { quoteForReading } from './quote-for-reading.ts';
import type { RoleMemory } from './role-memory.ts';
import type { Reading } from './transaction.ts';

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

/** Makes a login of the pair that is missing, for a person to run: only the administrator may then alter it. */
export function statementThatMakes(
  login: string,
  { names, state, reading }: Pick<Examined, 'names' | 'state' | 'reading'>,
  attributes: readonly string[] = [],
): string {
  const [name, base] = [quoteForReading(login), quoteForReading(names.base)];
  const words = ['NOLOGIN', ...attributes].join(' ');
  const admin = `; GRANT ${name} TO ${quoteForReading(state.administrator)} WITH ADMIN OPTION`;
  return `CREATE ROLE ${name} ${words}; GRANT ${base} TO ${name}${reading.serverVersion >= 160_000 ? admin : ''}`;
}

/** Behind such a proxy a session may have lost its role setting, and then acts as its login. */
export function mayLoseRole(settings: PostgresSettings): boolean {
  return settings.proxy?.ownership === 'reassign';
}
