import { setTimeout as pause } from 'node:timers/promises';
import { RotatingPool } from '../../packages/consumer/pool.ts';
import { RotatingSecretsProvider } from '../../packages/consumer/rotating-secrets-provider.ts';
import { findLeaks } from '../../packages/laptop/leaks/find-leaks.ts';
import type { RdsService } from '../../packages/laptop/services/rds/service.ts';
import { byExtent } from '../extent.ts';
import { Laptop, type Value } from './lab/laptop.ts';
import { Traffic } from './lab/traffic.ts';

const [ALTERNATING, SINGLE, SUPERUSER, PROXIED] = ['lab/alternating', 'lab/single', 'lab/superuser', 'lab/proxied'];
const ALTERNATIONS = byExtent({ short: 4, wide: 10, long: 10 });
const ROTATIONS = 5;
const ROTATIONS_UNDER_LOAD = byExtent({ short: 2, wide: 4, long: 4 });
/** Between the requests of each client; with five they take all that a machine has. */
const pauseMilliseconds = byExtent({ short: 30, wide: 5, long: 5 });

let laptop: Laptop;
beforeAll(async () => {
  laptop = await Laptop.start();
  await laptop.createLogin(ALTERNATING);
  await laptop.createLogin(PROXIED);
  await laptop.query(await laptop.createLogin(SINGLE), 'CREATE TABLE ledger (id serial PRIMARY KEY)');
}, 120_000);
afterAll(() => laptop?.close());

const proxy = () => ({ host: laptop.outputs.ProxyEndpoint as string });

/** Rotates and waits until the previous credential has been retired, so that the next rotation may begin. */
async function rotateToTheEnd(secretId: string): Promise<Value> {
  const rotation = await laptop.executions.rotate(secretId);
  expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
  const { versionId } = JSON.parse(rotation.output ?? '');
  const retirement = await laptop.executions.ofVersion('retire-credential', versionId);
  expect(retirement).toMatchObject({ status: 'SUCCEEDED' });
  await laptop.endOfGracePeriod(secretId);
  return laptop.value(secretId);
}

const WRITES = ['PutSecretValue', 'UpdateSecretVersionStage', 'UpdateSecret'];
/** What is recorded from here on has a greater one. */
const lastSequence = () => laptop.cloud.recorder.calls({}).at(-1)?.sequence as number;

