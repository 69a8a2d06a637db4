import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { parse } from '../pipeline/contracts/parse.ts';
import {
  lookAtParameter,
  ParameterLook,
  type SyncOutcome,
  syncParameter,
} from '../pipeline/propagation/sync-parameter.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({
  KEYTURN_SETTINGS_PREFIX: environmentText,
  KEYTURN_PROPAGATE_SECRET_STATE_MACHINE_ARN: environmentText,
});
const dependencies = {
  ssm: new SSMClient({}),
  states: new SFNClient({}),
  settingsPrefix: environment.KEYTURN_SETTINGS_PREFIX,
  propagateSecretArn: environment.KEYTURN_PROPAGATE_SECRET_STATE_MACHINE_ARN,
};

/** Rule ParameterChanged: brings a change of a watched parameter to its consumers. Task state LookAtParameter: its version. */
export async function handler(
  event: unknown,
  { invokedFunctionArn }: { readonly invokedFunctionArn: string },
): Promise<SyncOutcome | { version: number | null }> {
  if (typeof event === 'object' && event !== null && 'operation' in event) {
    return lookAtParameter(dependencies, parse('The look at a parameter', ParameterLook, event));
  }
  return syncParameter({ ...dependencies, functionArn: invokedFunctionArn }, event);
}
