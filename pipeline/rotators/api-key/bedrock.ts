import { ListFoundationModelsCommand } from '@aws-sdk/client-bedrock';
import { ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import {
  CreateServiceSpecificCredentialCommand,
  DeleteServiceSpecificCredentialCommand,
  ListServiceSpecificCredentialsCommand,
} from '@aws-sdk/client-iam';
import { quote } from '@keyturn/consumer/contracts/quote';
import type { BedrockSettings } from '../../contracts/settings/api-key.ts';
import { isNamed } from '../../errors.ts';
import { TargetRefused } from '../errors.ts';
import { describeAwsError, judgeAwsError, settleDeletion } from './aws-errors.ts';
import type { ApiKeyDependencies } from './dependencies.ts';
import type { KeyProvider, ListedCredential, Verdict } from './provider.ts';

const SERVICE_NAME = 'bedrock.amazonaws.com';
const KEY_PREFIX = 'ABSK';

/**
 * Amazon Bedrock API keys: service-specific credentials of one IAM user, two at most, without names or tags.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_bedrock.html
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html
 */
export function bedrockProvider(dependencies: ApiKeyDependencies, settings: BedrockSettings): KeyProvider {
  const UserName = settings.userName;
  const who = `IAM user ${UserName}`;
  return {
    orphans: 'younger',

    async create() {
      try {
        const answer = await dependencies.iamOnce().send(
          new CreateServiceSpecificCredentialCommand({
            UserName,
            ServiceName: SERVICE_NAME,
            ...(settings.credentialAgeDays !== undefined && { CredentialAgeDays: settings.credentialAgeDays }),
          }),
        );
        const made = answer.ServiceSpecificCredential;
        // Older credentials answer with user name and password, Bedrock's with an alias and a secret.
        const key = made?.ServiceCredentialSecret ?? made?.ServicePassword;
        if (!made?.ServiceSpecificCredentialId || !key) throw new TargetRefused(`${who}: IAM answered without a key.`);
        return { key, id: made.ServiceSpecificCredentialId };
      } catch (error) {
        if (error instanceof TargetRefused) throw error;
        if (isNamed(error, 'LimitExceeded')) throw await slotsTaken(this, who);
        throw describeAwsError(error, `${who}: a Bedrock API key could not be made`);
      }
    },

    verify: ({ key }) => callWith(dependencies, settings, key),

    async revoke(id) {
      const command = new DeleteServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId: id });
      try {
        await dependencies.iam().send(command);
      } catch (error) {
        const what = `${who}: Bedrock API key ${id} could not be deleted`;
        await settleDeletion(error, { provider: this, id, what });
      }
    },

    async listOwn() {
      try {
        const answer = await dependencies
          .iam()
          .send(new ListServiceSpecificCredentialsCommand({ UserName, ServiceName: SERVICE_NAME }));
        return (answer.ServiceSpecificCredentials ?? []).map(
          (found): ListedCredential => ({
            id: found.ServiceSpecificCredentialId ?? '',
            name: found.ServiceCredentialAlias ?? found.ServiceUserName,
            createdAt: found.CreateDate,
          }),
        );
      } catch (error) {
        throw describeAwsError(error, `${who}: its Bedrock API keys could not be listed`);
      }
    },

    /** A key holds its credential's public alias: `ABSK` and Base64 of `alias:secret`. */
    idOf(key, listed) {
      if (!key.startsWith(KEY_PREFIX)) return undefined;
      const [alias] = Buffer.from(key.slice(KEY_PREFIX.length), 'base64').toString('utf8').split(':');
      return listed.find((item) => item.name !== undefined && item.name === alias)?.id;
    },
  };
}

export async function slotsTaken(provider: Pick<KeyProvider, 'listOwn'>, who: string): Promise<TargetRefused> {
  const ids = (await provider.listOwn()).map((item) => quote(item.id, [])).join(', ');
  return new TargetRefused(
    `${who} has as many keys as IAM allows: ${ids}. One is that of AWSCURRENT; another was not made by this pipeline, ` +
      'or is still in its grace period, and is left alone. Give the secret a user of its own, or delete the key that is not in use.',
  );
}

/**
 * 403 says that the key is not valid, not yet, or may not do this; throttling comes before the key is looked at, so it
 * says nothing. https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
 */
async function callWith(dependencies: ApiKeyDependencies, settings: BedrockSettings, key: string): Promise<Verdict> {
  const clients = dependencies.bedrockWith({ token: key, region: settings.region });
  try {
    if (settings.modelId === undefined) {
      await clients.control().send(new ListFoundationModelsCommand({}));
    } else {
      // Input and maxTokens are reserved at the start, so both are small.
      await clients.runtime().send(
        new ConverseCommand({
          modelId: settings.modelId,
          messages: [{ role: 'user', content: [{ text: '1' }] }],
          inferenceConfig: { maxTokens: 1 },
        }),
      );
    }
    return { verdict: 'accepted' };
  } catch (error) {
    return judgeAwsError(error, { service: 'Bedrock', key });
  }
}
