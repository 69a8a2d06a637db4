import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  ListAccessKeysCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { IamAccessKeySettings } from '../../contracts/settings/api-key.ts';
import { isNamed } from '../../errors.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';
import { describeAwsError, judgeAwsError, settleDeletion } from './aws-errors.ts';
import { slotsTaken } from './bedrock.ts';
import type { ApiKeyDependencies } from './dependencies.ts';
import type { KeyProvider, ListedCredential } from './provider.ts';

/**
 * Access keys of one IAM user, two at most, without names.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
 */
export function iamAccessKeyProvider(dependencies: ApiKeyDependencies, settings: IamAccessKeySettings): KeyProvider {
  const UserName = settings.userName;
  const who = `IAM user ${UserName}`;

  const lastUse = async (id: string): Promise<ListedCredential['lastUsed']> => {
    const { AccessKeyLastUsed: used } = await dependencies
      .iam()
      .send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }))
      .catch((error: unknown) => {
        if (!isNamed(error, 'NoSuchEntity')) throw error;
        throw new TargetUnavailable(`${who}: access key ${id} was listed, but is no more.`, { cause: error });
      });
    if (!used?.LastUsedDate) return undefined;
    return { at: used.LastUsedDate, by: `a caller of ${used.ServiceName} in ${used.Region}` };
  };

  return {
    orphans: 'younger',

    async create() {
      try {
        const { AccessKey: made } = await dependencies.iamOnce().send(new CreateAccessKeyCommand({ UserName }));
        if (!made?.AccessKeyId || !made.SecretAccessKey) throw new TargetRefused(`${who}: IAM answered without a key.`);
        return { key: made.SecretAccessKey, id: made.AccessKeyId };
      } catch (error) {
        if (error instanceof TargetRefused) throw error;
        if (isNamed(error, 'LimitExceeded')) throw await slotsTaken(this, who);
        throw describeAwsError(error, `${who}: an access key could not be made`);
      }
    },

    /** GetCallerIdentity needs no permission, and answers to every key that works. */
    async verify({ key, id }) {
      if (id === undefined) return { verdict: 'refused', reason: 'the secret holds no id for the access key' };
      try {
        const credentials = { accessKeyId: id, secretAccessKey: key };
        await dependencies.stsWith(credentials).send(new GetCallerIdentityCommand({}));
        return { verdict: 'accepted' };
      } catch (error) {
        return judgeAwsError(error, { service: 'STS', key });
      }
    },

    async revoke(id) {
      try {
        await dependencies.iam().send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: id }));
      } catch (error) {
        await settleDeletion(error, { provider: this, id, what: `${who}: access key ${id} could not be deleted` });
      }
    },

    async listOwn() {
      try {
        const { AccessKeyMetadata: found = [] } = await dependencies
          .iam()
          .send(new ListAccessKeysCommand({ UserName }));
        return await Promise.all(
          found.map(async ({ AccessKeyId: id = '', CreateDate: createdAt }): Promise<ListedCredential> => {
            const lastUsed = await lastUse(id);
            return { id, createdAt, ...(lastUsed && { lastUsed }) };
          }),
        );
      } catch (error) {
        if (error instanceof TargetUnavailable) throw error;
        throw describeAwsError(error, `${who}: its access keys could not be listed`);
      }
    },
  };
}
