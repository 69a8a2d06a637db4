import { ApiKeyAcceptor } from '../../../packages/consumer/api-key-acceptor.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { environment, makeSecret, putSecret, reads, startStores } from './laptop.ts';

let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startStores();
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

const ring = (previous: string, current: string, next: string, until: number) =>
  JSON.stringify({
    api_key: current,
    next_api_key: next,
    previous_api_key: previous,
    previous_api_key_until: new Date(until).toISOString(),
  });

async function acceptor(value: string, more: object = {}) {
  await makeSecret(cloud, 'app/issued', value);
  const { provider, clock } = environment(cloud, { maxAgeSeconds: 3_600 });
  return { keys: new ApiKeyAcceptor({ secretId: 'app/issued', provider, now: () => clock.now, ...more }), clock };
}

test('current, next, and the previous until its time; nothing else', async () => {
  const until = Date.now() + 60_000;
  const { keys, clock } = await acceptor(ring('k1', 'k2', 'k3', until));
  for (const key of ['k1', 'k2', 'k3']) expect(await keys.accepts(key)).toBe(true);
  for (const key of ['', 'k4', 'k', 'undefined']) expect(await keys.accepts(key)).toBe(false);
  clock.now = until;
  expect(await keys.accepts('k1')).toBe(false);
  expect(await keys.accepts('k2')).toBe(true);
});

test('a key that was issued since is found by one read; a flood of made-up ones reads once in a cooldown', async () => {
  const { keys, clock } = await acceptor(ring('k1', 'k2', 'k3', 0));
  expect(await keys.accepts('k2')).toBe(true);
  await putSecret(cloud, 'app/issued', ring('k2', 'k9', 'k10', 0));
  expect(await keys.accepts('k9')).toBe(true);
  expect(reads(cloud)).toBe(2);
  for (let i = 0; i < 50; i += 1) {
    clock.now += 100;
    expect(await keys.accepts(`made-up-${i}`)).toBe(false);
  }
  expect(reads(cloud)).toBeLessThanOrEqual(4);
});

test('a plain key, and one at a place of its own', async () => {
  const { keys } = await acceptor('k1\n');
  expect([await keys.accepts('k1'), await keys.accepts('k2')]).toEqual([true, false]);
  await cloud.reset();
  const nested = await acceptor('{"issued":{"key":"k1"}}', { keyPointer: '/issued/key' });
  expect(await nested.keys.accepts('k1')).toBe(true);
});

test.each([undefined, null, '', 7, {}])('a caller that presents %p is refused', async (presented) => {
  const { keys } = await acceptor('k1');
  expect(await keys.accepts(presented as never)).toBe(false);
});

test.each([
  '',
  '  \n',
  '{"api_key":""}',
  '{"api_key":"  "}',
  '{"issued":{"key":"k1"}}',
])('a secret that holds %p and so no key is an error, not a key that callers lack', async (value) => {
  const { keys } = await acceptor(value === '' ? ' ' : value);
  for (const presented of ['', 'k1']) {
    await expect(keys.accepts(presented)).rejects.toMatchObject({ code: 'SecretMalformedError' });
  }
});

test.each(['api_key', 'apiKey', 'key', 'token'])('the key is found under %s, as getApiKey finds it', async (field) => {
  const { keys } = await acceptor(JSON.stringify({ [field]: 'k1' }));
  expect([await keys.accepts('k1'), await keys.accepts('k2')]).toEqual([true, false]);
});
