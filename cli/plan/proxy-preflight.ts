import {
  type DBProxy,
  DescribeDBProxiesCommand,
  DescribeDBProxyTargetGroupsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import type { PostgresManifestSecret } from '../../pipeline/contracts/manifest/manifest.ts';
import { found, type Preflight, type Subject } from './preflight.ts';

/** A proxy as RDS describes it, with the statement that begins each of its sessions. */
export interface ProxyFacts {
  readonly proxy: DBProxy | undefined;
  readonly initQuery?: string;
}

export async function proxyPreflight(subject: Subject, entry: PostgresManifestSecret): Promise<Preflight[]> {
  if (!entry.proxy) return [];
  const facts = await readProxy(await subject.clients.rds(), entry.proxy.name);
  return judgeProxy(entry, subject.facts.name, facts);
}

async function readProxy(rds: Pick<RDSClient, 'send'>, name: string): Promise<ProxyFacts> {
  try {
    const { DBProxies = [] } = await rds.send(new DescribeDBProxiesCommand({ DBProxyName: name }));
    const { TargetGroups = [] } = await rds.send(new DescribeDBProxyTargetGroupsCommand({ DBProxyName: name }));
    const initQuery = TargetGroups[0]?.ConnectionPoolConfig?.InitQuery;
    return { proxy: DBProxies[0], ...(initQuery && { initQuery }) };
  } catch (error) {
    if (!(error instanceof Error) || !error.name.startsWith('DBProxyNotFound')) throw error;
    return { proxy: undefined };
  }
}

/**
 * Whether the proxy knows what a rotation makes. Pure.
 * 1. It is not there, or speaks another protocol.
 * 2. End-to-end IAM authentication: it knows every login.
 * 3. Password authentication: it knows the logins of its registered secrets. Alternating users need one for each login,
 *    other strategies the secret itself.
 * 4. `init-query`: its sessions have to begin as the owner role.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-secrets-arns.html
 */
export function judgeProxy(entry: PostgresManifestSecret, secretName: string, facts: ProxyFacts): Preflight[] {
  const { proxy } = facts;
  const { name = '', loginSecrets, ownership } = entry.proxy ?? {};
  if (!proxy) return [found('proxy', 'blocks', 'ProxyMissing', `There is no RDS Proxy ${name} here.`)];
  if (proxy.EngineFamily !== 'POSTGRESQL') {
    return [found('proxy', 'blocks', 'ProxyOfOtherEngine', `RDS Proxy ${name} is for ${proxy.EngineFamily}.`)];
  }
  const problems = isEndToEndIam(proxy) ? [] : judgeRegistered(entry, secretName, proxy, loginSecrets);
  if (ownership === 'init-query') problems.push(...judgeInitQuery(entry, name, facts.initQuery));
  if (problems.length > 0) return problems;
  return [found('proxy', 'ok', 'ProxyFits', `RDS Proxy ${name} knows the logins of ${secretName}.`)];
}

function isEndToEndIam(proxy: DBProxy): boolean {
  return proxy.DefaultAuthScheme === 'IAM_AUTH';
}

function judgeRegistered(
  entry: PostgresManifestSecret,
  secretName: string,
  proxy: DBProxy,
  loginSecrets: { base: string; second: string } | undefined,
): Preflight[] {
  const registered = (proxy.Auth ?? []).map(({ SecretArn = '' }) => SecretArn);
  const isAlternating = entry.strategy === 'alternating-users';
  if (isAlternating && !loginSecrets) {
    return [
      found(
        'proxy',
        'blocks',
        'LoginSecretsMissing',
        `RDS Proxy ${proxy.DBProxyName} knows only the logins of its registered secrets (${registered.map(nameOf).join(', ') || 'none'}), and alternating users are two logins.`,
        'Create a secret {"username", "password"} for each login, register both with the proxy, and write "loginSecrets": {"base": …, "second": …}; or use end-to-end IAM authentication.',
      ),
    ];
  }
  const needed = isAlternating ? Object.values(loginSecrets ?? {}) : [secretName];
  const missing = needed.filter((secret) => !registered.some((arn) => nameOf(arn) === nameOf(secret)));
  if (missing.length === 0) return [];
  return [
    found(
      'proxy',
      'blocks',
      'LoginSecretsNotRegistered',
      `RDS Proxy ${proxy.DBProxyName} does not know the logins of ${missing.map(nameOf).join(', ')}.`,
      registrationCommand(proxy, missing),
    ),
  ];
}

/** `--auth` replaces the whole list, so those that are registered already are in it. */
function registrationCommand(proxy: DBProxy, missing: readonly string[]): string {
  const kept = (proxy.Auth ?? []).map(({ SecretArn, IAMAuth = 'DISABLED' }) => ({
    AuthScheme: 'SECRETS',
    SecretArn,
    IAMAuth,
  }));
  const added = missing.map((secret) => ({
    AuthScheme: 'SECRETS',
    SecretArn: secret.startsWith('arn:') ? secret : `<ARN of ${secret}>`,
    IAMAuth: 'DISABLED',
  }));
  return `aws rds modify-db-proxy --db-proxy-name ${proxy.DBProxyName} --auth '${JSON.stringify([...kept, ...added])}'`;
}

function judgeInitQuery(entry: PostgresManifestSecret, name: string, initQuery: string | undefined): Preflight[] {
  const owner = entry.ownerRole ?? 'the base login';
  const sets = initQuery && /\bset\s+(session\s+)?role\b/i.test(initQuery);
  if (sets && (!entry.ownerRole || initQuery.includes(entry.ownerRole))) return [];
  return [
    found(
      'proxy',
      'blocks',
      'InitQueryMissing',
      `"ownership": "init-query" needs the sessions of RDS Proxy ${name} to begin as ${owner}; its InitQuery is ${initQuery ? 'another one' : 'empty'}.`,
      `aws rds modify-db-proxy-target-group --db-proxy-name ${name} --target-group-name default --connection-pool-config 'InitQuery="SET ROLE ${entry.ownerRole ?? '<base login>'}"', or write "ownership": "reassign".`,
    ),
  ];
}

function nameOf(arnOrName: string): string {
  return arnOrName.startsWith('arn:') ? (arnOrName.split(':')[6] ?? '').replace(/-[A-Za-z0-9]{6}$/, '') : arnOrName;
}
