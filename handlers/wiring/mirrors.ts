import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { MirrorSettings } from '../../pipeline/contracts/settings/secret.ts';
import type { MirrorDependencies } from '../../pipeline/propagation/mirror-secret.ts';

const regions = new Map<string, SecretsManagerClient>();

/** Clients for copies of secrets: one for each region that has a replica. */
export const mirrorDependencies: MirrorDependencies = {
  secretsManager: new SecretsManagerClient({}),
  ssm: new SSMClient({}),
  secretsManagerIn: (region) => {
    const client = regions.get(region) ?? new SecretsManagerClient({ region });
    regions.set(region, client);
    return client;
  },
};

/** Which copy of which version. */
export const MirrorRequest = v.object({
  secretArn: v.pipe(v.string(), v.startsWith('arn:')),
  versionId: v.pipe(v.string(), v.nonEmpty()),
  mirror: MirrorSettings,
});
