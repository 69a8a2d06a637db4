import { randomUUID } from 'node:crypto';
import { RotatingSecretsProvider, withFreshSecrets } from '../../../packages/consumer/index.ts';
import { RotatingPool } from '../../../packages/consumer/pool.ts';

export interface Request {
  readonly login: 'notified' | 'recycled';
}

/** What one request saw. */
export interface Response {
  readonly environmentId: string;
  /** The version whose login it ran as. */
  readonly versionId: string | undefined;
  /** When this environment was refused since its last answer, in milliseconds since 1970. */
  readonly refusedAt: readonly number[];
}

const environmentId = randomUUID();
const refusedAt: number[] = [];
const provider = new RotatingSecretsProvider({
  maxAgeSeconds: 3_600,
  observe: ({ event }) => {
    if (event === 'connection-retried') refusedAt.push(Date.now());
  },
});

/** Each connection serves a few requests, so that every environment logs in again and again. */
const pool = (secretId: string | undefined) =>
  new RotatingPool({ secretId: secretId ?? '', provider, max: 1, maxUses: 5, healMilliseconds: 15_000 });
const pools = {
  notified: pool(process.env.NOTIFIED_SECRET_ARN),
  recycled: pool(process.env.RECYCLED_SECRET_ARN),
};

/** An application's request: a statement long enough that requests sent together need an environment each. */
export const handler = withFreshSecrets(async ({ login }: Request): Promise<Response> => {
  const client = await pools[login].connect();
  try {
    await client.query('SELECT pg_sleep(0.03)');
    const versionId = pools[login].versionOf(client);
    return { environmentId, versionId, refusedAt: refusedAt.splice(0) };
  } finally {
    client.release();
  }
});
