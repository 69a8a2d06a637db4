import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { parse } from '../contracts/parse.ts';
import { SecretSettings } from '../contracts/settings/secret.ts';
import { secretNameOf, settingsParameterName } from '../contracts/settings/settings-parameter.ts';
import { SecretNotManaged } from '../rotation/errors.ts';

/** A deployment may change settings at any time; a warm function learns of it within this. */
const SETTINGS_AGE_MILLISECONDS = 60_000;

/** Reads what the manifest says of a secret from the parameter that the stack keeps beside it. */
export class SettingsReader {
  readonly #client: SSMClient;
  readonly #prefix: string;
  readonly #now: () => Date;
  readonly #cache = new Map<string, { settings: SecretSettings; readAt: number }>();

  constructor(dependencies: { client: SSMClient; prefix: string; now: () => Date }) {
    this.#client = dependencies.client;
    this.#prefix = dependencies.prefix;
    this.#now = dependencies.now;
  }

  /** @throws SecretNotManaged where this pipeline has no settings for the secret. */
  async read(secretArn: string): Promise<SecretSettings> {
    const cached = this.#cache.get(secretArn);
    if (cached && this.#now().getTime() - cached.readAt < SETTINGS_AGE_MILLISECONDS) return cached.settings;
    const name = settingsParameterName(this.#prefix, secretNameOf(secretArn));
    const settings = parse(
      `Settings parameter ${name}`,
      SecretSettings,
      JSON.parse(await this.#fetch(name, secretArn)),
    );
    this.#cache.set(secretArn, { settings, readAt: this.#now().getTime() });
    return settings;
  }

  async #fetch(name: string, secretArn: string): Promise<string> {
    try {
      const answer = await this.#client.send(new GetParameterCommand({ Name: name }));
      return answer.Parameter?.Value ?? '';
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ParameterNotFound') throw error;
      throw new SecretNotManaged(
        `${secretArn} is not managed by this pipeline: parameter ${name} does not exist. Add the secret to the manifest and deploy.`,
        { cause: error },
      );
    }
  }
}
