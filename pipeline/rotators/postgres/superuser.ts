import { quote } from '@keyturn/consumer/contracts/quote';
import { judgeAws } from '@keyturn/consumer/contracts/verdicts/aws';
import { databaseAddress, type PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { TargetRefused, TargetUnavailable, UnsafeRotation } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import { refuseOtherTarget, testCandidate } from './candidate.ts';
import { LoginRefused } from './database-errors.ts';
import { changeCluster, changeInstance, describeCluster, describeInstance } from './database-host.ts';
import type { Tools } from './dependencies.ts';
import type { Cluster, Instance } from './rds-shapes.ts';
import { newPassword } from './single-user.ts';
import type { Strategy } from './strategy.ts';
import { withSession } from './transaction.ts';

const POLL_MILLISECONDS = 2_000;
/** RDS refuses these in a superuser's password. */
const REFUSED_BY_RDS = '/"@ ';

type Database = { kind: 'instance'; id: string; found: Instance } | { kind: 'cluster'; id: string; found: Cluster };

/**
 * The superuser, through the RDS API, which alone keeps RDS's own record of it right. RDS applies it a while after the
 * call has answered: until then the old password works, afterwards the new one.
 */
export function superuser(tools: Tools): Strategy {
  return {
    create: async ({ settings }, { current }) => ({
      ...current.payload,
      password: newPassword(tools, settings, REFUSED_BY_RDS),
    }),

    async set(rotation, { current, pending }) {
      const { secretName } = rotation;
      refuseOtherTarget(secretName, current.payload, pending.payload, current.payload.username);
      const database = await findDatabase(tools, secretName, current.payload);
      if (!(await logsIn(tools, current.payload)) && !(await logsIn(tools, pending.payload))) {
        throw new TargetRefused(
          `${secretName}: password: neither AWSCURRENT nor the candidate logs in as ${current.payload.username}.`,
        );
      }
      await changePassword(tools, rotation, database, pending.payload);
    },

    test: (rotation, { pending }) => testCandidate(tools, rotation, pending.payload, undefined),

    async abandon(rotation, { current, candidate }) {
      if (!candidate) return;
      const database = await findDatabase(tools, rotation.secretName, current.payload);
      if (!isChanging(database) && (await logsIn(tools, current.payload))) return;
      await changePassword(tools, rotation, database, current.payload);
    },

    async restore(rotation, { previous }) {
      const database = await findDatabase(tools, rotation.secretName, previous.payload);
      await changePassword(tools, rotation, database, previous.payload);
    },

    gatherEvidence: async () => ({ blockers: [], observed: 'a superuser has one password, which was replaced' }),
    retire: async () => false,
  };
}

async function logsIn(tools: Tools, payload: PostgresPayload): Promise<boolean> {
  try {
    await withSession(tools.connect(databaseAddress(payload), payload), async () => undefined);
    return true;
  } catch (error) {
    if (error instanceof LoginRefused) return false;
    throw error;
  }
}

/** The instance or cluster that the payload names; its host and superuser must be the payload's. */
async function findDatabase(tools: Tools, secretName: string, payload: PostgresPayload): Promise<Database> {
  const database = await lookUp(tools, payload);
  if (!database) {
    throw new UnsafeRotation(
      `${secretName}: dbInstanceIdentifier: RDS knows no instance or cluster ${payload.dbClusterIdentifier ?? payload.dbInstanceIdentifier ?? payload.host.split('.')[0]}. ` +
        'Name it in the secret: "dbInstanceIdentifier" or "dbClusterIdentifier".',
    );
  }
  const { found } = database;
  if (found.MasterUserSecret) {
    throw new UnsafeRotation(
      `${secretName}: RDS manages the superuser's password of ${database.id} itself (${found.MasterUserSecret.SecretArn}). Remove the secret from the manifest.`,
    );
  }
  const host = database.kind === 'instance' ? database.found.Endpoint?.Address : database.found.Endpoint;
  if (host !== payload.host) {
    throw new UnsafeRotation(`${secretName}: host is ${payload.host}, but ${database.id} answers at ${host}.`);
  }
  if (found.MasterUsername !== payload.username) {
    throw new UnsafeRotation(
      `${secretName}: username is ${payload.username}, but the superuser of ${database.id} is ${found.MasterUsername}. Use another strategy for other logins.`,
    );
  }
  return database;
}

/** RDS is throttled or does not answer, or the database is still about its last change: another try may succeed. */
async function orUnavailable<Answer>(database: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const { name, message } = error as Error;
    const Fault = judgeAws(error) === 'wrong' ? TargetRefused : TargetUnavailable;
    throw new Fault(`RDS, ${database}: ${quote(`${name}: ${message}`, [])}`, { cause: error });
  }
}

const lookUp = (tools: Tools, payload: PostgresPayload) =>
  orUnavailable(payload.host, () => lookUpDatabase(tools, payload));

async function lookUpDatabase(tools: Tools, payload: PostgresPayload): Promise<Database | undefined> {
  const firstLabel = payload.host.split('.')[0] ?? '';
  const clusterId = payload.dbClusterIdentifier ?? firstLabel;
  const instanceId = payload.dbInstanceIdentifier ?? firstLabel;
  if (!payload.dbClusterIdentifier) {
    const found = await describeInstance(tools.rds(), instanceId);
    if (found && !found.DBClusterIdentifier) return { kind: 'instance', id: instanceId, found };
  }
  const found = await describeCluster(tools.rds(), clusterId);
  return found && { kind: 'cluster', id: clusterId, found };
}

function isChanging({ found }: Database): boolean {
  return Boolean(found.PendingModifiedValues?.MasterUserPassword) || /credentials/.test(statusOf(found));
}

const statusOf = (found: Instance | Cluster): string =>
  (found as Instance).DBInstanceStatus ?? (found as Cluster).Status ?? '';

/**
 * RDS offers no lock: the guard is asked right before the one call that changes the password. Asks RDS, waits until nothing is pending, then logs in: an answer of the API alone is no proof.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
 */
async function changePassword(
  tools: Tools,
  rotation: Rotation<PostgresSettings>,
  database: Database,
  wanted: PostgresPayload,
): Promise<void> {
  const change = { MasterUserPassword: wanted.password, ApplyImmediately: true };
  const ask = database.kind === 'instance' ? changeInstance : changeCluster;
  await rotation.assertNotOvertaken();
  await orUnavailable(database.id, () => ask(tools.rds(), database.id, change));
  const { applyTimeoutSeconds } = rotation.settings;
  const deadline = tools.now().getTime() + applyTimeoutSeconds * 1000;
  for (;;) {
    const now = await lookUp(tools, wanted);
    if (now && !isChanging(now) && (await logsIn(tools, wanted))) return;
    if (tools.now().getTime() >= deadline) {
      throw new TargetUnavailable(
        `${rotation.secretName}: RDS has not applied the password of ${database.id} within ${applyTimeoutSeconds} seconds (${now ? statusOf(now.found) : 'not found'}).`,
      );
    }
    await tools.sleep(POLL_MILLISECONDS);
  }
}
