import { Laptop, type Value } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/alternating';

beforeAll(async () => {
  laptop = await Laptop.start();
  await laptop.createLogin(SECRET);
}, 120_000);
afterAll(() => laptop?.close());

/** Rotates and waits until the previous credential has been retired, so that the next rotation may begin. */
async function rotateToTheEnd(): Promise<Value> {
  const rotation = await laptop.executions.rotate(SECRET);
  expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
  const { versionId } = JSON.parse(rotation.output ?? '');
  const retirement = await laptop.executions.ofVersion('retire-credential', versionId);
  expect(retirement).toMatchObject({ status: 'SUCCEEDED' });
  return laptop.value(SECRET);
}

test('the first rotation creates the second login; ten alternate, and each login works on what the other made', async () => {
  const first = await laptop.value(SECRET);
  await laptop.query(first, 'CREATE TABLE made_before (id int)');
  for (let rotation = 1; rotation <= 10; rotation += 1) {
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
