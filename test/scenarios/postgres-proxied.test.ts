import { eventually } from '../eventually.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/proxied';

beforeAll(async () => {
  laptop = await Laptop.start({ proxyLosesRoleSettings: true });
  await laptop.createLogin(SECRET);
}, 120_000);
afterAll(() => laptop?.close());

const proxy = () => ({ host: laptop.outputs.ProxyEndpoint as string });

async function rotateToTheEnd(): Promise<{ versionId: string; sequence: number }> {
  const { sequence } = laptop.cloud.recorder.calls({}).at(-1) as { sequence: number };
  const rotation = await laptop.executions.rotate(SECRET);
  expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
  await eventually('the end of the grace period', async () =>
    (await laptop.labels(SECRET)).KEYTURN_IN_FLIGHT === undefined ? true : undefined,
  );
  return { versionId: JSON.parse(rotation.output ?? '').versionId, sequence };
}

test('through a proxy that loses role settings, what either login creates is workable by the other', async () => {
  await laptop.query(await laptop.value(SECRET), 'CREATE TABLE kept (id int)', proxy());
  for (let rotation = 1; rotation <= 6; rotation += 1) {
    await rotateToTheEnd();
    const value = await laptop.value(SECRET);
    expect(value.username).toBe(rotation % 2 === 1 ? 'fronted_clone' : 'fronted');
    await laptop.query(
      value,
      `CREATE TABLE of_${rotation} (id int); ALTER TABLE kept ADD COLUMN c${rotation} int; ${rotation > 1 ? `DROP TABLE of_${rotation - 1}` : 'SELECT 1'}`,
      proxy(),
    );
  }
  await rotateToTheEnd();
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
    await rotateToTheEnd();
    const value = await laptop.value(SECRET);
    expect(await laptop.query(value, 'SELECT count(*)::int AS n FROM of_the_administrator')).toEqual([{ n: 0 }]);
    expect(await laptop.query(value, 'SHOW statement_timeout')).toEqual([{ statement_timeout: '4321ms' }]);
  }
});

test('a rotation makes three writes and one more, to the secret of the proxy’s login', async () => {
  const { sequence } = await rotateToTheEnd();
  const writes = laptop.cloud.recorder
    .calls({ service: 'secretsmanager', afterSequence: sequence, principal: 'Rotatepostgres' })
    .filter(({ operation }) => ['PutSecretValue', 'UpdateSecretVersionStage', 'UpdateSecret'].includes(operation));
  expect(writes.map(({ operation }) => operation)).toEqual([
    'PutSecretValue',
    'PutSecretValue',
    'UpdateSecretVersionStage',
    'UpdateSecretVersionStage',
  ]);
});
