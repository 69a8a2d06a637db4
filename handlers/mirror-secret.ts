import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { parse } from '../pipeline/contracts/parse.ts';
import { MirrorSettings } from '../pipeline/contracts/settings/secret.ts';
import { type MirrorDependencies, type MirrorResult, mirrorSecret } from '../pipeline/propagation/mirror-secret.ts';

const regions = new Map<string, SecretsManagerClient>();

const dependencies: MirrorDependencies = {
  secretsManager: new SecretsManagerClient({}),
  ssm: new SSMClient({}),
  secretsManagerIn: (region) => {
    const client = regions.get(region) ?? new SecretsManagerClient({ region });
    regions.set(region, client);
    return client;
  },
};

const text = v.pipe(v.string(), v.nonEmpty());
const Request = v.object({
  secretArn: v.pipe(v.string(), v.startsWith('arn:')),
  versionId: text,
  mirror: MirrorSettings,
});

/** Task state MirrorSecret of propagate-secret. */
export async function handler(event: unknown): Promise<MirrorResult> {
  return mirrorSecret(dependencies, parse('The mirror request', Request, event));
}
