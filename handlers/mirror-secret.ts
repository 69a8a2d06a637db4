import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { parse } from '../pipeline/contracts/parse.ts';
import { MirrorSettings } from '../pipeline/contracts/settings/secret.ts';
import { type MirrorResult, mirrorSecret } from '../pipeline/propagation/mirror-secret.ts';

const dependencies = {
  secretsManager: new SecretsManagerClient({}),
  ssm: new SSMClient({}),
  secretsManagerIn: (region: string) => new SecretsManagerClient({ region }),
};

const Request = v.object({ secretArn: v.string(), versionId: v.string(), mirror: MirrorSettings });

/** Task state MirrorSecret of propagate-secret. */
export async function handler(event: unknown): Promise<MirrorResult> {
  return mirrorSecret(dependencies, parse('The mirror request', Request, event));
}
