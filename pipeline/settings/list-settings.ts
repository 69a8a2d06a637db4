import { GetParametersByPathCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { parse } from '../contracts/parse.ts';
import { SecretSettings } from '../contracts/settings/secret.ts';

export interface SettingsPage {
  readonly settings: SecretSettings[];
  readonly nextToken: string | undefined;
}

/**
 * One page of what a pipeline manages: ten settings parameters at most.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
 */
export async function listSettings(
  client: Pick<SSMClient, 'send'>,
  prefix: string,
  nextToken?: string,
): Promise<SettingsPage> {
  const answer = await client.send(
    new GetParametersByPathCommand({ Path: prefix, Recursive: true, ...(nextToken && { NextToken: nextToken }) }),
  );
  // Settings of watched parameters lie under the same path.
  const ofSecrets = (answer.Parameters ?? []).filter(({ Name }) => !Name?.startsWith(`${prefix}/.parameter/`));
  const settings = ofSecrets.map(({ Name, Value }) =>
    parse(`Settings parameter ${Name}`, SecretSettings, JSON.parse(Value ?? '')),
  );
  return { settings, nextToken: answer.NextToken };
}
