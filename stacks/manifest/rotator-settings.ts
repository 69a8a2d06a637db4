import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import {
  convergenceBoundOf,
  type ManifestSecret,
  type PostgresManifestSecret,
  type RotatedManifestSecret,
} from '../../pipeline/contracts/manifest.ts';
import { apiKeySettings } from '../../pipeline/contracts/manifest-kinds.ts';
import { parse } from '../../pipeline/contracts/parse.ts';
import { ApiKeySettings } from '../../pipeline/contracts/settings/api-key.ts';
import type { RotatedSecretProps } from '../rotated-secret.ts';
import type { RotationFunction } from '../rotation-function.ts';
import { secretByText } from './resolve-references.ts';

type ApiKeyManifestSecret = Extract<ManifestSecret, { kind: 'api-key' }>;
type RotatorProps = Pick<RotatedSecretProps, 'rotator' | 'reads' | 'proxy'>;

/** What the rotator is told, and the secrets that it needs beside its own. */
export function rotatorProps(scope: Construct, name: string, entry: RotatedManifestSecret): RotatorProps {
  switch (entry.kind) {
    case 'postgres':
      return postgresProps(scope, name, entry);
    case 'jwt':
      return {
        rotator: given({
          algorithm: entry.algorithm,
          longestTokenLifetimeSeconds: entry.longestTokenLifetimeSeconds,
          convergenceBoundSeconds: convergenceBound(entry),
          promotionTimeoutSeconds: entry.promotionTimeoutSeconds,
        }),
      };
    case 'api-key':
      return apiKeyProps(scope, name, entry);
  }
}

/** What the rotation function does beside Secrets Manager, on exactly what the manifest names. */
export function grantTarget(rotationFunction: RotationFunction, entry: RotatedManifestSecret): void {
  if (entry.kind === 'postgres') grantDatabase(rotationFunction, entry);
  if (entry.kind === 'api-key') grantUser(rotationFunction, entry);
}

function postgresProps(scope: Construct, name: string, entry: PostgresManifestSecret): RotatorProps {
  const superuser = entry.superuserSecret && secretByText(scope, `${name}-Superuser`, entry.superuserSecret);
  const { loginSecrets, name: proxyName = '', endpoint = '', ownership } = entry.proxy ?? {};
  const rotator = given({
    strategy: entry.strategy,
    superuserSecretArn: superuser ? superuser.secretArn : undefined,
    ownerRole: entry.ownerRole,
    passwordLength: entry.passwordLength,
    excludeCharacters: entry.excludeCharacters,
    convergenceBoundSeconds: convergenceBound(entry),
    // Without password authentication the proxy knows every login; the rotator is told only of the ownership.
    proxy: entry.proxy && !loginSecrets ? { name: proxyName, endpoint, ownership } : undefined,
  });
  if (!loginSecrets) return { rotator, ...(superuser && { reads: [superuser] }) };
  const logins = {
    base: secretByText(scope, `${name}-ProxyLogin`, loginSecrets.base),
    second: secretByText(scope, `${name}-ProxySecondLogin`, loginSecrets.second),
  };
  return { rotator, ...(superuser && { reads: [superuser] }), proxy: { proxyName, endpoint, ownership, logins } };
}

/** The rotator asks RDS of an identifier as an instance and as a cluster: it cannot know which it is. */
function grantDatabase(rotationFunction: RotationFunction, { database, strategy }: PostgresManifestSecret): void {
  if (!database) return;
  const { instance, cluster, readerOf } = database;
  const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
  const arns = (resource: string, identifiers: (string | undefined)[]) =>
    identifiers
      .filter((identifier) => identifier !== undefined)
      .map((resourceName) =>
        Stack.of(rotationFunction).formatArn({ service: 'rds', resource, resourceName, arnFormat }),
      );
  const named = [instance, cluster, readerOf];
  rotationFunction.allow(['rds:DescribeDBInstances'], arns('db', named));
  rotationFunction.allow(['rds:DescribeDBClusters'], arns('cluster', named));
  if (strategy !== 'superuser') return;
  if (instance) rotationFunction.allow(['rds:ModifyDBInstance'], arns('db', [instance]));
  if (cluster) rotationFunction.allow(['rds:ModifyDBCluster'], arns('cluster', [cluster]));
}

function apiKeyProps(scope: Construct, name: string, entry: ApiKeyManifestSecret): RotatorProps {
  const rotator = apiKeySettings(entry);
  const settings = parse(`The parameters of ${name}`, ApiKeySettings, rotator);
  if (settings.provider !== 'http') return { rotator };
  return { rotator, reads: [secretByText(scope, `${name}-AdminKey`, settings.admin.secretArn)] };
}

function grantUser(rotationFunction: RotationFunction, entry: ApiKeyManifestSecret): void {
  const settings = parse('The parameters', ApiKeySettings, apiKeySettings(entry));
  if (!('userName' in settings)) return;
  const user = iam.User.fromUserName(rotationFunction, `User-${settings.userName}`, settings.userName);
  rotationFunction.mayManageKeysOf(user, settings.provider);
}

/** Without consumers the rotator's own default holds. */
function convergenceBound(entry: RotatedManifestSecret): number | undefined {
  return entry.consumers.length === 0 ? undefined : convergenceBoundOf(entry);
}

function given(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
