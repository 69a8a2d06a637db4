import { setTimeout as pause } from 'node:timers/promises';
import { RotatingPool } from '../../consumer/pool.ts';
import { RotatingSecretsProvider } from '../../consumer/rotating-secrets-provider.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/single';
const ROTATIONS = 5;

beforeAll(async () => {
  laptop = await Laptop.start();
  const value = await laptop.createLogin(SECRET);
  await laptop.query(value, 'CREATE TABLE ledger (id serial PRIMARY KEY)');
}, 120_000);
afterAll(() => laptop?.close());

/** One environment of a function: a pool of its own on a provider of its own, with a cache that never expires here. */
function environment() {
  const provider = new RotatingSecretsProvider({
    awsSdkV3Client: laptop.secrets,
    maxAgeSeconds: 3_600,
    refetchCooldownSeconds: 0.05,
    observe: () => undefined,
  });
  // Each statement has a connection of its own, as in functions that are called rarely.
  return new RotatingPool({ secretId: SECRET, provider, max: 2, maxUses: 1, ssl: laptop.tls() });
}

test('one login, rotated in place under load: no statement fails with the healing pool', async () => {
  const environments = Array.from({ length: 4 }, environment);
  const failures: string[] = [];
  let statements = 0;
  let stopped = false;
  const clients = environments.map(async (pool) => {
    while (!stopped) {
      statements += 1;
      await pool
        .query('INSERT INTO ledger DEFAULT VALUES')
        .catch((error) => failures.push(`${error.code} ${error.message}`));
      await pause(5);
    }
  });
  try {
    for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
      const before = await laptop.value(SECRET);
      expect(await laptop.executions.rotate(SECRET)).toMatchObject({ status: 'SUCCEEDED' });
      await laptop.rest(SECRET);
      expect((await laptop.value(SECRET)).password).not.toBe(before.password);
    }
  } finally {
    stopped = true;
    await Promise.all(clients);
    await Promise.all(environments.map((pool) => pool.end()));
  }
  console.log(`${SECRET}: ${statements} statements through ${ROTATIONS} rotations, ${failures.length} failed`);
  expect(failures).toEqual([]);
  expect(statements).toBeGreaterThan(100);
  const [{ count }] = await laptop.query(await laptop.value(SECRET), 'SELECT count(*)::int FROM ledger');
  expect(count).toBe(statements);
});