test(`the first rotation creates the second login; ${ALTERNATIONS} alternate, and each login works on what the other made`, async () => {
  const first = await laptop.value(ALTERNATING);
  await laptop.query(first, 'CREATE TABLE made_before (id int)');
  for (let rotation = 1; rotation <= ALTERNATIONS; rotation += 1) {
    const value = await rotateToTheEnd(ALTERNATING);
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
    await laptop.endOfGracePeriod(SUPERUSER);
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

describe('behind a proxy that loses role settings', () => {
  test('what either login creates is workable by the other', async () => {
    await laptop.query(await laptop.value(PROXIED), 'CREATE TABLE kept (id int)', proxy());
    for (let rotation = 1; rotation <= ALTERNATIONS; rotation += 1) {
      const value = await rotateToTheEnd(PROXIED);
      expect(value.username).toBe(rotation % 2 === 1 ? 'fronted_clone' : 'fronted');
      await laptop.query(
        value,
        `CREATE TABLE of_${rotation} (id int); ALTER TABLE kept ADD COLUMN c${rotation} int; ${rotation > 1 ? `DROP TABLE of_${rotation - 1}` : 'SELECT 1'}`,
        proxy(),
      );
    }
    await rotateToTheEnd(PROXIED);
    const owners = await laptop.query(
      await laptop.value('lab/superuser'),
      "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename = 'kept' OR tablename LIKE 'of%'",
    );
    expect(owners).toEqual([{ tableowner: 'fronted' }]);
  });

  test('grants and role settings that were given between rotations reach both logins', async () => {
    const administrator = await laptop.value('lab/superuser');
    await laptop.query(
      administrator,
      `CREATE ROLE readers; CREATE TABLE of_the_administrator (id int); GRANT SELECT ON of_the_administrator TO readers;
       GRANT readers TO fronted; ALTER ROLE fronted SET statement_timeout = '4321ms'`,
    );
    for (let rotation = 1; rotation <= 2; rotation += 1) {
      const value = await rotateToTheEnd(PROXIED);
      expect(await laptop.query(value, 'SELECT count(*)::int AS n FROM of_the_administrator')).toEqual([{ n: 0 }]);
      expect(await laptop.query(value, 'SHOW statement_timeout')).toEqual([{ statement_timeout: '4321ms' }]);
    }
  });

  test('a rotation makes three writes and one more, to the secret of the proxy’s login', async () => {
    const afterSequence = lastSequence();
    await rotateToTheEnd(PROXIED);
    const writes = laptop.cloud.recorder
      .calls({ service: 'secretsmanager', afterSequence, principal: 'Rotatepostgres' })
      .filter(({ operation }) => WRITES.includes(operation));
    expect(writes.map(({ operation }) => operation)).toEqual([
      'PutSecretValue',
      'PutSecretValue',
      'UpdateSecretVersionStage',
      'UpdateSecretVersionStage',
    ]);
  });
});

describe.each([
  ['directly', ALTERNATING, () => undefined],
  ['through the proxy endpoint', PROXIED, proxy],
])('clients that open a new connection for each request, %s', (_, secretId, address) => {
  // A grace period of two minutes passes in 2.4 seconds, longer than the clients keep a value.
  let before: number;
  beforeAll(() => {
    before = laptop.cloud.settings.stateMachineTimeScale;
    laptop.cloud.settings.stateMachineTimeScale = 0.02;
  });
  afterAll(() => {
    laptop.cloud.settings.stateMachineTimeScale = before;
  });

  test('see no failed request through rotations of alternating users', async () => {
    const value = await laptop.value(secretId);
    await laptop.query(value, 'CREATE TABLE IF NOT EXISTS traffic (at timestamptz DEFAULT now())');
    await laptop.query(value, 'DROP TABLE traffic; CREATE TABLE traffic (at timestamptz DEFAULT now())');
    const traffic = new Traffic(laptop, secretId, {
      clients: 4,
      maxAgeMilliseconds: 800,
      pauseMilliseconds,
      at: address(),
    });
    const users = new Set<string>();
    try {
      for (let rotation = 1; rotation <= ROTATIONS_UNDER_LOAD; rotation += 1) {
        users.add((await rotateToTheEnd(secretId)).username);
      }
    } finally {
      await traffic.stop();
    }
    const { requests, failures } = await traffic.stop();
    console.log(
      `${secretId}: ${requests} requests through ${ROTATIONS_UNDER_LOAD} rotations, ${failures.length} failed`,
    );
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    expect(users.size).toBe(2);
    await laptop.query(await laptop.value(secretId), 'DROP TABLE traffic');
  });
});

describe('the figures of a rotation, with every statement logged', () => {
  /** Where the server's log stood when its logins had been made; before that, a deployment tries them in vain. */
  let begin = 0;
  const databaseLog = () => laptop.cloud.service<RdsService>('rds').postgres('lab').log();

  beforeAll(async () => {
    await laptop.rest(ALTERNATING);
    await laptop.logEveryStatement();
    begin = databaseLog().length;
  });

  function calls(secretName: string, afterSequence: number) {
    return laptop.cloud.recorder.calls({
      service: 'secretsmanager',
      resource: `:secret:${secretName}-`,
      afterSequence,
    });
  }

  test('one rotation makes exactly three writes to Secrets Manager: put, promote, close', async () => {
    await rotateToTheEnd(ALTERNATING);
    const sequence = lastSequence();
    await rotateToTheEnd(ALTERNATING);
    const writes = calls(ALTERNATING, sequence).filter(({ operation }) => WRITES.includes(operation));
    expect(writes.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
      'PutSecretValue ok',
      'UpdateSecretVersionStage ok',
      'UpdateSecretVersionStage ok',
    ]);
  });

  test('the rotation function, warm, makes at most nine calls to Secrets Manager in its four steps', async () => {
    const sequence = lastSequence();
    const rotation = await laptop.executions.rotate(ALTERNATING);
    const { versionId } = JSON.parse(rotation.output ?? '');
    const promoted = calls(ALTERNATING, sequence).findIndex(
      ({ operation }) => operation === 'UpdateSecretVersionStage',
    );
    const steps = laptop.cloud.recorder
      .calls({ service: 'secretsmanager', principal: 'Rotatepostgres', afterSequence: sequence })
      .slice(0, 1_000);
    const last = steps.findIndex(({ operation }) => operation === 'UpdateSecretVersionStage');
    const operations = steps.slice(0, last + 1).map(({ operation }) => operation);
    console.log(`calls of the rotation function in one rotation: ${operations.length} (${operations.join(', ')})`);
    expect(promoted).toBeGreaterThan(0);
    expect(operations.length).toBeGreaterThan(4);
    expect(operations.length).toBeLessThanOrEqual(9);
    await laptop.executions.ofVersion('retire-credential', versionId);
  });

  test('the database’s log holds no failed login and no password', async () => {
    const log = databaseLog().slice(begin);
    expect(log).toContain('statement: ');
    // Other logins of the lab are not there, and the audit finds that by trying.
    expect(log).not.toMatch(/password authentication failed for user "app(_clone)?"|no password supplied/);
  });

  test('no value is in any log, history, notice, table, variable or parameter', async () => {
    expect(await findLeaks(laptop.cloud)).toEqual([]);
  });

  test('the search for values would find one', async () => {
    const { password } = await laptop.value(ALTERNATING);
    const found = await findLeaks(laptop.cloud, { departures: [{ place: 'a line of a log', text: `as ${password}` }] });
    expect(found).toEqual([{ place: 'a line of a log', form: 0 }]);
  });
});
