import { GetParameterCommand, type Parameter, type SSMClient } from '@aws-sdk/client-ssm';
import { parse } from '../contracts/parse.ts';
import { SecretSettings } from '../contracts/settings/secret.ts';
import { secretNameOf, settingsParameterName } from '../contracts/settings/settings-parameter.ts';
import { isNamed } from '../errors.ts';
import { SecretNotManaged } from '../rotation/errors.ts';

/** A deployment may change settings at any time; a warm function learns of it within this. */
const SETTINGS_AGE_MILLISECONDS = 60_000;
/** A deployment takes so long at the most between a secret's settings and its schedule. */
const NEW_MILLISECONDS = 30 * 60_000;

interface Read {
  readonly settings: SecretSettings;
  readonly readAt: number;
  /** Missing where they have been changed since. */
  readonly firstDeployedAt: Date | undefined;
}

/** Reads what the manifest says of a secret from the parameter that the stack keeps beside it. */
export class SettingsReader {
  readonly #client: SSMClient;
  readonly #prefix: string;
  readonly #now: () => Date;
  readonly #cache = new Map<string, Read>();

  constructor(dependencies: { client: SSMClient; prefix: string; now: () => Date }) {
    this.#client = dependencies.client;
    this.#prefix = dependencies.prefix;
    this.#now = dependencies.now;
  }

  /** @throws SecretNotManaged where this pipeline has no settings for the secret. */
  async read(secretArn: string): Promise<SecretSettings> {
    return (await this.#read(secretArn)).settings;
  }

  /** Whether the pipeline has had the secret for so short a time that nothing can have been due since. */
  async isNew(secretArn: string): Promise<boolean> {
    const { firstDeployedAt } = await this.#read(secretArn);
    return firstDeployedAt !== undefined && this.#now().getTime() - firstDeployedAt.getTime() < NEW_MILLISECONDS;
  }

  async #read(secretArn: string): Promise<Read> {
    const cached = this.#cache.get(secretArn);
    if (cached && this.#now().getTime() - cached.readAt < SETTINGS_AGE_MILLISECONDS) return cached;
    const name = settingsParameterName(this.#prefix, secretNameOf(secretArn));
    const parameter = await this.#fetch(name, secretArn);
    const settings = parse(`Settings parameter ${name}`, SecretSettings, JSON.parse(parameter?.Value ?? ''));
    const read = {
      settings,
      readAt: this.#now().getTime(),
      firstDeployedAt: parameter?.Version === 1 ? parameter.LastModifiedDate : undefined,
    };
    this.#cache.set(secretArn, read);
    return read;
  }

  async #fetch(name: string, secretArn: string): Promise<Parameter | undefined> {
    try {
      const answer = await this.#client.send(new GetParameterCommand({ Name: name }));
      return answer.Parameter;
    } catch (error) {
      if (!isNamed(error, 'ParameterNotFound')) throw error;
      throw new SecretNotManaged(
        `${secretArn} is not managed by this pipeline: parameter ${name} does not exist. Add the secret to the manifest and deploy.`,
        { cause: error },
      );
    }
  }
}
