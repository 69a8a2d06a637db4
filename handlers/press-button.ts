import { SFNClient } from '@aws-sdk/client-sfn';
import { parse } from '../pipeline/contracts/parse.ts';
import { pressButton } from '../pipeline/dashboard/press-button.ts';
import { ButtonEvent } from '../pipeline/dashboard/widget-event.ts';
import { executionUrl, renderPressed } from '../pipeline/dashboard/widget-html.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({
  AWS_REGION: environmentText,
  KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: environmentText,
});
const dependencies = {
  client: new SFNClient({}),
  stateMachineArn: environment.KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN,
};

/** A button of the dashboard: starts an execution of rotate-secret, which is all that its role allows. */
export async function handler(event: unknown): Promise<string> {
  const { executionArn, ...pressed } = await pressButton(dependencies, parse('The press', ButtonEvent, event));
  return renderPressed({
    ...pressed,
    ...(executionArn && { executionUrl: executionUrl(executionArn, environment.AWS_REGION) }),
  });
}
