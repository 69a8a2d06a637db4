import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { type SyncOutcome, syncParameter } from '../pipeline/propagation/sync-parameter.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({
  KEYTURN_SETTINGS_PREFIX: environmentText,
  KEYTURN_PROPAGATE_SECRET_STATE_MACHINE_ARN: environmentText,
  KEYTURN_LOOK_AT_PARAMETER_FUNCTION_ARN: environmentText,
});
const dependencies = {
  ssm: new SSMClient({}),
  states: new SFNClient({}),
  settingsPrefix: environment.KEYTURN_SETTINGS_PREFIX,
  propagateSecretArn: environment.KEYTURN_PROPAGATE_SECRET_STATE_MACHINE_ARN,
  lookAtParameterFunctionArn: environment.KEYTURN_LOOK_AT_PARAMETER_FUNCTION_ARN,
};

/** Rule ParameterChanged: brings a change of a watched parameter to its consumers. */
export async function handler(event: unknown): Promise<SyncOutcome> {
  return syncParameter(dependencies, event);
}
