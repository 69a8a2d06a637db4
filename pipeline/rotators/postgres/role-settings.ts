import type { LoginNames } from './login-names.ts';
import { digest } from './role-memory.ts';
import type { Reading, Statements } from './transaction.ts';

/** `setting` or `database/setting` → value, as pg_db_role_setting has it; without `role`, which is ours. */
export type RoleSettings = ReadonlyMap<string, string>;

/**
 * What both logins shall have. A setting that differs was changed on one of them since they were last the same:
 * 1. The base has what it had: the second login's change counts. 2. Otherwise the base's does (also when both changed).
 * A removal is a change like any other.
 */
export function mergeSettings(
  base: RoleSettings,
  second: RoleSettings,
  remembered: Readonly<Record<string, string>>,
): Map<string, string> {
  const merged = new Map<string, string>();
  for (const key of new Set([...base.keys(), ...second.keys()])) {
    const [ofBase, ofSecond] = [base.get(key), second.get(key)];
    const baseIsAsItWas = (ofBase === undefined ? undefined : digest(ofBase)) === remembered[key];
    const value = baseIsAsItWas ? ofSecond : ofBase;
    if (value !== undefined) merged.set(key, value);
  }
  return merged;
}

export function digestSettings(settings: RoleSettings): Record<string, string> {
  return Object.fromEntries([...settings].map(([key, value]) => [key, digest(value)]));
}

/** Gives both logins the same settings, per database too. Answers with what they have now. */
export async function followSettings(
  statements: Statements,
  { base, second }: LoginNames,
  remembered: Readonly<Record<string, string>>,
): Promise<RoleSettings> {
  const ofBase = await readSettings(statements, base);
  const ofSecond = await readSettings(statements, second);
  const merged = mergeSettings(ofBase, ofSecond, remembered);
  await apply(statements, base, ofBase, merged);
  await apply(statements, second, ofSecond, merged);
  return merged;
}

async function readSettings(statements: Pick<Statements, 'query'>, role: string): Promise<RoleSettings> {
  const rows = await statements.query<{ database: string | null; entry: string }>(
    `SELECT d.datname::text AS database, unnest(s.setconfig) AS entry
     FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
     WHERE r.rolname::text = $1`,
    [role],
  );
  const entries = rows.map(({ database, entry }): [string, string] => {
    const end = entry.indexOf('=');
    return [JSON.stringify([database, entry.slice(0, end)]), entry.slice(end + 1)];
  });
  return new Map(entries.filter(([key]) => (JSON.parse(key) as string[])[1] !== 'role'));
}

/** A setting of one login that the administrator may not give the other: only a superuser may, or a holder of SET on it. */
export interface SettingOutOfReach {
  readonly name: string;
  readonly role: string;
  readonly statement: string;
}

/**
 * Reads only. RDS lets its administrators set more, and names what.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html (rds.superuser_variables)
 */
export async function settingsOutOfReach(
  { query, serverVersion }: Reading,
  { base, second }: LoginNames,
  remembered: Readonly<Record<string, string>>,
): Promise<SettingOutOfReach[]> {
  const [ofBase, ofSecond] = [await readSettings({ query }, base), await readSettings({ query }, second)];
  const merged = mergeSettings(ofBase, ofSecond, remembered);
  const changes = [...merged].flatMap(([key, value]) =>
    [base, second]
      .filter((role) => (role === base ? ofBase : ofSecond).get(key) !== value)
      .map((role) => ({
        role,
        database: (JSON.parse(key) as [string | null, string])[0],
        name: (JSON.parse(key) as [string | null, string])[1],
        value,
      })),
  );
  if (changes.length === 0) return [];
  const granted = serverVersion >= 150_000 ? "has_parameter_privilege(s.name, 'SET')" : 'false';
  return query<SettingOutOfReach>(
    `SELECT c.name, c.role, format('ALTER ROLE %I%s SET %s TO %L', c.role, CASE WHEN c.database IS NULL THEN '' ELSE format(' IN DATABASE %I', c.database) END, c.name, c.value) AS statement
     FROM jsonb_to_recordset($1::jsonb) AS c(role text, database text, name text, value text) JOIN pg_settings s ON lower(s.name) = lower(c.name)
     WHERE s.context IN ('superuser', 'superuser-backend') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       AND NOT (s.name = ANY(string_to_array(replace(coalesce(current_setting('rds.superuser_variables', true), ''), ' ', ''), ',')))
       AND NOT ${granted}`,
    [JSON.stringify(changes)],
  );
}

async function apply(statements: Statements, role: string, has: RoleSettings, wanted: RoleSettings): Promise<void> {
  for (const key of new Set([...has.keys(), ...wanted.keys()])) {
    const value = wanted.get(key);
    if (value === has.get(key)) continue;
    const [database, name] = JSON.parse(key) as [string | null, string];
    const place = database === null ? [] : [database];
    const alter = `ALTER ROLE %I ${database === null ? '' : 'IN DATABASE %I '}`;
    if (value === undefined) {
      await statements.execute(`${alter}RESET %I`, role, ...place, name);
      continue;
    }
    const values = lists.has(name.toLowerCase()) ? splitList(value) : [value];
    await statements.execute(`${alter}SET %I TO ${values.map(() => '%L').join(', ')}`, role, ...place, name, ...values);
  }
}

/** Settings that PostgreSQL keeps as a list of quoted names (GUC_LIST_QUOTE): each has to be given by itself again. */
const lists = new Set([
  'search_path',
  'temp_tablespaces',
  'local_preload_libraries',
  'session_preload_libraries',
  'shared_preload_libraries',
  'unix_socket_directories',
]);

export function splitList(value: string): string[] {
  if (value.trim() === '') return [''];
  return [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,"]*))\s*(?:,|$)/g)]
    .filter(([match]) => match !== '')
    .map(([, quoted, plain]) => (quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"')));
}
