import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { PostgresManifestSecret } from '../../pipeline/contracts/manifest/entries/manifest-secret-types.ts';
import { secretByText } from '../manifest/resolve-references.ts';
import type { RotationFunction } from '../rotation-function.ts';
import type { RotatorProps } from '../rotator-props.ts';
import { boundOfConsumers } from './bound-of-consumers.ts';
import { type DeployedKind, given } from './deployed-kind.ts';

export const deployedPostgres = {
  memoryMegabytes: 512,
  rotatorProps,
  grantTarget: grantDatabase,
} satisfies DeployedKind<'postgres'>;

function rotatorProps(scope: Construct, name: string, entry: PostgresManifestSecret): RotatorProps {
  const superuser =
    entry.superuserSecret &&
    secretByText(scope, `Superuser:${name}`, entry.superuserSecret, entry.superuserSecretKmsKeyArn);
  const { loginSecrets, name: proxyName = '', endpoint = '', ownership } = entry.proxy ?? {};
  const rotator = given({
    strategy: entry.strategy,
    superuserSecretArn: superuser ? superuser.secretArn : undefined,
    hostAliases: entry.hostAliases,
    ownerRole: entry.ownerRole,
    passwordLength: entry.passwordLength,
    excludeCharacters: entry.excludeCharacters,
    convergenceBoundSeconds: boundOfConsumers(entry),
    // Without password authentication the proxy knows every login, and the rotator needs to know of the ownership only.
    proxy: entry.proxy && !loginSecrets ? { name: proxyName, endpoint, ownership } : undefined,
  });
  if (!loginSecrets) return { rotator, ...(superuser && { reads: [superuser] }) };
  const logins = {
    base: secretByText(scope, `ProxyLogin:${name}`, loginSecrets.base, entry.proxy?.loginSecretsKmsKeyArn),
    second: secretByText(scope, `ProxySecondLogin:${name}`, loginSecrets.second, entry.proxy?.loginSecretsKmsKeyArn),
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
