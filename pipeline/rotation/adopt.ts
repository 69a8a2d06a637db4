import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { isNamed } from '../errors.ts';
import { AdoptionFailed } from './errors.ts';

/**
 * Gives a rotation that Secrets Manager began by itself to the workflow: the execution is named after the token, so
 * starting it again is harmless. https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export function adoptWith(dependencies: { client: SFNClient; stateMachineArn: string }) {
  return async ({ secretArn, token }: { secretArn: string; token: string }): Promise<void> => {
    const input = JSON.stringify({ secretId: secretArn, startedBy: 'native', versionId: token });
    try {
      await dependencies.client.send(
        new StartExecutionCommand({ stateMachineArn: dependencies.stateMachineArn, name: token, input }),
      );
    } catch (error) {
      // Secrets Manager tries a rotation again with the same token: the execution is there already.
      if (isNamed(error, 'ExecutionAlreadyExists')) return;
      throw new AdoptionFailed(
        `The workflow could not be started for the rotation ${token} of ${secretArn}: ${error instanceof Error ? error.name : 'unknown'}. ` +
          'Nothing was changed; Secrets Manager tries again.',
        { cause: error },
      );
    }
  };
}
