import { setTimeout as pause } from 'node:timers/promises';
import { RotatingPool } from '../../consumer/pool.ts';
import { RotatingSecretsProvider } from '../../consumer/rotating-secrets-provider.ts';
import { eventually } from '../eventually.ts';
import { byExtent } from '../extent.ts';
import { Laptop, type Value } from './lab/laptop.ts';

const [ALTERNATING, SINGLE, SUPERUSER] = ['lab/alternating', 'lab/single', 'lab/superuser'];
const ALTERNATIONS = byExtent({ short: 4, wide: 10, long: 10 });
const ROTATIONS = 5;

let laptop: Laptop;
beforeAll(async () => {
  laptop = await Laptop.start();
  await laptop.createLogin(ALTERNATING);
  await laptop.query(await laptop.createLogin(SINGLE), 'CREATE TABLE ledger (id serial PRIMARY KEY)');
}, 120_000);
afterAll(() => laptop?.close());

/** Rotates and waits until the previous credential has been retired, so that the next rotation may begin. */
async function rotateToTheEnd(): Promise<Value> {
  const rotation = await laptop.executions.rotate(ALTERNATING);
  expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
  const { versionId } = JSON.parse(rotation.output ?? '');
  const retirement = await laptop.executions.ofVersion('retire-credential', versionId);
  expect(retirement).toMatchObject({ status: 'SUCCEEDED' });
  return laptop.value(ALTERNATING);
}

test(`the first rotation creates the second login; ${ALTERNATIONS} alternate, and each login works on what the other made`, async () => {
  const first = await laptop.value(ALTERNATING);
  await laptop.query(first, 'CREATE TABLE made_before (id int)');
  for (let rotation = 1; rotation <= ALTERNATIONS; rotation += 1) {
    const value = await rotateToTheEnd();
    expect(value.username).toBe(rotation % 2 === 1 ? 'app_clone' : 'app');
    const rows = await laptop.query(
      value,
      `ALTER TABLE made_before ADD COLUMN r${rotation} int; CREATE TABLE made_by_${rotation} (id int);
       ${rotation > 1 ? `DROP TABLE made_by_${rotation - 1};` : ''} SELECT current_user::text AS owner`,
    );
    expect(rows).toEqual([{ owner: 'app' }]);
  }
  const owners = await laptop.query(
    await laptop.value('lab/superuser'),
    "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename LIKE 'made%'",
  );
  expect(owners).toEqual([{ tableowner: 'app' }]);
}, 240_000);

describe('the superuser', () => {
  test('the superuser is rotated through the RDS API, which applies it a while after it has answered', async () => {
    const before = await laptop.value(SUPERUSER);
    expect(await laptop.executions.rotate(SUPERUSER)).toMatchObject({ status: 'SUCCEEDED' });
    const after = await laptop.value(SUPERUSER);
    expect(after.username).toBe(before.username);
    expect(after.password).not.toBe(before.password);
    expect(await laptop.query(after, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(laptop.query(before, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    const modify = laptop.cloud.recorder.calls({ service: 'rds', operation: 'ModifyDBInstance' });
    expect(modify.map(({ outcome }) => outcome)).toEqual(['ok']);
  });

  test('a failed check puts the password of before back through the RDS API', async () => {
    await eventually('the end of the grace period', async () =>
      (await laptop.labels(SUPERUSER)).KEYTURN_IN_FLIGHT === undefined ? true : undefined,
    );
    const before = await laptop.value(SUPERUSER);
    await laptop.gate(SUPERUSER, `open-for:${(await laptop.labels(SUPERUSER)).AWSCURRENT}`);
    expect(await laptop.executions.rotate(SUPERUSER)).toMatchObject({ status: 'FAILED', error: 'RotationRolledBack' });
    expect(await laptop.value(SUPERUSER)).toEqual(before);
    expect(await laptop.query(before, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

/** One environment of a function: a pool of its own on a provider of its own, with a cache that never expires here. */
function environment() {
  const provider = new RotatingSecretsProvider({
    awsSdkV3Client: laptop.secrets,
    maxAgeSeconds: 3_600,
    refetchCooldownSeconds: 0.05,
    observe: () => undefined,
  });
  // Each statement has a connection of its own, as in functions that are called rarely.
  return new RotatingPool({ secretId: SINGLE, provider, max: 2, maxUses: 1, ssl: laptop.tls() });
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
      await pause(byExtent({ short: 15, wide: 5, long: 5 }));
    }
  });
  try {
    for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
      const before = await laptop.value(SINGLE);
      expect(await laptop.executions.rotate(SINGLE)).toMatchObject({ status: 'SUCCEEDED' });
      await laptop.rest(SINGLE);
      expect((await laptop.value(SINGLE)).password).not.toBe(before.password);
    }
  } finally {
    stopped = true;
    await Promise.all(clients);
    await Promise.all(environments.map((pool) => pool.end()));
  }
  console.log(`${SINGLE}: ${statements} statements through ${ROTATIONS} rotations, ${failures.length} failed`);
  expect(failures).toEqual([]);
  expect(statements).toBeGreaterThan(100);
  const [{ count }] = await laptop.query(await laptop.value(SINGLE), 'SELECT count(*)::int FROM ledger');
  expect(count).toBe(statements);
});
