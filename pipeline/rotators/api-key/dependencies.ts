import type { BedrockClient } from '@aws-sdk/client-bedrock';
import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { STSClient } from '@aws-sdk/client-sts';

/** Everything that reaches outside. Clients of AWS are made when they are needed: each secret needs one kind of them. */
export interface ApiKeyDependencies {
  /** GetSecretValue of admin keys; nothing else. */
  secretsManager: Pick<SecretsManagerClient, 'send'>;
  iam(): Pick<IAMClient, 'send'>;
  /** The same without the SDK's own tries: a create whose answer was lost would be sent again and leave a second key. */
  iamOnce(): Pick<IAMClient, 'send'>;
  /** A client that calls with an access key. */
  stsWith(credentials: { accessKeyId: string; secretAccessKey: string }): Pick<STSClient, 'send'>;
  /** Clients that call with a Bedrock API key, in its region. */
  bedrockWith(key: { token: string; region: string | undefined }): {
    control(): Pick<BedrockClient, 'send'>;
    runtime(): Pick<BedrockRuntimeClient, 'send'>;
  };
  fetch: typeof fetch;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  randomBytes(size: number): Buffer;
}
