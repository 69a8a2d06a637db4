import { databaseAddress, type PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { KeyturnError } from '../../errors.ts';
import { TargetRefused, UnsafeRotation } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import { openAdministrator } from './administrator.ts';
import { describeDatabaseError } from './database-errors.ts';
import type { PostgresRotatorDependencies } from './dependencies.ts';
import { inspectRoles, type TargetState } from './inspect-roles.ts';
import { type LoginNames, loginNames } from './login-names.ts';
import { completeTools } from './tools.ts';
import { withSession } from './transaction.ts';

export interface PreflightFinding {
  readonly code: string;
  /** A rotation would be refused. Otherwise it goes through, with less than it could give. */
  readonly blocks: boolean;
  readonly text: string;
  /** The statement that repairs it, for a person who may run it. */
  readonly statement?: string;
}

/** What the roles of the target lack; each has its statement. */
export interface TargetFinding extends PreflightFinding {
  readonly statement: string;
}

/**
 * What would keep a secret from being rotated, before the first rotation. Reads only: logs in as the administrator and
 * as the current login, changes nothing.
 */
export async function preflightPostgres(
  dependencies: PostgresRotatorDependencies,
  secret: Pick<Rotation<PostgresSettings>, 'secretName' | 'settings'>,
  payload: PostgresPayload,
): Promise<PreflightFinding[]> {
  const tools = completeTools(dependencies);
  try {
    await withSession(tools.connect(databaseAddress(payload), payload), async () => undefined);
    if (secret.settings.strategy !== 'alternating-users') return [];
    const names = loginNames(secret.secretName, payload.username);
    const owner = secret.settings.ownerRole ?? names.base;
    const administrator = await openAdministrator(tools, secret, payload);
    return await withSession(Promise.resolve(administrator.session), async (session) => {
      const query = async (statement: string, values?: unknown[]) => (await session.query(statement, values)).rows;
      return judgeTarget(await inspectRoles(query as never, names, owner), names, secret.settings);
    });
  } catch (error) {
    const fault =
      error instanceof KeyturnError ? error : describeDatabaseError(error, secret.secretName, [payload.password]);
    return [{ code: fault.code, blocks: true, text: fault.message }];
  }
}

/** Pure. The statements are for people to read and run; names are quoted as PostgreSQL's quote_ident does it. */
export function judgeTarget(state: TargetState, names: LoginNames, settings: PostgresSettings): TargetFinding[] {
  const owner = settings.ownerRole ?? names.base;
  const administrator = quoteForReading(state.administrator);
  const findings: TargetFinding[] = [];
  const find = (blocks: boolean, code: string, text: string, statement: string) =>
    findings.push({ code, blocks, text, statement });

  if (!state.mayCreateRoles) {
    find(
      true,
      'CreateRoleMissing',
      `${state.administrator} may not create roles.`,
      `ALTER ROLE ${administrator} CREATEROLE`,
    );
  }
  for (const name of new Set([names.base, owner])) {
    if (state.roles.has(name)) continue;
    // A login gets its password from the secret, by the repair of CurrentRefused.
    const statement = `CREATE ROLE ${quoteForReading(name)} ${name === names.base ? 'LOGIN' : 'NOLOGIN'}`;
    find(true, 'RoleMissing', `Role ${name} does not exist in the database server.`, statement);
  }
  for (const role of state.roles.values()) {
    if (role.administrable) continue;
    find(
      true,
      'AdminOptionMissing',
      `${state.administrator} has no ADMIN on ${role.name}, which another role created (PostgreSQL 16 and later ask for it).`,
      `GRANT ${quoteForReading(role.name)} TO ${administrator} WITH ADMIN OPTION`,
    );
  }
  if (!state.secondBelongs) {
    find(
      true,
      'SecondLoginForeign',
      `Role ${names.second} exists and is no member of ${names.base}: it may belong to another application. Grant the membership if it is the second login.`,
      `GRANT ${quoteForReading(names.base)} TO ${quoteForReading(names.second)}`,
    );
  }
  if (!state.seesSessions) {
    find(
      false,
      'SessionsInvisible',
      `${state.administrator} cannot see other logins' sessions, so nothing will be retired.`,
      `GRANT pg_monitor TO ${administrator}`,
    );
  }
  if (!state.endsSessions) {
    find(
      false,
      'SessionsNotEndable',
      `${state.administrator} cannot end sessions: a proxy's idle ones, or those of a compromised login.`,
      `GRANT pg_signal_backend TO ${administrator}`,
    );
  }
  if (!state.mayUseTemporaryTables) {
    find(
      false,
      'VerifierInLog',
      `${state.administrator} may not use temporary tables in ${state.database}: a log of all statements would hold the SCRAM verifier (never the password).`,
      `GRANT TEMPORARY ON DATABASE ${quoteForReading(state.database)} TO ${administrator}`,
    );
  }
  return findings;
}

/** @throws UnsafeRotation | TargetRefused with every reason at once */
export function refuseBlocked(secretName: string, findings: readonly PreflightFinding[]): void {
  const blocking = findings.filter(({ blocks }) => blocks);
  if (blocking.length === 0) return;
  const text = blocking
    .map((finding) => finding.text + (finding.statement ? ` Run: ${finding.statement};` : ''))
    .join(' ');
  const Refusal = blocking.some(({ code }) => code === 'SecondLoginForeign') ? UnsafeRotation : TargetRefused;
  throw new Refusal(`${secretName}: username: ${text}`);
}

function quoteForReading(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
