import type { PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { KeyturnError } from '../../errors.ts';
import { TargetRefused, UnsafeRotation } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import { type Administrator, openAdministrator } from './administrator.ts';
import { describeDatabaseError } from './database-errors.ts';
import type { PostgresRotatorDependencies, Tools } from './dependencies.ts';
import type { Examined } from './examined.ts';
import { logInOrExplain } from './explain-refusal.ts';
import { findServerWork } from './find-server-work.ts';
import { inspectRoles, type TargetState } from './inspect-roles.ts';
import { judgeHanging } from './judge-hanging.ts';
import { type LoginNames, loginNames, ownerRole } from './login-names.ts';
import { quoteForReading } from './quote-for-reading.ts';
import { readMemory } from './role-memory.ts';
import { judgeServerWork, type ServerWork } from './run-by-server.ts';
import type { PreflightFinding, TargetFinding } from './target-finding.ts';
import { completeTools } from './tools.ts';
import { type Reading, readingOf, withSession } from './transaction.ts';
import { countHanging, type Hanging, whatRuns } from './what-hangs.ts';

export interface TargetPreflight {
  readonly findings: readonly PreflightFinding[];
  /** How many of each kind hang on the logins, where they can be counted. */
  readonly hanging: readonly Hanging[];
}

/**
 * What would keep a secret from being rotated, before the first rotation. Reads only: logs in as the administrator and
 * as the current login, changes nothing.
 */
export async function preflightPostgres(
  dependencies: PostgresRotatorDependencies,
  secret: Pick<Rotation<PostgresSettings>, 'secretArn' | 'secretName' | 'settings'>,
  payload: PostgresPayload,
): Promise<TargetPreflight> {
  const tools = completeTools(dependencies);
  try {
    const isAlternating = secret.settings.strategy === 'alternating-users';
    const { isMd5 } = await logInOrExplain(tools, secret, payload);
    const md5 = isMd5 ? [judgeMd5(payload.username)] : [];
    if (!isAlternating) return { findings: md5, hanging: [] };
    const names = loginNames(secret.secretName, payload.username);
    const administrator = await openAdministrator(tools, secret, payload);
    return await withSession(Promise.resolve(administrator.session), async (session) => {
      const reading = await readingOf(session);
      const { examined, work, findings } = await lookAtLogins(tools, { ...administrator, reading }, secret, {
        payload,
        names,
      });
      return {
        findings: [...md5, ...findings],
        hanging: [...countRunning(work), ...(await countHanging(examined))],
      };
    });
  } catch (error) {
    const fault =
      error instanceof KeyturnError ? error : describeDatabaseError(error, secret.secretName, [payload.password]);
    return { findings: [{ code: fault.code, blocks: true, text: fault.message }], hanging: [] };
  }
}

function countRunning(work: readonly ServerWork[]): Hanging[] {
  const count = work.filter(({ kind }) => kind === 'job').length;
  return whatRuns
    .filter(({ columns }) => count > 0 && columns.includes('cron.job'))
    .map(({ what, fate, becomes }) => ({ what, count, fate, becomes }));
}

/** Every password of a rotation is a SCRAM verifier. */
function judgeMd5(login: string): PreflightFinding {
  return {
    code: 'PasswordMd5',
    blocks: false,
    text: `The server keeps the password of ${login} as md5; a rotation writes a SCRAM-SHA-256 verifier. Clients and poolers have to speak SCRAM (libpq 10 and later), and a line of pg_hba.conf that names ${login} needs one for the other login.`,
  };
}

/** A pair of logins: what is there, what the server runs as them, and everything to be said of it. */
interface LookedAt {
  readonly examined: Examined;
  readonly work: readonly ServerWork[];
  readonly findings: readonly TargetFinding[];
}

/**
 * The look of `plan`, `set` and the audit at a pair of logins: they agree because it is one. Reads only. `payload` undefined:
 * its credential does not work.
 */
export async function lookAtLogins(
  tools: Tools,
  administrator: Pick<Administrator, 'address' | 'login'> & { readonly reading: Reading },
  { secretArn, settings }: Pick<Rotation<PostgresSettings>, 'secretArn' | 'settings'>,
  { payload, names }: { readonly payload: PostgresPayload | undefined; readonly names: LoginNames },
): Promise<LookedAt> {
  const { reading } = administrator;
  const work = await findServerWork(tools, administrator, payload, [names.base, names.second]);
  const owner = ownerRole(settings, names);
  const state = await inspectRoles(reading.query, names, owner);
  const memory = await readMemory(reading, names.second);
  const examined = { reading, secretArn, names, owner, state, settings, memory };
  const findings = [
    ...judgeTarget(state, names, settings),
    ...judgeServerWork(work, examined),
    ...(await judgeHanging(examined)),
  ];
  return { examined, work, findings };
}

/** Pure. The statements are for people to read and run; names are quoted as PostgreSQL's quote_ident does it. */
export function judgeTarget(state: TargetState, names: LoginNames, settings: PostgresSettings): TargetFinding[] {
  const owner = ownerRole(settings, names);
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
    const word = role.isSuperuser ? 'SUPERUSER' : 'REPLICATION';
    if (role.isSuperuser || role.attributes.includes('REPLICATION')) {
      const text = `${role.name} has ${word}, and ${state.administrator} may not alter such a role on this server: give that work a login of its own.`;
      find(true, 'AttributeNotGivable', text, `ALTER ROLE ${quoteForReading(role.name)} NO${word}`);
      continue;
    }
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
      (state.isReversed ? `REVOKE ${quoteForReading(names.second)} FROM ${quoteForReading(names.base)}; ` : '') +
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
  if (state.eventTriggers.length > 0) {
    const triggers = state.eventTriggers.join(', ');
    const text = `Event triggers (${triggers}) would fire on a temporary table, so none is used: a log of all statements would hold the SCRAM verifier (never the password).`;
    const statement = state.eventTriggers
      .map((name) => `ALTER EVENT TRIGGER ${quoteForReading(name)} DISABLE`)
      .join('; ');
    find(false, 'VerifierInLog', text, statement);
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
  const Refusal = blocking.some(({ code }) => code === 'SecondLoginForeign' || code === 'LoginShared')
    ? UnsafeRotation
    : TargetRefused;
  throw new Refusal(`${secretName}: username: ${text}`);
}
