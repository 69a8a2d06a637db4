import { fileURLToPath } from 'node:url';
import { DEFAULT_PROVIDERS } from '@aws-lambda-powertools/parameters/base';
import { getSecret, SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middy from '@middy/core';
import secretsManager from '@middy/secrets-manager';
import { RotatingSecretsProvider } from '../packages/consumer/rotating-secrets-provider.ts';
import { median } from './statistics.ts';

/** One way to read a parsed secret that is warm. */
interface Contender {
  readonly name: string;
  /** Reads `count` times and answers something of what was read, so that nothing is optimised away. */
  read(count: number): unknown | Promise<unknown>;
}

export interface CachedRead {
  readonly name: string;
  readonly nanoseconds: number;
  /** Against Powertools' getSecret in the same run. */
  readonly ratio: number;
}

const NAME = 'app/db';
const HOUR_SECONDS = 3_600;
const value = JSON.stringify({ engine: 'postgres', host: 'db.example', username: 'app', password: 'x', port: 5432 });

/** Answers every call with the same value: what is measured is the cache before it. */
const client = {
  config: { serviceId: 'Secrets Manager' },
  middlewareStack: { identify: () => [], addRelativeTo: () => undefined, use: () => undefined },
  send: async () => ({ SecretString: value, VersionId: 'v1' }),
} as unknown as SecretsManagerClient;

/** middy makes its client itself, of the class that it is given. */
const Client = class {
  send = client.send;
} as unknown as typeof SecretsManagerClient;

/**
 * middy's reader fetches before the handler runs, and the handler finds the parsed value in its context. So a read is a
 * run of the handler: middy's own turn is in it, its timer for Lambda's time-out is not. `fetchBefore` is the middleware alone.
 * https://middy.js.org/docs/middlewares/secrets-manager
 */
function middyReaders() {
  const options = { AwsClient: Client, fetchData: { database: NAME }, setToContext: true } as const;
  const middleware = secretsManager(options);
  const handler = middy()
    .use(middleware)
    .handler((_event, context) => context.database);
  const fetchBefore = middleware.before as unknown as (request: object) => Promise<void>;
  return {
    invoke: () => handler({}, {} as never) as Promise<unknown>,
    fetchBefore: async () => {
      const request = { internal: {}, context: {} as { database?: unknown } };
      await fetchBefore(request);
      return request.context.database;
    },
  };
}

async function contenders(): Promise<Contender[]> {
  const ours = new RotatingSecretsProvider({ awsSdkV3Client: client, maxAgeSeconds: HOUR_SECONDS });
  await ours.get(NAME);
  DEFAULT_PROVIDERS.secrets = new SecretsProvider({ awsSdkV3Client: client });
  // With its age given Powertools need not look into the environment each time: the faster way to use it.
  const options = { transform: 'json', maxAge: HOUR_SECONDS } as const;
  await getSecret(NAME, options);
  const fromMiddy = middyReaders();
  const map = new Map([[NAME, JSON.parse(value)]]);
  const awaited = (read: () => Promise<unknown>) => async (count: number) => {
    let last: unknown;
    for (let i = 0; i < count; i += 1) last = await read();
    return last;
  };
  const direct = (read: () => unknown) => (count: number) => {
    let last: unknown;
    for (let i = 0; i < count; i += 1) last = read();
    return last;
  };
  return [
    { name: 'Powertools getSecret()', read: awaited(() => getSecret(NAME, options)) },
    { name: 'get()', read: awaited(() => ours.get(NAME, { transform: 'json' })) },
    { name: 'current()', read: direct(() => ours.current(NAME, 'json')) },
    {
      name: 'current(), one read a turn of the event loop',
      read: awaited(() => Promise.resolve(ours.current(NAME, 'json'))),
    },
    { name: 'middy’s secrets-manager, the handler’s whole run', read: awaited(fromMiddy.invoke) },
    { name: 'middy’s secrets-manager, its before() alone', read: awaited(fromMiddy.fetchBefore) },
    { name: 'a bare Map', read: direct(() => map.get(NAME)) },
  ];
}

/** Medians over rounds in which every contender has its turn, so that what disturbs one disturbs all. */
export async function measureCachedReads(rounds = 15, readsARound = 40_000): Promise<CachedRead[]> {
  const all = await contenders();
  const times = new Map(all.map(({ name }) => [name, [] as number[]]));
  for (let round = -2; round < rounds; round += 1) {
    for (const { name, read } of all) {
      const startedAt = process.hrtime.bigint();
      await read(readsARound);
      const nanoseconds = Number(process.hrtime.bigint() - startedAt) / readsARound;
      // The first rounds are for the compiler.
      if (round >= 0) times.get(name)?.push(nanoseconds);
    }
  }
  const medians = all.map(({ name }) => ({ name, nanoseconds: median(times.get(name) ?? []) }));
  const peer = medians[0]?.nanoseconds ?? Number.NaN;
  return medians.map(({ name, nanoseconds }) => ({ name, nanoseconds, ratio: nanoseconds / peer }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Enough to hold a bound by, not to write figures down.
  const results = await (process.argv.includes('--quick') ? measureCachedReads(5, 20_000) : measureCachedReads());
  if (process.argv.includes('--json')) console.log(JSON.stringify(results));
  else {
    for (const { name, nanoseconds, ratio } of results) {
      console.log(`${name.padEnd(50)} ${nanoseconds.toFixed(1).padStart(8)} ns ${ratio.toFixed(3).padStart(8)}`);
    }
  }
}
