import { PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { parsePayload } from '../parse-payload.ts';
import type { Rotation, Rotator } from '../rotator.ts';
import { alternatingUsers } from './alternating-users.ts';
import type { PostgresRotatorDependencies } from './dependencies.ts';
import { repairTarget } from './repair-target.ts';
import { singleUser } from './single-user.ts';
import type { Strategy } from './strategy.ts';
import { superuser } from './superuser.ts';
import { completeTools } from './tools.ts';
import { verifyTarget } from './verify-target.ts';

/** Logins of RDS and Aurora PostgreSQL; the payload is AWS's own JSON of a database secret. */
export function createPostgresRotator(
  dependencies: PostgresRotatorDependencies,
): Rotator<PostgresPayload, PostgresSettings> {
  const tools = completeTools(dependencies);
  const strategies: Record<PostgresSettings['strategy'], Strategy> = {
    'alternating-users': alternatingUsers(tools),
    'single-user': singleUser(tools),
    superuser: superuser(tools),
  };
  const of = (rotation: Rotation<PostgresSettings>) => strategies[rotation.settings.strategy];
  return {
    kind: 'postgres',
    parse: (secretArn, value) => parsePayload(secretArn, PostgresPayload, value),
    serialize: (payload) => JSON.stringify(payload),
    usesPrevious: (settings) => settings.strategy === 'single-user',
    create: (rotation, versions) => of(rotation).create(rotation, versions),
    set: (rotation, versions) => of(rotation).set(rotation, versions),
    test: (rotation, versions) => of(rotation).test(rotation, versions),
    abandon: (rotation, versions) => of(rotation).abandon(rotation, versions),
    restore: (rotation, versions) => of(rotation).restore(rotation, versions),
    gatherEvidence: (rotation, versions) => of(rotation).gatherEvidence(rotation, versions),
    retire: (rotation, versions) => of(rotation).retire(rotation, versions),
    verify: (rotation, versions) => verifyTarget(tools, rotation, versions),
    repair: (rotation, versions, code) => repairTarget(tools, rotation, versions, code, of(rotation)),
  };
}
