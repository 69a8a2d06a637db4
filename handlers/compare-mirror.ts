import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { parse } from '../pipeline/contracts/parse.ts';
import { MirrorSettings } from '../pipeline/contracts/settings/secret.ts';
import {
  compareMirror,
  type MirrorComparison,
  type MirrorDependencies,
} from '../pipeline/propagation/mirror-secret.ts';

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

/** The audit's question whether a copy is in step: nothing is written. */
export async function handler(event: unknown): Promise<MirrorComparison> {
  return compareMirror(dependencies, parse('The comparison request', Request, event));
}
