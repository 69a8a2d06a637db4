import { ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { workflowToken } from '../workflow/decide.ts';

/** The executions that are under way, asked for once for a whole audit. */
export interface RunningExecutions {
  isRotating(versionId: string): boolean;
  isRetiring(versionId: string): boolean;
}

/**
 * An execution's name says which version it is about: a native rotation's is its token, any other's determines the token, and a
 * retirement's begins with what it retires after. https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
 */
export async function listRunningExecutions(
  client: Pick<SFNClient, 'send'>,
  machines: { rotateSecretArn: string; retireCredentialArn: string },
): Promise<RunningExecutions> {
  const rotations = await runningNames(client, machines.rotateSecretArn);
  const tokens = new Set(rotations.flatMap((name) => [name, workflowToken(name), workflowToken(name, true)]));
  const retirements = await runningNames(client, machines.retireCredentialArn);
  return {
    isRotating: (versionId) => tokens.has(versionId),
    isRetiring: (versionId) =>
      retirements.some(
        (name) => name === retirementName(versionId) || name.startsWith(`${retirementName(versionId)}-`),
      ),
  };
}

/** As Task state ScheduleRetirement names it. */
export function retirementName(versionId: string): string {
  return `retire-${versionId}`;
}

async function runningNames(client: Pick<SFNClient, 'send'>, stateMachineArn: string): Promise<string[]> {
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const answer = await client.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING', maxResults: 1_000, nextToken }),
    );
    names.push(...(answer.executions ?? []).map(({ name }) => name ?? ''));
    nextToken = answer.nextToken;
  } while (nextToken);
  return names;
}
