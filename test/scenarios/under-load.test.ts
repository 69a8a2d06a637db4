import { eventually } from '../eventually.ts';
import { byExtent } from '../extent.ts';
import { Laptop } from './lab/laptop.ts';
import { Traffic } from './lab/traffic.ts';

let laptop: Laptop;
const ROTATIONS = byExtent({ short: 2, wide: 4, long: 4 });
/** Between the requests of each client; with five they take all that a machine has. */
const pauseMilliseconds = byExtent({ short: 30, wide: 5, long: 5 });

beforeAll(async () => {
  // A grace period of two minutes passes in 2.4 seconds, longer than the clients keep a value.
  laptop = await Laptop.start({ stateMachineTimeScale: 0.02 });
}, 120_000);
afterAll(() => laptop?.close());

async function rotateToTheEnd(secretId: string): Promise<void> {
  const rotation = await laptop.executions.rotate(secretId);
  expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
  await eventually('the end of the grace period', async () =>
    (await laptop.labels(secretId)).KEYTURN_IN_FLIGHT === undefined ? true : undefined,
  );
}

describe.each([
  ['directly', 'lab/alternating', () => undefined],
  ['through the proxy endpoint', 'lab/proxied', () => ({ host: laptop.outputs.ProxyEndpoint as string })],
])('clients that open a new connection for each request, %s', (_, secretId, address) => {
  test('see no failed request through rotations of alternating users', async () => {
    const value = await laptop.createLogin(secretId);
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
      for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
        await rotateToTheEnd(secretId);
        users.add((await laptop.value(secretId)).username);
      }
    } finally {
      await traffic.stop();
    }
    const { requests, failures } = await traffic.stop();
    console.log(`${secretId}: ${requests} requests through ${ROTATIONS} rotations, ${failures.length} failed`);
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    expect(users.size).toBe(2);
    await laptop.query(await laptop.value(secretId), 'DROP TABLE traffic');
  });
});
