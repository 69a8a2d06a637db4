import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createCloud } from '../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import createSecretsManagerService from '../../packages/laptop/services/secretsmanager/service.ts';

/** What `consumer-program.ts` reads. */
const secrets = {
  'app/vendor': 'the-key-of-the-vendor',
  'app/jwt': JSON.stringify({ jwt_secret_key: 'a secret of thirty-two bytes or so', jwt_algorithm: 'HS256' }),
};

/** A laptop's cloud with the secrets of the program. */
export async function startLaptopBeside(): Promise<RunningCloud> {
  const cloud = await createCloud({ log: () => undefined, services: [createSecretsManagerService] });
  const client = new SecretsManagerClient({
    endpoint: cloud.endpointUrl,
    region: cloud.region,
    credentials: cloud.administrator,
  });
  for (const [Name, SecretString] of Object.entries(secrets))
    await client.send(new CreateSecretCommand({ Name, SecretString }));
  client.destroy();
  return cloud;
}

/** How the AWS SDK finds a laptop's cloud, without a word in the program. */
export const environmentFor = ({ endpointUrl, administrator }: RunningCloud) => ({
  AWS_ENDPOINT_URL: endpointUrl,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: administrator.accessKeyId,
  AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
});
