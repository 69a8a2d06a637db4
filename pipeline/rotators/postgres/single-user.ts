import { databaseAddress, type PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { TargetRefused } from '../errors.ts';
import type { Rotation, SecretVersion } from '../rotator.ts';
import { refuseOtherTarget, testCandidate } from './candidate.ts';
import type { Session } from './connect.ts';
import { LoginRefused } from './database-errors.ts';
import type { Tools } from './dependencies.ts';
import { refuseLongName } from './login-names.ts';
import { generatePassword } from './password.ts';
import { computeScramVerifier } from './scram-verifier.ts';
import type { Strategy } from './strategy.ts';
import { inTransaction, withSession } from './transaction.ts';
import { writeVerifier } from './write-verifier.ts';

type Version = SecretVersion<PostgresPayload>;

/**
 * One login whose password is changed in place, by itself: no administrator is needed. Between `set` and promotion
 * AWSCURRENT does not work for new connections; the reading pool waits that out.
 */
export function singleUser(tools: Tools): Strategy {
  return {
    create: async ({ secretName, settings }, { current }) => {
      refuseLongName(secretName, current.payload.username);
      return { ...current.payload, password: newPassword(tools, settings) };
    },

    /** Current first, so that no login fails on purpose; pending works where `set` ran before; previous as AWS's function. */
    async set(rotation, { current, pending, previous }) {
      refuseOtherTarget(rotation.secretName, current.payload, pending.payload, current.payload.username);
      if (previous) refuseStrangeLogin(rotation.secretName, current, previous);
      const known = [current, pending, ...(previous ? [previous] : [])];
      await write(tools, rotation, known, pending);
    },

    test: (rotation, { pending }) => testCandidate(tools, rotation, pending.payload, undefined),

    abandon: (rotation, { current, candidate }) => {
      const known = [current, ...(candidate ? [candidate] : [])];
      return write(tools, rotation, known, current);
    },

    restore: (rotation, { failed, previous }) => write(tools, rotation, [failed, previous], previous),

    gatherEvidence: async (_rotation, { current }) => ({
      blockers: [],
      observed: `${current.payload.username} has one password, which was replaced: there is nothing to retire`,
    }),
    retire: async () => false,
  };
}

export function newPassword(tools: Tools, settings: PostgresSettings, always = ''): string {
  return generatePassword({
    length: settings.passwordLength,
    excludeCharacters: settings.excludeCharacters + always,
    randomBytes: tools.randomBytes,
  });
}

/** Logs in with whichever version works and gives the login the wanted password, unless it is the one that worked. */
async function write(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  known: Version[],
  wanted: Version,
): Promise<void> {
  const { session, version } = await openWithFirst(tools, rotation, known);
  await withSession(Promise.resolve(session), async () => {
    if (version.versionId === wanted.versionId) return;
    const { username, password } = wanted.payload;
    const verifier = await computeScramVerifier(password, tools.randomBytes);
    const where = `${rotation.secretName}: ${username} at ${wanted.payload.host}`;
    await inTransaction(session, { where, rotation }, (statements) => writeVerifier(statements, username, verifier));
  });
}

async function openWithFirst(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  versions: Version[],
): Promise<{ session: Session; version: Version }> {
  const refusals: Error[] = [];
  for (const version of versions) {
    try {
      return { session: await tools.connect(databaseAddress(version.payload), version.payload), version };
    } catch (error) {
      if (!(error instanceof LoginRefused)) throw error;
      refusals.push(error);
    }
  }
  throw new TargetRefused(
    `${rotation.secretName}: password: none of the versions ${versions.map(({ versionId }) => versionId).join(', ')} logs in as ${versions[0]?.payload.username}. ` +
      'Put the password that the database knows as a new value, then rotate.',
    { cause: refusals[0] },
  );
}

function refuseStrangeLogin(secretName: string, current: Version, previous: Version): void {
  refuseOtherTarget(secretName, current.payload, previous.payload, current.payload.username);
}
