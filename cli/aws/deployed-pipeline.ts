import { GetParameterCommand, GetParametersByPathCommand } from '@aws-sdk/client-ssm';
import { parse } from '../../pipeline/contracts/parse.ts';
import { ParameterSettings } from '../../pipeline/contracts/settings/parameter.ts';
import {
  PipelineDescription,
  pipelineParameterName,
  settingsPrefixOf,
} from '../../pipeline/contracts/settings/pipeline.ts';
import { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import { secretNameOf, settingsParameterName } from '../../pipeline/contracts/settings/settings-parameter.ts';
import { isNamed } from '../../pipeline/errors.ts';
import { type SecretDescription, SecretStore } from '../../pipeline/rotation/secret-store.ts';
import { listSettings } from '../../pipeline/settings/list-settings.ts';
import { NotFound } from '../terminal/errors.ts';
import type { Clients } from './clients.ts';

export interface ManagedSecret {
  readonly settings: SecretSettings;
  readonly secret: SecretDescription;
}

/** A pipeline as it is deployed: where its parts are, and what it manages. */
export class DeployedPipeline {
  readonly name: string;
  readonly description: PipelineDescription;
  readonly clients: Clients;

  private constructor(clients: Clients, description: PipelineDescription) {
    this.clients = clients;
    this.name = description.pipelineName;
    this.description = description;
  }

  /** @throws NotFound where no pipeline of that name is deployed here */
  static async open(clients: Clients, name: string): Promise<DeployedPipeline> {
    const found = await DeployedPipeline.find(clients, name);
    if (found) return found;
    throw new NotFound(
      `No pipeline ${name} is deployed here: parameter ${pipelineParameterName(name)} does not exist. ` +
        'Deploy its stack, or say where it is: --region, --profile, --pipeline.',
    );
  }

  static async find(clients: Clients, name: string): Promise<DeployedPipeline | undefined> {
    const parameterName = pipelineParameterName(name);
    const text = await readParameter(clients, parameterName);
    if (text === undefined) return undefined;
    return new DeployedPipeline(clients, parse(`Parameter ${parameterName}`, PipelineDescription, JSON.parse(text)));
  }

  get settingsPrefix(): string {
    return settingsPrefixOf(this.name);
  }

  /** Everything it manages, by name. */
  async settings(): Promise<SecretSettings[]> {
    const ssm = await this.clients.ssm();
    const found: SecretSettings[] = [];
    let nextToken: string | undefined;
    do {
      const page = await listSettings(ssm, this.settingsPrefix, nextToken);
      found.push(...page.settings);
      nextToken = page.nextToken;
    } while (nextToken);
    return found.sort((left, right) => left.name.localeCompare(right.name));
  }

  /** The parameters that it watches. */
  async parameters(): Promise<ParameterSettings[]> {
    const ssm = await this.clients.ssm();
    const Path = `${this.settingsPrefix}/.parameter`;
    const found: ParameterSettings[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ssm.send(new GetParametersByPathCommand({ Path, NextToken }));
      found.push(
        ...(page.Parameters ?? []).map(({ Name, Value }) =>
          parse(`Parameter ${Name}`, ParameterSettings, JSON.parse(Value ?? '')),
        ),
      );
      NextToken = page.NextToken;
    } while (NextToken);
    return found;
  }

  /** What the pipeline knows of a secret, by its name or ARN. @throws NotFound where the pipeline does not manage it */
  async secretSettings(nameOrArn: string): Promise<SecretSettings> {
    const name = nameOrArn.startsWith('arn:') ? secretNameOf(nameOrArn) : nameOrArn;
    const parameterName = settingsParameterName(this.settingsPrefix, name);
    const text = isParameterName(parameterName) ? await readParameter(this.clients, parameterName) : undefined;
    if (text === undefined) {
      throw new NotFound(`${nameOrArn} is not managed by pipeline ${this.name}. keyturn status lists what is.`);
    }
    return parse(`Parameter ${parameterName}`, SecretSettings, JSON.parse(text));
  }

  /** The same, with the secret as it is. @throws NotFound */
  async secret(nameOrArn: string): Promise<ManagedSecret> {
    const settings = await this.secretSettings(nameOrArn);
    return { settings, secret: await this.#describe(settings.name) };
  }

  async #describe(name: string): Promise<SecretDescription> {
    try {
      return await new SecretStore(await this.clients.secretsManager()).describe(name);
    } catch (cause) {
      if (!isNamed(cause, 'ResourceNotFoundException')) throw cause;
      throw new NotFound(
        `Pipeline ${this.name} manages ${name}, but Secrets Manager has no such secret (any more). Create it, or remove it from the manifest.`,
        { cause },
      );
    }
  }
}

/** What SSM takes as a name: no empty level, no more than 1,011 characters. */
function isParameterName(name: string): boolean {
  return name.length <= 1_011 && !name.includes('//') && !name.endsWith('/');
}

async function readParameter(clients: Clients, name: string): Promise<string | undefined> {
  const ssm = await clients.ssm();
  try {
    const answer = await ssm.send(new GetParameterCommand({ Name: name }));
    return answer.Parameter?.Value ?? '';
  } catch (error) {
    if (isNamed(error, 'ParameterNotFound')) return undefined;
    throw error;
  }
}
