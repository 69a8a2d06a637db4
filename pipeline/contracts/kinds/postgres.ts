import * as v from 'valibot';
import { declared } from '../declared.ts';
import {
  DatabaseIdentifier,
  DatabaseRole,
  ExcludedCharacters,
  KmsKeyArn,
  ProxyName,
  SecretNameOrArn,
} from '../grammar/aws-names.ts';
import { Host } from '../grammar/hosts.ts';
import { everyRotated, whole } from '../manifest/entries/manifest-entry.ts';
import type { PostgresManifestSecret } from '../manifest/entries/manifest-secret-types.ts';
import { PostgresPayload } from '../payloads/postgres.ts';
import { PostgresSettings } from '../settings/postgres.ts';
import type { KindContract } from './kind-contract.ts';

const ProxyReference = v.strictObject({
  name: ProxyName,
  /** The endpoint that consumers connect to. */
  endpoint: Host,
  ownership: v.optional(v.picklist(['init-query', 'reassign']), 'reassign'),
  /** Password authentication: the secrets of both logins (ARN or name), registered with the proxy. */
  loginSecrets: v.optional(v.strictObject({ base: SecretNameOrArn, second: SecretNameOrArn })),
  loginSecretsKmsKeyArn: v.optional(KmsKeyArn),
});

/** The RDS identifiers that the rotation function has to look up: exactly these it may describe. */
const Database = v.strictObject({
  instance: v.optional(DatabaseIdentifier),
  cluster: v.optional(DatabaseIdentifier),
  /** Where the secret's host is a replica or reader: the instance or cluster that it reads from. */
  readerOf: v.optional(DatabaseIdentifier),
});

const entry = declared<PostgresManifestSecret>()(
  v.strictObject({
    kind: v.literal('postgres'),
    strategy: v.optional(v.picklist(['alternating-users', 'single-user', 'superuser']), 'alternating-users'),
    superuserSecret: v.optional(SecretNameOrArn),
    superuserSecretKmsKeyArn: v.optional(KmsKeyArn),
    hostAliases: v.optional(v.pipe(v.array(Host), v.maxLength(20, '20 names or less'))),
    /** Missing: the base login, which then owns everything. */
    ownerRole: v.optional(DatabaseRole),
    passwordLength: v.optional(whole(16, 128)),
    excludeCharacters: v.optional(ExcludedCharacters),
    proxy: v.optional(ProxyReference),
    database: v.optional(Database),
    ...everyRotated,
  }),
);

export const postgresContract = {
  payload: PostgresPayload,
  settings: PostgresSettings,
  entry,
  problems: (secret) => [...superuserProblems(secret), ...overlapProblems(secret)],
  rotator: ({ strategy, superuserSecret, hostAliases, ownerRole, passwordLength, excludeCharacters, proxy }) => {
    const rest = {
      strategy,
      superuserSecretArn: superuserSecret,
      hostAliases,
      ownerRole,
      passwordLength,
      excludeCharacters,
    };
    if (!proxy) return rest;
    const { loginSecrets, loginSecretsKmsKeyArn: _key, ...named } = proxy;
    return { ...rest, proxy: { ...named, loginSecretArns: loginSecrets } };
  },
  newSecret: { generatedMember: 'password', length: 32, neededMembers: ['engine', 'host', 'username'] },
  databaseCheckDefaults: ({ proxy, database, ownerRole }) => {
    const databaseIdentifier = database?.instance ?? database?.cluster;
    return {
      ...(proxy && { proxy: { name: proxy.name, endpoint: proxy.endpoint, ownership: proxy.ownership } }),
      ...(databaseIdentifier && { databaseIdentifier }),
      ...(ownerRole && { ownerRole }),
    };
  },
} satisfies KindContract<'postgres'>;

function superuserProblems({ strategy, superuserSecret, proxy, database }: PostgresManifestSecret): string[] {
  const problems: string[] = [];
  if (strategy === 'superuser' && superuserSecret) {
    problems.push(
      'strategy "superuser" changes the password through the RDS API and needs no superuserSecret. Remove it.',
    );
  }
  if (strategy === 'superuser' && proxy) {
    problems.push(
      'a superuser does not log in through RDS Proxy. Remove "proxy", or rotate a login of the application.',
    );
  }
  if (strategy === 'superuser' && !database?.instance && !database?.cluster) {
    problems.push(
      'strategy "superuser" changes the password of one instance or cluster. Write "database": {"instance": "<identifier>"} or {"cluster": …}.',
    );
  }
  if (strategy === 'alternating-users' && !superuserSecret) {
    problems.push(
      'strategy "alternating-users" needs an administrator. Write "superuserSecret": "<ARN or name>", or "strategy": "single-user".',
    );
  }
  if (superuserSecret && /(^|:)rds!/.test(superuserSecret) && !database) {
    problems.push(
      'superuserSecret is managed by RDS and holds no host. Write "database": {"instance": "<identifier>"} or {"cluster": …}.',
    );
  }
  return problems;
}

function overlapProblems({ strategy, consumers }: PostgresManifestSecret): string[] {
  if (strategy !== 'single-user' || !consumers.some((consumer) => consumer.freshness === 'expire')) return [];
  return [
    'strategy "single-user" has no overlap: a consumer with "freshness": "expire" would fail until its cache expires. ' +
      'Write "notify" with the healing reader, or "recycle", or the strategy "alternating-users".',
  ];
}
