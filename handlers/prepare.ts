import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { parse } from '../pipeline/contracts/parse.ts';
import { SecretStore } from '../pipeline/rotation/secret-store.ts';
import { SettingsReader } from '../pipeline/settings/read-settings.ts';
import type { Plan } from '../pipeline/workflow/plan.ts';
import { prepare } from '../pipeline/workflow/prepare.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({ KEYTURN_SETTINGS_PREFIX: environmentText });
const store = new SecretStore(new SecretsManagerClient({}));
const now = () => new Date();
const settings = new SettingsReader({
  client: new SSMClient({}),
  prefix: environment.KEYTURN_SETTINGS_PREFIX,
  now,
});

const Invocation = v.object({ input: v.unknown(), executionName: v.pipe(v.string(), v.nonEmpty()) });

/** Task state Prepare of rotate-secret. */
export async function handler(event: unknown): Promise<Plan> {
  const invocation = parse('The invocation', Invocation, event);
  return prepare({ store, settings, now }, invocation.input, invocation.executionName);
}
