import type { Construct } from 'constructs';
import type { ManifestSecret } from '../../pipeline/contracts/manifest.ts';
import type { RotatedSecretProps } from '../rotated-secret.ts';
import { secretByText } from './resolve-references.ts';

type Rotated = Exclude<ManifestSecret, { kind: 'watched' }>;
type Postgres = Extract<ManifestSecret, { kind: 'postgres' }>;

/** What the rotator is told, and the secrets that it needs beside its own. */
export function rotatorProps(
  scope: Construct,
  name: string,
  entry: Rotated,
): Pick<RotatedSecretProps, 'rotator' | 'reads' | 'proxy'> {
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
      return { rotator: { provider: entry.provider, ...entry.parameters } };
  }
}

function postgresProps(scope: Construct, name: string, entry: Postgres): ReturnType<typeof rotatorProps> {
  const superuser = entry.superuserSecret && secretByText(scope, `${name}-Superuser`, entry.superuserSecret);
  const { loginSecrets, name: proxyName = '', endpoint = '', ownership } = entry.proxy ?? {};
  const rotator = given({
    strategy: entry.strategy,
    superuserSecretArn: superuser ? superuser.secretArn : undefined,
    passwordLength: entry.passwordLength,
    excludeCharacters: entry.excludeCharacters,
    convergenceBoundSeconds: convergenceBound(entry),
    // Without password authentication the proxy knows every login; the rotator is told only of the ownership.
    proxy: entry.proxy && !loginSecrets ? { name: proxyName, endpoint, ownership } : undefined,
  });
  return {
    rotator,
    ...(superuser && { reads: [superuser] }),
    ...(loginSecrets && {
      proxy: {
        proxyName,
        endpoint,
        ownership,
        logins: {
          base: secretByText(scope, `${name}-ProxyLogin`, loginSecrets.base),
          second: secretByText(scope, `${name}-ProxySecondLogin`, loginSecrets.second),
        },
      },
    }),
  };
}

/** After this every consumer is on the new value. Without consumers the rotator's own default holds. */
function convergenceBound({ consumers }: Rotated): number | undefined {
  if (consumers.length === 0) return undefined;
  return Math.max(...consumers.map((consumer) => consumer.maxAgeSeconds + consumer.longestInvocationSeconds));
}

function given(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
