import { CfnOutput, Duration } from 'aws-cdk-lib';
import { JwksEndpoint } from '../jwks-endpoint.ts';
import { boundOfConsumers } from './bound-of-consumers.ts';
import { type DeployedKind, given } from './deployed-kind.ts';

export const deployedJwt = {
  memoryMegabytes: 512,
  rotatorProps: (_scope, _name, entry) => ({
    rotator: given({
      algorithm: entry.algorithm,
      longestTokenLifetimeSeconds: entry.longestTokenLifetimeSeconds,
      convergenceBoundSeconds: boundOfConsumers(entry),
      promotionTimeoutSeconds: entry.promotionTimeoutSeconds,
    }),
  }),
  publish: (scope, name, secret, { publicKeys }) => {
    if (!publicKeys) return;
    const maxAge = Duration.seconds(publicKeys.maxAgeSeconds);
    const { url } = new JwksEndpoint(scope, `PublicKeys-${name}`, { secret, maxAge });
    new CfnOutput(scope, `PublicKeysUrl-${name}`, { value: url, description: `The key set of ${name}` });
  },
} satisfies DeployedKind<'jwt'>;
