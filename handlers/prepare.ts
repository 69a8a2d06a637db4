import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { eventPrivileges } from '../pipeline/contracts/event-requests.ts';
import { parse } from '../pipeline/contracts/parse.ts';
import { SecretStore } from '../pipeline/rotation/secret-store.ts';
import { SettingsReader } from '../pipeline/settings/read-settings.ts';
import type { Plan } from '../pipeline/workflow/plan.ts';
import { prepare } from '../pipeline/workflow/prepare.ts';
import { environmentText, optionalEnvironmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({
  KEYTURN_SETTINGS_PREFIX: environmentText,
  KEYTURN_ALLOW_BY_EVENT: optionalEnvironmentText,
});
const allowByEvent = parse(
  'KEYTURN_ALLOW_BY_EVENT',
  v.array(v.picklist(eventPrivileges)),
  environment.KEYTURN_ALLOW_BY_EVENT?.split(',') ?? [],
);
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
  return prepare({ store, settings, allowByEvent, now }, invocation.input, invocation.executionName);
}
