import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { FleetPosition, FleetRequest, type FleetSelection } from '../pipeline/contracts/fleet.ts';
import { parse } from '../pipeline/contracts/parse.ts';
import { selectSecrets } from '../pipeline/fleet/select-secrets.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({ KEYTURN_SETTINGS_PREFIX: environmentText });
const dependencies = {
  ssm: new SSMClient({}),
  secretsManager: new SecretsManagerClient({}),
  prefix: environment.KEYTURN_SETTINGS_PREFIX,
};

const Invocation = v.object({ input: v.unknown(), after: v.nullable(FleetPosition) });

/** Task state SelectSecrets of rotate-fleet. */
export async function handler(event: unknown): Promise<FleetSelection> {
  const { input, after } = parse('The invocation', Invocation, event);
  return selectSecrets(dependencies, parse('The fleet request', FleetRequest, input), after);
}
