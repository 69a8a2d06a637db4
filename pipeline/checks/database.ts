import type { RDSClient } from '@aws-sdk/client-rds';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { CheckObservation } from '../contracts/check.ts';
import { type DatabaseAddress, databaseAddress, PostgresPayload } from '../contracts/payloads/postgres.ts';
import { DatabaseCheckParameters } from '../contracts/settings/checks.ts';
import { parsePayload } from '../rotators/parse-payload.ts';
import { type Connect, connectWith } from '../rotators/postgres/connect.ts';
import { baseLoginOf } from '../rotators/postgres/login-names.ts';
import { withSession } from '../rotators/postgres/transaction.ts';
import type { Check, CheckSubject } from './check.ts';
import { describeDatabaseFault } from './database-faults.ts';
import { databaseHealth, type HealthQuestion } from './database-health.ts';
import { type Expected, proveSession } from './database-session.ts';
import { CheckFailed, CheckInterrupted } from './errors.ts';
import { readCurrent } from './read-current.ts';

export interface DatabaseCheckDependencies {
  /** GetSecretValue of the secret under test. */
  secretsManager: Pick<SecretsManagerClient, 'send'>;
  /** DescribeDBInstances, DescribeDBClusters, DescribeDBProxyTargets; made when it is needed. */
  rds(): Pick<RDSClient, 'send'>;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** Certificates to trust: PEM text, or the path of a file that holds it. */
  caBundle: string;
}

const RETRY_MILLISECONDS = 500;
/** A host may be a replica, which learns of a password a moment after its source. */
const REPLICA_LAG_SECONDS = 5;
/** A check has a minute in the workflow, and must say what it found before that. */
const LONGEST_RETRY_SECONDS = 40;
/** What a proxy or a replica that learns late answers at first. */
const late = new Set<string>(['WrongPassword', 'LoginUnknownToProxy', 'LoginDisabled']);

/** One endpoint at which consumers meet the database. */
interface Endpoint {
  readonly name: 'proxy' | 'instance';
  readonly address: DatabaseAddress;
  readonly ownerRole: string | undefined;
  readonly retrySeconds: number;
}

/**
 * Logs in as a consumer would, at the instance's endpoint and at the proxy's, both at once; the version under test must
 * be the one under AWSCURRENT. A refused login at an endpoint that learns late is tried again for so long as it may be late.
 */
export function databaseCheck(dependencies: DatabaseCheckDependencies): Check<DatabaseCheckParameters> {
  // A fault is described where it is known at which endpoint it was met.
  const connect = connectWith(dependencies.caBundle, (error) => error);
  return {
    parameters: DatabaseCheckParameters,
    async run(subject, parameters) {
      const { value } = await readCurrent(dependencies.secretsManager, subject);
      const payload = parsePayload(subject.secretArn, PostgresPayload, value);
      const endpoints = endpointsOf(payload, parameters);
      const { access } = parameters;
      const visits = endpoints.map((endpoint) => visit({ ...dependencies, connect }, endpoint, payload, parameters));
      const question = healthQuestion(subject, payload, parameters);
      const health = question && databaseHealth(dependencies.rds(), question);
      const [said, ...visited] = await allOrFaults([health ?? Promise.resolve('health not asked for'), ...visits]);
      return observation(payload.username, { endpoints, visited: visited as number[], access, health: said as string });
    },
  };
}

