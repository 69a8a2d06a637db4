import type { FindingCode } from '../../contracts/audit.ts';
import type { PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { RotationAbandoned, UnsafeRotation } from '../errors.ts';
import type { Rotation, VerifiedVersions } from '../rotator.ts';
import type { Administrator } from './administrator.ts';
import { acceptAgain, asAdministrator } from './alternating-users.ts';
import type { Tools } from './dependencies.ts';
import { inspectRoles } from './inspect-roles.ts';
import { alternateOf, loginNames, ownerRole } from './login-names.ts';
import { RETIRED, readMemory } from './role-memory.ts';
import { followAcross, prepareLogins } from './second-login.ts';
import { endSessions } from './sessions.ts';
import type { Strategy } from './strategy.ts';
import type { Statements } from './transaction.ts';

/**
 * Repairs one finding of `verifyTarget`:
 * - a refused credential: its login is enabled and gets the password of its version again;
 * - a lost role, membership or grant: everything that a rotation gives the logins, for the login in use;
 * - a disabled login with sessions: they are ended. While the login is enabled, nothing is.
 */
export async function repairTarget(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  { current, previous }: VerifiedVersions<PostgresPayload>,
  code: FindingCode,
  strategy: Strategy,
): Promise<void> {
  if (code === 'CurrentRefused') {
    return strategy.restore(rotation, { failed: current, previous: current });
  }
  if (rotation.settings.strategy === 'alternating-users') {
    if (code === 'PreviousRefused' && previous) {
      const { username } = previous.payload;
      return acceptAgain(tools, rotation, previous, async (statements) => {
        const { written } = await readMemory(statements, loginNames(rotation.secretName, username).second);
        if (written[username] === RETIRED) throw retiredMeanwhile(rotation);
      });
    }
    if (code === 'DisabledLoginInUse') return endDisabledSessions(tools, rotation, current.payload);
    if (['OwnerRoleLost', 'MembershipLost', 'GrantsApart'].includes(code)) {
      return prepareAgain(tools, rotation, current.payload);
    }
  }
  throw new UnsafeRotation(`${rotation.secretName}: ${code} cannot be repaired from here: docs/operating.md says how.`);
}

/** The rotation is closed a moment after its login was disabled: until then only the database knows. */
function retiredMeanwhile(rotation: Rotation<PostgresSettings>): RotationAbandoned {
  return new RotationAbandoned(`${rotation.secretName}: its previous login is retired meanwhile. Nothing was changed.`);
}

async function prepareAgain(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  payload: PostgresPayload,
): Promise<void> {
  const names = loginNames(rotation.secretName, payload.username);
  const owner = ownerRole(rotation.settings, names);
  const prepare = async (statements: Statements, administrator: Administrator) => {
    const state = await inspectRoles(statements.query, names, owner);
    const template = state.roles.get(payload.username);
    await prepareLogins(statements, { names, owner, pending: payload.username, template, state });
    await followAcross(tools, rotation, payload, { statements, names, owner, administrator, state });
  };
  await asAdministrator(tools, rotation, payload, prepare, { names, owner });
}

async function endDisabledSessions(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  payload: PostgresPayload,
): Promise<void> {
  const login = alternateOf(rotation.secretName, payload.username);
  await asAdministrator(tools, rotation, payload, async (statements) => {
    const [role] = await statements.query<{ canLogin: boolean }>(
      'SELECT rolcanlogin AS "canLogin" FROM pg_roles WHERE rolname::text = $1',
      [login],
    );
    if (!role || role.canLogin) return;
    const now = tools.now();
    await endSessions(statements, { login, settings: rotation.settings, promotedAt: now, now, every: true });
  });
}
