import { eventually } from '../eventually.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/superuser';

beforeAll(async () => {
  laptop = await Laptop.start();
}, 120_000);
afterAll(() => laptop?.close());

test('the superuser is rotated through the RDS API, which applies it a while after it has answered', async () => {
  const before = await laptop.value(SECRET);
  expect(await laptop.executions.rotate(SECRET)).toMatchObject({ status: 'SUCCEEDED' });
  const after = await laptop.value(SECRET);
  expect(after.username).toBe(before.username);
  expect(after.password).not.toBe(before.password);
  expect(await laptop.query(after, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await expect(laptop.query(before, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  const modify = laptop.cloud.recorder.calls({ service: 'rds', operation: 'ModifyDBInstance' });
  expect(modify.map(({ outcome }) => outcome)).toEqual(['ok']);
});

test('a failed check puts the password of before back through the RDS API', async () => {
  await eventually('the end of the grace period', async () =>
    (await laptop.labels(SECRET)).KEYTURN_IN_FLIGHT === undefined ? true : undefined,
  );
  const before = await laptop.value(SECRET);
  await laptop.gate(SECRET, `open-for:${(await laptop.labels(SECRET)).AWSCURRENT}`);
  expect(await laptop.executions.rotate(SECRET)).toMatchObject({ status: 'FAILED', error: 'RotationRolledBack' });
  expect(await laptop.value(SECRET)).toEqual(before);
  expect(await laptop.query(before, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
