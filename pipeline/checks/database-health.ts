import { DescribeDBProxyTargetsCommand, type RDSClient } from '@aws-sdk/client-rds';
import { quote } from '@keyturn/consumer/contracts/quote';
import { describeCluster, describeInstance } from '../rotators/postgres/database-host.ts';
import { describeAwsFault } from './aws-faults.ts';
import { CheckInterrupted } from './errors.ts';

type Rds = Pick<RDSClient, 'send'>;

/** Nothing works, or soon will not. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status */
const trouble =
  /^(failed|stopping|stopped|deleting|storage-full|incompatible-|inaccessible-|insufficient-|restore-error)/;

export interface HealthQuestion {
  readonly secretName: string;
  /** Named by the secret or the manifest, or guessed from the host: a guess may be no database of RDS's. */
  readonly database?: { identifier: string; isGuess: boolean };
  readonly proxyName?: string;
}

/**
 * What RDS says of the instance and the proxy's targets, in a few words. Trouble is thrown. Where the API cannot be
 * reached it says so instead: what the logins have proved stands, and a rotation is not rolled back for want of a description.
 */
export async function databaseHealth(rds: Rds, question: HealthQuestion): Promise<string> {
  try {
    const said = [await instanceHealth(rds, question), await proxyHealth(rds, question)];
    return said.filter((one) => one !== undefined).join(', ') || 'no database of RDS’s';
  } catch (error) {
    const fault = describeAwsFault(error, `${question.secretName}: the health of its database`);
    const isSilent = fault instanceof CheckInterrupted && ['NoRoute', 'Throttled', 'Unavailable'].includes(fault.code);
    if (isSilent) return `health unknown (${fault.code} of the RDS API)`;
    throw fault;
  }
}

async function instanceHealth(rds: Rds, { secretName, database }: HealthQuestion): Promise<string | undefined> {
  if (!database) return undefined;
  const { identifier, isGuess } = database;
  const instance = await describeInstance(rds, identifier);
  const cluster = instance ? undefined : await describeCluster(rds, identifier);
  const status = instance?.DBInstanceStatus ?? cluster?.Status;
  if (status === undefined) {
    if (isGuess) return undefined;
    throw new CheckInterrupted(
      'InstanceUnhealthy',
      `${secretName}: RDS knows no instance or cluster ${identifier}. Correct "databaseIdentifier", or say "health": false.`,
    );
  }
  if (!trouble.test(status)) return `${identifier} ${status}`;
  throw new CheckInterrupted(
    'InstanceUnhealthy',
    `${secretName}: RDS says that ${identifier} is ${quote(status, [])}.`,
  );
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html */
async function proxyHealth(rds: Rds, { secretName, proxyName }: HealthQuestion): Promise<string | undefined> {
  if (!proxyName) return undefined;
  const { Targets = [] } = await rds.send(new DescribeDBProxyTargetsCommand({ DBProxyName: proxyName }));
  const targets = Targets.filter(({ Type }) => Type !== 'TRACKED_CLUSTER');
  const writers = targets.filter(({ Role }) => Role !== 'READ_ONLY');
  const healthy = writers.filter(({ TargetHealth }) => TargetHealth?.State === 'AVAILABLE');
  if (healthy.length > 0) return `proxy ${proxyName} AVAILABLE`;
  const reasons = writers.map(({ RdsResourceId, TargetHealth }) =>
    [RdsResourceId, TargetHealth?.State, TargetHealth?.Reason, TargetHealth?.Description].filter(Boolean).join(' '),
  );
  throw new CheckInterrupted(
    'ProxyTargetUnhealthy',
    `${secretName}: proxy ${proxyName} has no available target: ${quote(reasons.join('; '), []) || 'none is registered'}.`,
  );
}
