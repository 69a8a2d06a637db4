import { type CredentialVerdict, type FindingCode, findingCodes, type Verification } from '../../contracts/audit.ts';
import type { PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { KeyturnError } from '../../errors.ts';
import { CandidateRejected } from '../errors.ts';
import type { Rotation, VerifiedVersions } from '../rotator.ts';
import { type Administrator, openAdministrator } from './administrator.ts';
import { testCandidate } from './candidate.ts';
import { describeDatabaseError, LoginRefused } from './database-errors.ts';
import type { Tools } from './dependencies.ts';
import { type Examined, mayLoseRole, presentLogins } from './examined.ts';
import { grantsApart, ownedDatabases } from './follow-grants.ts';
import { alternateOf, type LoginNames, loginNames, ownerRole } from './login-names.ts';
import { lookAtLogins } from './preflight.ts';
import { isOwnBackend } from './sessions.ts';
import type { TargetFinding } from './target-finding.ts';
import { type Reading, readingOf, withSession } from './transaction.ts';

type Found = Verification['findings'][number];

/**
 * Logs in with what is meant to work, where consumers do; for alternating users also with the previous credential, and as
 * the administrator, to see what has been lost since the last rotation. Reads only.
 */
export async function verifyTarget(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  { current, previous }: VerifiedVersions<PostgresPayload>,
): Promise<Verification> {
  if (rotation.settings.strategy !== 'alternating-users') {
    const repairable = rotation.settings.strategy === 'superuser' ? (['CurrentRefused'] as const) : [];
    const { verdict } = await logIn(tools, rotation, current.payload, undefined);
    return { current: verdict, findings: [], repairable: [...repairable] };
  }
  const names = loginNames(rotation.secretName, current.payload.username);
  const owner = ownerRole(rotation.settings, names);
  const now = await logIn(tools, rotation, current.payload, owner);
  const isOther = previous?.payload.username === alternateOf(rotation.secretName, current.payload.username);
  const before = isOther ? await logIn(tools, rotation, previous.payload, undefined) : undefined;
  const inUse = { payload: current.payload, works: now.verdict.works };
  const seen = await inspectAsAdministrator(tools, rotation, inUse, names);
  // Only an administrator that can log in, and only a role that exists, can be given its password again.
  const isBlocked = seen.some(({ code }) => code === 'RoleMissing' || code === 'AdministratorRefused');
  return {
    current: now.verdict,
    ...(before && { previous: before.verdict }),
    findings: [...now.findings, ...seen],
    repairable: isBlocked ? [] : ['CurrentRefused', 'PreviousRefused'],
  };
}

/** A login that works and acts as another role is a finding of its own: consumers go on, and what they create is apart. */
async function logIn(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  payload: PostgresPayload,
  owner: string | undefined,
): Promise<{ verdict: CredentialVerdict; findings: Found[] }> {
  try {
    await testCandidate(tools, rotation, payload, owner);
    return { verdict: { works: true }, findings: [] };
  } catch (error) {
    const fault =
      error instanceof KeyturnError ? error : describeDatabaseError(error, rotation.secretName, [payload.password]);
    // Of a target that does not answer, or is not what it must be, nothing follows for the credential.
    if (!(fault instanceof CandidateRejected)) throw fault;
    if (fault.cause instanceof LoginRefused) return { verdict: { works: false, reason: fault.message }, findings: [] };
    const lost: Found = { code: 'OwnerRoleLost', message: fault.message, isSafe: true };
    return { verdict: { works: true }, findings: [lost] };
  }
}

async function inspectAsAdministrator(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  { payload, works }: { payload: PostgresPayload; works: boolean },
  names: LoginNames,
): Promise<Found[]> {
  try {
    const administrator = await openAdministrator(tools, rotation, payload);
    return await withSession(Promise.resolve(administrator.session), () =>
      inspect(tools, rotation, { administrator, payload: works ? payload : undefined }, names),
    );
  } catch (error) {
    const fault =
      error instanceof KeyturnError ? error : describeDatabaseError(error, rotation.secretName, [payload.password]);
    if (fault.retryable) throw fault;
    const person = `Correct the superuser secret or the administrator's rights in the database, then: keyturn doctor ${rotation.secretName}`;
    return [{ code: 'AdministratorRefused', message: fault.message, person }];
  }
}

async function inspect(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  { administrator, payload }: { administrator: Administrator; payload: PostgresPayload | undefined },
  names: LoginNames,
): Promise<Found[]> {
  const reading = await readingOf(administrator.session);
  const { examined, findings } = await lookAtLogins(tools, { ...administrator, reading }, rotation, { payload, names });
  return [
    ...judged(findings),
    ...(await lostMemberships(examined)),
    ...(await apart(examined)),
    ...(examined.state.seesSessions ? await disabledInUse(reading, names) : []),
  ];
}

/** What the preflight would say before the next rotation. That the second login belongs is judged by its memberships. */
function judged(findings: readonly TargetFinding[]): Found[] {
  return findings
    .filter(({ code }) => code !== 'SecondLoginForeign')
    .map(({ code, text, statement }) => ({ code: findingOf(code), message: text, person: `${statement};` }));
}

function findingOf(code: string): FindingCode {
  if (administratorsOwn.has(code)) return 'AdministratorGrantMissing';
  return code in findingCodes ? (code as FindingCode) : 'LoginEntangled';
}

const administratorsOwn = new Set([
  'CreateRoleMissing',
  'AdminOptionMissing',
  'SessionsInvisible',
  'SessionsNotEndable',
  'VerifierInLog',
]);

async function lostMemberships({ reading: { query, serverVersion }, state, names, owner }: Examined): Promise<Found[]> {
  if (!state.roles.has(names.second)) return [];
  const complete = serverVersion >= 160_000 ? 'AND m.inherit_option AND m.set_option' : '';
  const pairs = [
    [names.base, names.second],
    ...(owner === names.base ? [] : [[owner, names.base] as const, [owner, names.second] as const]),
  ] as [string, string][];
  const found: Found[] = [];
  for (const [role, member] of pairs) {
    const [row] = await query<{ joined: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
         WHERE g.rolname::text = $1 AND l.rolname::text = $2 ${complete}) AS joined`,
      [role, member],
    );
    if (row!.joined) continue;
    const message = `${member} is no longer a member of ${role} in full: its sessions cannot act as ${role}.`;
    found.push({ code: 'MembershipLost', message, isSafe: true });
  }
  return found;
}

/** Given to one login alone, since the last rotation: sessions act as the owner role, so it has no effect. */
async function apart(examined: Examined): Promise<Found[]> {
  const { reading, settings, owner } = examined;
  const found: Found[] = [];
  for (const login of presentLogins(examined).filter((name) => name !== owner)) {
    const missing = await grantsApart(reading, login, owner);
    // A proxy that loses the role setting makes the login own what it creates: each rotation hands it over.
    const owns = !mayLoseRole(settings) && (await ownedDatabases(reading, login)).includes('');
    if (missing.length === 0 && !owns) continue;
    const shown = missing.slice(0, 3).join('; ') + (missing.length > 3 ? `; and ${missing.length - 3} more` : '');
    const message = [
      missing.length > 0 && `what ${login} was given, ${owner} lacks: ${shown}.`,
      owns && `${login} owns objects that belong to ${owner}.`,
    ];
    found.push({ code: 'GrantsApart', message: message.filter(Boolean).join(' '), isSafe: true });
  }
  return found;
}

/** NOLOGIN refuses new sessions and leaves open ones alone. Ending them may cut a statement: a person decides. */
async function disabledInUse({ query }: Reading, names: LoginNames): Promise<Found[]> {
  const rows = await query<{ login: string; application: string; address: string | null; count: number }>(
    `SELECT r.rolname::text AS login, coalesce(nullif(a.application_name, ''), 'no application name') AS application,
       host(a.client_addr) AS address, count(*)::int AS count
     FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
     WHERE r.rolname::text = ANY($1) AND NOT r.rolcanlogin AND a.${isOwnBackend}
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    [[names.base, names.second]],
  );
  if (rows.length === 0) return [];
  const users = rows.map(
    ({ application, address, count }) => `${application} from ${address ?? 'the host'} (${count})`,
  );
  const message = `${rows[0]!.login} may not log in any more, but still has sessions: ${users.join(', ')}.`;
  return [{ code: 'DisabledLoginInUse', message, isSafe: false }];
}
