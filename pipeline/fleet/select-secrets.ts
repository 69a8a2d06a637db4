import { ListSecretsCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { FleetPosition, FleetRequest, FleetSelection } from '../contracts/fleet.ts';
import type { SecretSettings } from '../contracts/settings/secret.ts';
import { KeyturnError } from '../errors.ts';
import { listSettings } from '../settings/list-settings.ts';
import { defaultFleetConcurrency } from './concurrency.ts';

/** Names of a page, together: a state's data may have 256 KiB, and the page is in several members of it. */
const PAGE_CHARACTERS = 40_000;

/** Nothing of the pipeline is what the request asks for; a fleet of none is rather a slip than a wish. */
export class FleetEmpty extends KeyturnError {
  readonly code = 'FleetEmpty';
}

export interface SelectSecrets {
  readonly ssm: Pick<SSMClient, 'send'>;
  readonly secretsManager: Pick<SecretsManagerClient, 'send'>;
  readonly prefix: string;
}

/**
 * One page of the secrets that a fleet is asked to rotate: those of this pipeline that are rotated at all, by name, kind,
 * group and tag. Reads only; may be called twice. @throws FleetEmpty
 */
export async function selectSecrets(
  dependencies: SelectSecrets,
  request: FleetRequest,
  position: FleetPosition | null,
): Promise<FleetSelection> {
  const tagged = request.tag && (await namesWithTag(dependencies.secretsManager, request.tag));
  const secretIds: string[] = [];
  let nextToken = position?.nextToken;
  let characters = 0;
  do {
    const page = await listSettings(dependencies.ssm, dependencies.prefix, nextToken);
    const names = page.settings.filter((settings) => isWanted(settings, request, tagged)).map(({ name }) => name);
    secretIds.push(...names);
    characters += JSON.stringify(names).length;
    nextToken = page.nextToken;
  } while (nextToken && characters < PAGE_CHARACTERS);
  const isFirst = position === null;
  const rest = secretIds.filter((name) => !request.canaries.includes(name));
  const total = (position?.total ?? 0) + rest.length + (isFirst ? request.canaries.length : 0);
  if (total === 0 && !nextToken) {
    throw new FleetEmpty(
      `No secret of the pipeline under ${dependencies.prefix} fits the request: expected at least one by name, kind, group and tag. See keyturn status.`,
    );
  }
  return {
    canaries: isFirst ? request.canaries : [],
    secretIds: rest,
    total,
    after: nextToken ? { nextToken, total } : null,
    maxConcurrency: request.maxConcurrency ?? defaultFleetConcurrency,
    toleratedFailurePercentage: request.toleratedFailurePercentage,
    startedBy: request.startedBy,
    emergency: request.emergency,
  };
}

/** Whether a secret belongs to the fleet. Pure. */
export function isWanted(
  settings: SecretSettings,
  request: Pick<FleetRequest, 'secretIds' | 'kind' | 'group'>,
  tagged: ReadonlySet<string> | undefined,
): boolean {
  if (!settings.rotated) return false;
  if (request.secretIds && !request.secretIds.includes(settings.name)) return false;
  if (request.kind && settings.kind !== request.kind) return false;
  if (request.group && settings.group !== request.group) return false;
  return tagged === undefined || tagged.has(settings.name);
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html */
async function namesWithTag(
  client: Pick<SecretsManagerClient, 'send'>,
  tag: { key: string; value?: string },
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let nextToken: string | undefined;
  do {
    const answer = await client.send(
      new ListSecretsCommand({
        Filters: [
          { Key: 'tag-key', Values: [tag.key] },
          ...(tag.value === undefined ? [] : [{ Key: 'tag-value' as const, Values: [tag.value] }]),
        ],
        MaxResults: 100,
        ...(nextToken && { NextToken: nextToken }),
      }),
    );
    // A filter's value is a prefix, and the value may belong to another key: what came is looked at once more.
    const exact = (answer.SecretList ?? []).filter((secret) =>
      secret.Tags?.some(({ Key, Value }) => Key === tag.key && (tag.value === undefined || Value === tag.value)),
    );
    for (const { Name } of exact) if (Name) names.add(Name);
    nextToken = answer.NextToken;
  } while (nextToken);
  return names;
}
