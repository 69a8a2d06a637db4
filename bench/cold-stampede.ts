import { randomUUID } from 'node:crypto';
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middy from '@middy/core';
import secretsManager from '@middy/secrets-manager';
import { RotatingSecretsProvider } from '../packages/consumer/rotating-secrets-provider.ts';
import { createCloud } from '../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../packages/laptop/running-cloud.ts';
import createSecretsManagerService from '../packages/laptop/services/secretsmanager/service.ts';
import { median } from './statistics.ts';

export interface ColdStampede {
  readonly name: string;
  readonly reads: number;
  /** GetSecretValue calls that reached Secrets Manager. */
  readonly calls: number;
  readonly milliseconds: number;
  /** Time against Powertools' getSecret in the same run. */
  readonly ratio: number;
}

const NAME = 'bench/cold';

/** Makes a reader that has read nothing yet; each round has one of its own. */
type Reader = (client: SecretsManagerClient) => () => Promise<unknown>;

const readers: Record<string, Reader> = {
  'Powertools getSecret()': (client) => {
    const provider = new SecretsProvider({ awsSdkV3Client: client });
    return () => provider.get(NAME, { transform: 'json' });
  },
  'get()': (client) => {
    const provider = new RotatingSecretsProvider({ awsSdkV3Client: client });
    return () => provider.get(NAME, { transform: 'json' });
  },
  'middy’s secrets-manager': (client) => {
    const options = {
      AwsClient: function made() {
        return client;
      } as unknown as typeof SecretsManagerClient,
      fetchData: { secret: NAME },
      setToContext: true,
      // Its cache is the process's own, so that each round needs a key that is unused.
      cacheKey: randomUUID(),
      // Else it would fetch when it is made, before the clock runs.
      disablePrefetch: true,
    } as const;
    const handler = middy()
      .use(secretsManager(options))
      .handler((_event, context) => context.secret);
    return () => handler({}, {} as never) as Promise<unknown>;
  },
  'a bare client': (client) => async () => {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: NAME }));
    return JSON.parse(SecretString);
  },
};

/**
 * So many reads at once that find nothing cached, over HTTP with the SDK's own client and its 50 sockets. Medians over
 * rounds in which every reader has its turn.
 */
export async function measureColdStampede(rounds = 9, reads = 100): Promise<ColdStampede[]> {
  const cloud = await createCloud({ services: [createSecretsManagerService], log: () => undefined });
  const client = new SecretsManagerClient({
    region: cloud.region,
    endpoint: cloud.endpointUrl,
    credentials: cloud.administrator,
  });
  try {
    await client.send(new CreateSecretCommand({ Name: NAME, SecretString: JSON.stringify({ password: 'x' }) }));
    const measured = new Map(Object.keys(readers).map((name) => [name, [] as { calls: number; time: number }[]]));
    for (let round = -2; round < rounds; round += 1) {
      for (const [name, reader] of Object.entries(readers)) {
        const one = await stampede(cloud, reader(client), reads);
        // The first rounds open the connections.
        if (round >= 0) measured.get(name)?.push(one);
      }
    }
    const medians = [...measured].map(([name, all]) => ({
      name,
      reads,
      calls: median(all.map(({ calls }) => calls)),
      milliseconds: median(all.map(({ time }) => time)),
    }));
    const peer = medians[0]?.milliseconds ?? Number.NaN;
    return medians.map((one) => ({ ...one, ratio: one.milliseconds / peer }));
  } finally {
    client.destroy();
    await cloud.close();
  }
}

async function stampede(cloud: RunningCloud, read: () => Promise<unknown>, reads: number) {
  let calls = 0;
  const stop = cloud.recorder.subscribe(({ operation }) => {
    if (operation === 'GetSecretValue') calls += 1;
  });
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: reads }, read));
  const time = performance.now() - startedAt;
  stop();
  return { calls, time };
}