/** The host distinguishes the proxy's endpoint from the instance's, whichever of them the secret names. */
export function endpointsOf(payload: PostgresPayload, parameters: DatabaseCheckParameters): Endpoint[] {
  const address = databaseAddress(payload);
  const { proxy, instance } = parameters;
  const ownerRole = parameters.ownerRole ?? baseLoginOf(payload.username);
  const endpoints: Endpoint[] = [];
  if (instance || address.host !== proxy?.endpoint) {
    const at = instance ? { ...address, host: instance.host, port: instance.port ?? address.port } : address;
    endpoints.push({ name: 'instance', address: at, ownerRole, retrySeconds: REPLICA_LAG_SECONDS });
  }
  if (proxy) {
    endpoints.push({
      name: 'proxy',
      address: { ...address, host: proxy.endpoint, port: proxy.port ?? address.port },
      ownerRole: proxy.ownership === 'init-query' ? ownerRole : undefined,
      retrySeconds: Math.min(proxy.refreshBoundSeconds, LONGEST_RETRY_SECONDS),
    });
  }
  return endpoints;
}

/** Answers how many milliseconds the visit took, from the first byte to the last. */
async function visit(
  tools: { connect: Connect; now(): Date; sleep(milliseconds: number): Promise<void> },
  endpoint: Endpoint,
  payload: PostgresPayload,
  parameters: DatabaseCheckParameters,
): Promise<number> {
  const { address, ownerRole } = endpoint;
  const where = `${payload.username} at ${endpoint.name} ${address.host}:${address.port}/${address.database}`;
  const expected: Expected = { where, login: payload.username, ownerRole, parameters };
  const deadline = tools.now().getTime() + endpoint.retrySeconds * 1000;
  for (;;) {
    const startedAt = tools.now().getTime();
    try {
      await withSession(tools.connect(address, payload), (session) => proveSession(session, expected));
      return tools.now().getTime() - startedAt;
    } catch (error) {
      const fault = describeDatabaseFault(error, where, [payload.password]);
      const isLate = fault instanceof CheckFailed && late.has(fault.code);
      if (!isLate || tools.now().getTime() >= deadline) throw fault;
      await tools.sleep(RETRY_MILLISECONDS);
    }
  }
}

function healthQuestion(
  { secretName }: CheckSubject,
  payload: PostgresPayload,
  parameters: DatabaseCheckParameters,
): HealthQuestion | undefined {
  if (!parameters.health) return undefined;
  const named = parameters.databaseIdentifier ?? payload.dbInstanceIdentifier ?? payload.dbClusterIdentifier;
  const isProxy = parameters.proxy?.endpoint === payload.host && !parameters.instance;
  const guess = isProxy ? undefined : (parameters.instance?.host ?? payload.host).split('.')[0];
  const identifier = named ?? guess;
  return {
    secretName,
    ...(identifier && { database: { identifier, isGuess: named === undefined } }),
    ...(parameters.proxy && { proxyName: parameters.proxy.name }),
  };
}

/** Waits for all, so that the answer names everything that is wrong; a verdict counts more than what may pass. */
async function allOrFaults(attempts: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(attempts);
  const faults = settled.filter((one) => one.status === 'rejected').map(({ reason }) => reason as Error);
  const [first, second] = faults;
  if (!first) return settled.map((one) => (one as PromiseFulfilledResult<unknown>).value);
  if (!second) throw first;
  const text = faults.map(({ message }) => message).join(' ');
  const verdict = faults.find((fault) => fault instanceof CheckFailed);
  if (verdict) throw new CheckFailed(verdict.code, text);
  const interruption = faults.find((fault) => fault instanceof CheckInterrupted);
  throw interruption ? new CheckInterrupted(interruption.code, text) : first;
}

function observation(
  login: string,
  seen: { endpoints: Endpoint[]; visited: number[]; access: DatabaseCheckParameters['access']; health: string },
): CheckObservation {
  const { endpoints, visited, access, health } = seen;
  const places = endpoints.map(({ name }, index) => `${name} in ${visited[index]} ms`);
  const times = endpoints.map(({ name }, index) => [`${name}Milliseconds`, visited[index]!] as const);
  const did = access === 'read' ? 'logs in and reads' : 'logs in, reads and writes';
  return {
    observed: `${login} ${did} at ${places.join(' and ')}; ${health}`,
    measured: { login, health, ...Object.fromEntries(times) },
  };
}
