import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const client = new SecretsManagerClient({});
let login: string | undefined;

/** A consumer as many are: the value is read once an environment and kept. Answers who it logs in as. */
export async function handler(event: { holdMilliseconds?: number }): Promise<{ login: string | undefined }> {
  if (login === undefined) {
    const { SecretString = '{}' } = await client.send(
      new GetSecretValueCommand({ SecretId: process.env.DB_SECRET_ARN }),
    );
    login = JSON.parse(SecretString).username;
  }
  await new Promise((resolve) => setTimeout(resolve, event.holdMilliseconds ?? 0));
  return { login };
}
