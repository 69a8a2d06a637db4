import { setTimeout as pause } from 'node:timers/promises';
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { RotatingPool } from '../packages/consumer/pool.ts';
import { RotatingSecretsProvider } from '../packages/consumer/rotating-secrets-provider.ts';
import { connect, documentedSecret, ourSecret, type Strategy, type World, withWorld } from './database-world.ts';
import type { Login } from './documented-rotation.ts';

export interface FailedRequests {
  readonly situation: string;
  readonly pipeline: string;
  readonly rotations: number;
  readonly secondsBetween: number;
  readonly requests: number;
  readonly failed: number;
  readonly failedShare: number;
}

interface Situation {
  readonly situation: string;
  readonly strategy: Strategy;
  readonly secondsBetween: number;
  /** How long readers keep a value. Missing: each library's default. */
  readonly maxAgeSeconds?: number;
}

interface Contestant {
  readonly pipeline: string;
  rotate(): Promise<void>;
  /** One request on a connection of its own. */
  request(): Promise<unknown>;
  end(): Promise<void>;
}

const PAUSE_MILLISECONDS = 40;
const CLIENTS = 4;
const HOUR_SECONDS = 3_600;

/** Powertools keeps a value for five seconds by default. */
export const situations: readonly Situation[] = [
  { situation: 'single user', strategy: 'single-user', secondsBetween: 6 },
  { situation: 'alternating users', strategy: 'alternating-users', secondsBetween: 6 },
  {
    situation: 'alternating users, rotations closer than caches are old',
    strategy: 'alternating-users',
    secondsBetween: 2,
  },
  {
    situation: 'alternating users, a value kept for an hour',
    strategy: 'alternating-users',
    secondsBetween: 6,
    maxAgeSeconds: HOUR_SECONDS,
  },
];

/** AWS's documented rotation, read by Powertools. */
async function documented(world: World, { strategy, maxAgeSeconds }: Situation): Promise<Contestant> {
  const secret = await documentedSecret(world, strategy);
  const provider = new SecretsProvider({ awsSdkV3Client: world.laptop.secrets });
  const options = { transform: 'json', ...(maxAgeSeconds && { maxAge: maxAgeSeconds }) } as const;
  return {
    pipeline: "AWS's documented rotation, Powertools",
    rotate: secret.rotate,
    async request() {
      const client = await connect(world, (await provider.get(secret.arn, options)) as unknown as Login);
      await client.query('SELECT 1').finally(() => client.end());
    },
    end: async () => undefined,
  };
}

/** Keyturn's rotation, read by its pool. */
async function ours(world: World, { strategy, maxAgeSeconds }: Situation): Promise<Contestant> {
  const secret = await ourSecret(world, strategy);
  const provider = new RotatingSecretsProvider({
    awsSdkV3Client: world.laptop.secrets,
    observe: () => undefined,
    ...(maxAgeSeconds && { maxAgeSeconds }),
  });
  const ssl = { ca: world.server.caPem };
  const pool = new RotatingPool({ secretId: secret.arn, provider, max: CLIENTS, maxUses: 1, ssl });
  return {
    pipeline: "Keyturn's rotation, its pool",
    rotate: secret.rotate,
    request: () => pool.query('SELECT 1'),
    end: () => pool.end(),
  };
}

async function run(contestant: Contestant, { situation, secondsBetween }: Situation, rotations: number) {
  let [requests, failed] = [0, 0];
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!isOver) {
      requests += 1;
      // What is counted is what a caller of the application sees.
      await contestant.request().catch(() => {
        failed += 1;
      });
      await pause(PAUSE_MILLISECONDS);
    }
  });
  for (let rotation = 0; rotation < rotations; rotation += 1) {
    await pause(secondsBetween * 1000);
    await contestant.rotate();
  }
  await pause(secondsBetween * 1000);
  isOver = true;
  await Promise.all(clients);
  await contestant.end();
  const { pipeline } = contestant;
  return { situation, pipeline, rotations, secondsBetween, requests, failed, failedShare: failed / requests };
}

/** The same load through the same number of rotations, both pipelines at the same time on one PostgreSQL. */
export async function measureFailedRequests(rotations = 5, only = situations): Promise<FailedRequests[]> {
  return withWorld(async (world) => {
    const results: FailedRequests[] = [];
    for (const situation of only) {
      const contestants = [await documented(world, situation), await ours(world, situation)];
      results.push(...(await Promise.all(contestants.map((contestant) => run(contestant, situation, rotations)))));
    }
    return results;
  });
}
