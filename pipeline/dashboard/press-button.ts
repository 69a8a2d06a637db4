import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { isNamed } from '../errors.ts';
import type { Operation } from './secret-status.ts';
import type { ButtonEvent } from './widget-event.ts';

export interface ButtonPress {
  readonly title: string;
  readonly message: string;
  readonly executionArn?: string;
}

const titles: Readonly<Record<Operation, string>> = {
  rotate: 'The rotation has started',
  check: 'The checks are running',
  'roll-back': 'The roll-back has started',
};

/**
 * Starts an execution of rotate-secret, and can do nothing else; the execution itself refuses secrets that are not
 * managed. A press has one name, so that the same press sent twice starts one execution.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export async function pressButton(
  dependencies: { client: Pick<SFNClient, 'send'>; stateMachineArn: string },
  { operation, secretArn, secretName, versionId, press }: ButtonEvent,
): Promise<ButtonPress> {
  const command = new StartExecutionCommand({
    stateMachineArn: dependencies.stateMachineArn,
    name: `dashboard-${press}`,
    input: JSON.stringify({
      secretId: secretArn,
      startedBy: 'dashboard',
      operation,
      ...(operation === 'roll-back' && versionId && { expectedVersionId: versionId }),
    }),
  });
  try {
    const { executionArn } = await dependencies.client.send(command);
    const message = `${secretName}: the dashboard shows how it ends, and so does the execution.`;
    return { title: titles[operation], message, ...(executionArn && { executionArn }) };
  } catch (error) {
    if (!isNamed(error, 'ExecutionAlreadyExists')) throw error;
    return {
      title: 'Nothing was started',
      message: `${secretName}: this button was pressed before. Refresh the dashboard, look, and press again if it is still needed.`,
    };
  }
}
