import { databaseAddress, type PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import type { Rotation } from '../rotator.ts';
import { openAdministrator } from './administrator.ts';
import type { Session } from './connect.ts';
import { LoginRefused } from './database-errors.ts';
import type { Tools } from './dependencies.ts';
import { quoteForReading } from './quote-for-reading.ts';
import { withSession } from './transaction.ts';

/**
 * Logs in with what AWSCURRENT holds. A server refuses a login whose end has passed as it refuses a wrong password (28P01):
 * where there is an administrator, it is asked which of them it is.
 * @throws LoginRefused with the statement that puts it right, where there is one
 */
export async function logInOrExplain(
  tools: Tools,
  rotation: Pick<Rotation<PostgresSettings>, 'secretName' | 'settings'>,
  payload: PostgresPayload,
): Promise<{ isMd5: boolean }> {
  try {
    const opening = tools.connect(databaseAddress(payload), payload);
    return await withSession(opening, async ({ authentication }) => ({ isMd5: authentication === 'md5' }));
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    if (rotation.settings.strategy !== 'alternating-users') {
      throw new LoginRefused(
        `${error.message} Its password is another one, or its VALID UNTIL has passed: \\du shows it.`,
      );
    }
    const administrator = await openAdministrator(tools, rotation, payload);
    const reason = await withSession(Promise.resolve(administrator.session), (session) =>
      explainRefusal(session, payload.username),
    );
    throw new LoginRefused(error.message + reason);
  }
}

async function explainRefusal(session: Session, login: string): Promise<string> {
  const { rows } = await session.query<{ canLogin: boolean; hasEnded: boolean; end: string }>(
    `SELECT rolcanlogin AS "canLogin", coalesce(rolvaliduntil < now(), false) AS "hasEnded", rolvaliduntil::text AS end FROM pg_roles WHERE rolname::text = $1`,
    [login],
  );
  const [role] = rows;
  const name = quoteForReading(login);
  if (!role) return ` Role ${login} does not exist. Run: CREATE ROLE ${name} LOGIN;`;
  if (role.hasEnded) return ` It was valid until ${role.end}. Run: ALTER ROLE ${name} VALID UNTIL 'infinity';`;
  if (!role.canLogin) return ` It may not log in. Run: ALTER ROLE ${name} LOGIN;`;
  return ' Its password is another one than the secret’s.';
}
