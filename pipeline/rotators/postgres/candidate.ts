import { quote } from '@keyturn/consumer/contracts/quote';
import { databaseAddress, type PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { CandidateRejected, UnsafeRotation } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import type { Login, Session } from './connect.ts';
import { describeDatabaseError, LoginRefused } from './database-errors.ts';
import type { Tools } from './dependencies.ts';
import { withSession } from './transaction.ts';

const RETRY_MILLISECONDS = 500;
/** The host may be a replica, which learns of a password a moment after its source. */
const REPLICA_LAG_SECONDS = 5;

/** A person may have put the candidate by hand: it must be for the same database and the login that is due. */
export function refuseOtherTarget(
  secretName: string,
  current: PostgresPayload,
  pending: PostgresPayload,
  dueUsername: string,
): void {
  const [from, to] = [databaseAddress(current), databaseAddress(pending)];
  for (const field of ['host', 'port', 'database'] as const) {
    if (from[field] === to[field]) continue;
    throw new UnsafeRotation(
      `${secretName}: ${field === 'database' ? 'dbname' : field} of the candidate is ${to[field]}, expected ${from[field]} as in AWSCURRENT. A rotation does not move a secret to another database.`,
    );
  }
  if (pending.username === dueUsername) return;
  throw new UnsafeRotation(
    `${secretName}: username of the candidate is ${pending.username}, expected ${dueUsername} after ${current.username}.`,
  );
}

/** Logs in as a consumer would; where passwords arrive late (a proxy, a replica), again until the bound. */
export async function testLogin(
  tools: Tools,
  options: { address: ReturnType<typeof databaseAddress>; login: Login; retrySeconds: number },
  prove: (session: Session) => Promise<void>,
): Promise<void> {
  const deadline = tools.now().getTime() + options.retrySeconds * 1000;
  for (;;) {
    try {
      return await withSession(tools.connect(options.address, options.login), prove);
    } catch (error) {
      if (!(error instanceof LoginRefused)) {
        throw describeDatabaseError(error, `The test of ${options.login.username}`, [options.login.password]);
      }
      if (tools.now().getTime() >= deadline) {
        throw new CandidateRejected(`${error.message} It was tried for ${options.retrySeconds} seconds.`, {
          cause: error,
        });
      }
      await tools.sleep(RETRY_MILLISECONDS);
    }
  }
}

/** Right login, right role, and a statement that reads. `actsAs` undefined: the role is not asserted. */
export async function proveSession(session: Session, expected: { login: string; actsAs?: string }): Promise<void> {
  const { rows } = await session.query<{ login: string; role: string }>(
    'SELECT session_user::text AS login, current_user::text AS role FROM pg_catalog.pg_roles LIMIT 1',
  );
  const [row] = rows;
  if (row?.login !== expected.login) {
    throw new CandidateRejected(`session_user is ${quote(row?.login, [])}, expected ${expected.login}.`);
  }
  if (expected.actsAs !== undefined && row.role !== expected.actsAs) {
    throw new CandidateRejected(
      `current_user of ${expected.login} is ${quote(row.role, [])}, expected the owner role ${expected.actsAs}: what it creates would belong to the other role.`,
    );
  }
}

/** Tests the candidate where consumers meet it: at the payload's host, and through the proxy where there is one. */
export async function testCandidate(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  pending: PostgresPayload,
  owner: string | undefined,
): Promise<void> {
  const address = databaseAddress(pending);
  const { proxy } = rotation.settings;
  const keepsRole = proxy?.ownership !== 'reassign';
  if (address.host !== proxy?.endpoint) {
    await testLogin(tools, { address, login: pending, retrySeconds: REPLICA_LAG_SECONDS }, (session) =>
      proveSession(session, { login: pending.username, actsAs: owner }),
    );
  }
  if (!proxy) return;
  const throughProxy = { ...address, host: proxy.endpoint, port: proxy.port ?? address.port };
  await testLogin(
    tools,
    { address: throughProxy, login: pending, retrySeconds: proxy.refreshBoundSeconds },
    (session) => proveSession(session, { login: pending.username, actsAs: keepsRole ? owner : undefined }),
  );
}
