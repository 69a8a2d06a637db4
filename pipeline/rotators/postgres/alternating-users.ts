import { type DatabaseAddress, databaseAddress, type PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { UnsafeRotation } from '../errors.ts';
import type { RetirementEvidence, RetirementVersions, Rotation, SecretVersion } from '../rotator.ts';
import { type Administrator, chooseAdministrator, openAdministrator } from './administrator.ts';
import { refuseOtherTarget, testCandidate } from './candidate.ts';
import type { Tools } from './dependencies.ts';
import { logInOrExplain } from './explain-refusal.ts';
import { findServerWork } from './find-server-work.ts';
import { handOverRelations } from './hand-over.ts';
import { inspectRoles } from './inspect-roles.ts';
import { judgeOtherSecret } from './judge-hanging.ts';
import { alternateOf, type LoginNames, loginNames, ownerRole } from './login-names.ts';
import { generatePassword } from './password.ts';
import { lookAtLogins, refuseBlocked } from './preflight.ts';
import { putLoginSecret } from './proxy-logins.ts';
import { RETIRED, readMemory, writeMemory } from './role-memory.ts';
import { preparedBy, type ServerWork } from './run-by-server.ts';
import { computeScramVerifier } from './scram-verifier.ts';
import { followAcross, prepareLogins } from './second-login.ts';
import { endSessions, gatherSessionEvidence, joinEvidence } from './sessions.ts';
import type { Strategy } from './strategy.ts';
import { inTransaction, readingOf, type Statements, withSession } from './transaction.ts';
import { writeVerifier } from './write-verifier.ts';

/**
 * Two logins and one owner role. While one login is in use the other gets a new password and takes over; what either
 * creates belongs to the owner role, as which both act. The base login's role is the owner, unless the settings name
 * another; when the base login is retired it loses LOGIN and nothing else.
 */
export function alternatingUsers(tools: Tools): Strategy {
  return {
    create: async ({ secretName, settings }, { current }) => ({
      ...current.payload,
      username: alternateOf(secretName, current.payload.username),
      password: generatePassword({
        length: settings.passwordLength,
        excludeCharacters: settings.excludeCharacters,
        randomBytes: tools.randomBytes,
      }),
    }),

    /**
     * 1. The candidate is for this target. 2. The administrator is of the same host. 3. Current works. 4. Everything else
     * under the lock, the proxy's secret too: a step that was overtaken cannot put its password there over a later one's.
     */
    async set(rotation, { current, pending }) {
      const due = alternateOf(rotation.secretName, current.payload.username);
      refuseOtherTarget(rotation.secretName, current.payload, pending.payload, due);
      const administrator = await chooseAdministrator(tools, rotation, current.payload);
      await logInOrExplain(tools, rotation, current.payload);
      const verifier = await computeScramVerifier(pending.payload.password, tools.randomBytes);
      const names = loginNames(rotation.secretName, due);
      const owner = ownerRole(rotation.settings, names);
      const judge = async (statements: Statements, administrator: Administrator) => {
        const look = { payload: current.payload, names };
        const looked = await lookAtLogins(tools, { ...administrator, reading: statements }, rotation, look);
        refuseBlocked(rotation.secretName, looked.findings);
        return looked.examined.state;
      };
      await inLockOf(
        rotation,
        await administrator.open(),
        { names, owner, prepare: judge },
        async (statements, administrator) => {
          const state = await judge(statements, administrator);
          const template = state.roles.get(current.payload.username);
          await followAcross(tools, rotation, current.payload, { statements, names, owner, administrator, state });
          await prepareLogins(statements, { names, owner, pending: due, template, state });
          await writeVerifier(statements, due, verifier);
          await remember(statements, names, {
            login: due,
            versionId: pending.versionId,
            secretArn: rotation.secretArn,
          });
          await putLoginSecret(tools, rotation, pending.payload);
        },
      );
    },

    test: (rotation, { pending }) => {
      const names = loginNames(rotation.secretName, pending.payload.username);
      return testCandidate(tools, rotation, pending.payload, ownerRole(rotation.settings, names));
    },

    abandon: (rotation, versions) => forgetCandidate(tools, rotation, versions),

    restore: (rotation, { previous }) => acceptAgain(tools, rotation, previous),

    gatherEvidence: (rotation, versions) => evidenceOf(tools, rotation, versions),

    async retire(rotation, { current, previous, promotedAt }) {
      const retiring = retiringLogin(rotation.secretName, current.payload, previous.payload);
      if (!retiring) return false;
      const names = loginNames(rotation.secretName, retiring);
      const owner = ownerRole(rotation.settings, names);
      await asAdministrator(
        tools,
        rotation,
        current.payload,
        async (statements, administrator) => {
          const state = await inspectRoles(statements.query, names, owner);
          await followAcross(tools, rotation, current.payload, { statements, names, owner, administrator, state });
          await statements.execute('ALTER ROLE %I NOLOGIN', retiring);
          await remember(statements, names, { login: retiring, versionId: RETIRED, secretArn: rotation.secretArn });
          await endSessions(statements, {
            login: retiring,
            settings: rotation.settings,
            promotedAt,
            now: tools.now(),
            every: rotation.emergency,
          });
        },
        { names, owner },
      );
      return true;
    },
  };
}

/** Sessions of the previous login, on a replica too, and what the server itself runs as it. */
async function evidenceOf(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  { current, previous, promotedAt }: RetirementVersions<PostgresPayload>,
): Promise<RetirementEvidence> {
  const retiring = retiringLogin(rotation.secretName, current.payload, previous.payload);
  if (!retiring) return { blockers: [], observed: nothingToRetire(current.payload, previous.payload) };
  const question = { login: retiring, settings: rotation.settings, promotedAt, now: tools.now() };
  const administrator = await openAdministrator(tools, rotation, current.payload);
  return withSession(Promise.resolve(administrator.session), async (session) => {
    const reading = await readingOf(session);
    const work = await findServerWork(tools, { ...administrator, reading }, current.payload, [retiring]);
    // What is prepared by the owner role can be ended by either login.
    const isOwner = retiring === ownerRole(rotation.settings, loginNames(rotation.secretName, retiring));
    const prepared = isOwner ? [] : await preparedBy(reading, retiring);
    const evidence = withServerWork(await gatherSessionEvidence(session, question), [...work, ...prepared]);
    const reader = readerAddress(rotation.settings, current.payload, administrator.address);
    if (!reader) return evidence;
    // A writer does not see its replicas' sessions, and this secret's consumers are on a replica.
    const there = tools.connect(reader, administrator.login);
    return joinEvidence(evidence, await withSession(there, (opened) => gatherSessionEvidence(opened, question)));
  });
}

/** The payload's host, where that is a replica or reader of the administrator's database. */
function readerAddress(
  settings: PostgresSettings,
  payload: PostgresPayload,
  administrator: DatabaseAddress,
): DatabaseAddress | undefined {
  const address = databaseAddress(payload);
  const names = [administrator.host, ...settings.hostAliases];
  if (names.includes(address.host) || address.host === settings.proxy?.endpoint) return undefined;
  return address;
}

/** Work in one transaction of the administrator's, under this secret's lock. */
export async function asAdministrator(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  payload: PostgresPayload,
  work: (statements: Statements, administrator: Administrator) => Promise<void>,
  handOver?: HandOver,
): Promise<void> {
  await inLockOf(rotation, await openAdministrator(tools, rotation, payload), handOver, work);
}

/** The login of a version is enabled and gets the password of that version again. `refuse` looks at the database under the lock. */
export async function acceptAgain(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  { payload, versionId }: SecretVersion<PostgresPayload>,
  refuse?: (statements: Statements) => Promise<void>,
): Promise<void> {
  const { username, password } = payload;
  const names = loginNames(rotation.secretName, username);
  const verifier = await computeScramVerifier(password, tools.randomBytes);
  await asAdministrator(tools, rotation, payload, async (statements) => {
    await refuseOtherSecret(statements, rotation, names);
    await refuse?.(statements);
    await statements.execute('ALTER ROLE %I LOGIN', username);
    await writeVerifier(statements, username, verifier);
    await remember(statements, names, { login: username, versionId, secretArn: rotation.secretArn });
  });
}

/** A repair or a roll-back of one secret never breaks the other that holds the same logins. */
async function refuseOtherSecret(
  statements: Statements,
  { secretArn, secretName }: Rotation<PostgresSettings>,
  names: LoginNames,
): Promise<void> {
  const memory = await readMemory(statements, names.second);
  refuseBlocked(secretName, judgeOtherSecret({ memory, secretArn, names }));
}

/** Only what `set` gave this very candidate is taken back: the login may still serve the credential before current. */
async function forgetCandidate(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  { current, candidate }: Parameters<Strategy['abandon']>[1],
): Promise<void> {
  const due = alternateOf(rotation.secretName, current.payload.username);
  if (candidate?.payload.username !== due) return;
  const administrator = await administratorOfCandidate(tools, rotation, candidate.payload);
  if (!administrator) return;
  await inLockOf(rotation, await administrator.open(), undefined, async (statements) => {
    const names = loginNames(rotation.secretName, due);
    const { written } = await readMemory(statements, names.second);
    if (written[due] === candidate.versionId) await statements.execute('ALTER ROLE %I NOLOGIN', due);
  });
}

/** The candidate's own target. Where its administrator is refused, `set` was refused too and nothing reached the target. */
async function administratorOfCandidate(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  candidate: PostgresPayload,
): Promise<Awaited<ReturnType<typeof chooseAdministrator>> | undefined> {
  try {
    return await chooseAdministrator(tools, rotation, candidate);
  } catch (error) {
    if (error instanceof UnsafeRotation) return undefined;
    throw error;
  }
}

/** The tables that are to change their owner, before the one transaction that holds this secret's lock to its end. */
interface HandOver {
  readonly names: LoginNames;
  readonly owner: string;
  /** Runs before the first table, where there is one. */
  readonly prepare?: (statements: Statements, administrator: Administrator) => Promise<unknown>;
}

function loginsBeside({ names, owner }: HandOver): { from: string; owner: string }[] {
  return [names.base, names.second].filter((from) => from !== owner).map((from) => ({ from, owner }));
}

async function inLockOf(
  rotation: Rotation<PostgresSettings>,
  administrator: Administrator,
  handOver: HandOver | undefined,
  work: (statements: Statements, administrator: Administrator) => Promise<void>,
): Promise<void> {
  const { host, port, database } = administrator.address;
  const where = `${rotation.secretName}: ${administrator.username} at ${host}:${port}/${database}`;
  await withSession(Promise.resolve(administrator.session), async (session) => {
    for (const { from, owner } of handOver ? loginsBeside(handOver) : []) {
      const prepare = (statements: Statements) => handOver?.prepare?.(statements, administrator);
      await handOverRelations(session, { where, rotation }, { from, owner, prepare });
    }
    await inTransaction(session, { where, rotation }, (statements) => work(statements, administrator));
  });
}

async function remember(
  statements: Statements,
  names: LoginNames,
  { login, versionId, secretArn }: { login: string; versionId: string; secretArn: string },
): Promise<void> {
  const memory = await readMemory(statements, names.second);
  const written = { ...memory.written, [login]: versionId };
  await writeMemory(statements, names.second, { ...memory, written, secret: secretArn });
}

/** A retirement would stop it at its next start, and no session shows that. */
function withServerWork(evidence: RetirementEvidence, work: readonly ServerWork[]): RetirementEvidence {
  return {
    ...evidence,
    blockers: [
      ...evidence.blockers,
      ...work.map(({ kind, name, login }) => ({ name: `${kind} ${name}, which the server runs as ${login}` })),
    ],
  };
}

/** The other login of the pair. A value put by hand may keep the login or name a stranger's: those are left alone. */
function retiringLogin(secretName: string, current: PostgresPayload, previous: PostgresPayload): string | undefined {
  return previous.username === alternateOf(secretName, current.username) ? previous.username : undefined;
}

function nothingToRetire(current: PostgresPayload, previous: PostgresPayload): string {
  if (current.username === previous.username) {
    return `AWSCURRENT uses the same login ${current.username}: there is none to retire`;
  }
  return `${previous.username} is not the second login of ${current.username}: it is left alone`;
}
