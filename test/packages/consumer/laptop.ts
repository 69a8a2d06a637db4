import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Observation } from '../../../packages/consumer/observe.ts';
import {
  RotatingSecretsProvider,
  type RotatingSecretsProviderOptions,
} from '../../../packages/consumer/rotating-secrets-provider.ts';
import { type CloudOptions, createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import createSsmService from '../../../packages/laptop/services/ssm/service.ts';
import { asPerson } from '../laptop/services/lambda/laptop.ts';

export { asPerson };

/** A cloud with secrets and parameters. */
export function startStores(options: CloudOptions = {}): Promise<RunningCloud> {
  return createCloud({ log: () => {}, services: [createSecretsManagerService, createSsmService], ...options });
}

/** How the clients of a test reach the cloud; attempts and connections are few, so that outages show at once. */
export const clientConfig = (cloud: RunningCloud) => ({
  region: cloud.region,
  endpoint: cloud.endpointUrl,
  credentials: cloud.administrator,
  maxAttempts: 1,
});

export const secretsClient = (cloud: RunningCloud) => new SecretsManagerClient(clientConfig(cloud));
export const parametersClient = (cloud: RunningCloud) => new SSMClient(clientConfig(cloud));

/** Makes a secret and answers its ARN and first version. */
export async function makeSecret(
  cloud: RunningCloud,
  name: string,
  value: string,
): Promise<{ arn: string; versionId: string }> {
  const { ARN, VersionId } = await asPerson(cloud, 'secretsmanager', 'CreateSecret', {
    Name: name,
    SecretString: value,
  });
  return { arn: ARN, versionId: VersionId };
}

/** Puts a value, as AWSCURRENT unless the labels say otherwise. */
export async function putSecret(
  cloud: RunningCloud,
  name: string,
  value: string,
  VersionStages?: string[],
): Promise<string> {
  const answer = await asPerson(cloud, 'secretsmanager', 'PutSecretValue', {
    SecretId: name,
    SecretString: value,
    ...(VersionStages && { VersionStages }),
  });
  return answer.VersionId;
}

export const reads = (cloud: RunningCloud, operation = 'GetSecretValue') => cloud.recorder.calls({ operation }).length;

/** One environment: a provider of its own, with a clock that the test moves. */
export function environment(cloud: RunningCloud, options: Partial<RotatingSecretsProviderOptions> = {}) {
  const clock = { now: Date.now() };
  const observations: Observation[] = [];
  const provider = new RotatingSecretsProvider({
    awsSdkV3Client: secretsClient(cloud),
    now: () => clock.now,
    observe: (observation: Observation) => observations.push(observation),
    ...options,
  } as RotatingSecretsProviderOptions);
  return { clock, observations, provider };
}
