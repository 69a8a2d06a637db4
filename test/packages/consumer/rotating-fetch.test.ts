import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RotatingFetchOptions, rotatingFetch } from '../../../packages/consumer/rotating-fetch.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { environment, makeSecret, putSecret, reads, startStores } from './laptop.ts';

let cloud: RunningCloud;
let vendor: Server;
let url: string;
/** Keys that the vendor accepts, and what it was asked. */
let accepted: string[];
let requests: { key: string | undefined; body: string; method: string | undefined; url: string | undefined }[];
let refusal = 401;

const textOf = async (request: IncomingMessage) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
};

beforeAll(async () => {
  cloud = await startStores();
  vendor = createServer(async (request, response) => {
    const key = request.headers['x-api-key']?.toString() ?? request.headers.authorization;
    requests.push({ key, body: await textOf(request), method: request.method, url: request.url });
    if (request.url === '/away') return response.writeHead(302, { location: `${url}/elsewhere` }).end();
    const isKnown = accepted.some((known) => key === known || key === `Bearer ${known}`);
    response.writeHead(isKnown ? 200 : refusal).end(isKnown ? 'welcome' : 'who are you?');
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
});
beforeEach(() => {
  accepted = ['one'];
  requests = [];
  refusal = 401;
});
afterEach(() => cloud.reset());
afterAll(async () => {
  await new Promise((resolve) => vendor.close(resolve));
  await cloud.close();
});

async function client(options: Partial<RotatingFetchOptions> = {}) {
  await makeSecret(cloud, 'app/key', 'one');
  const { provider, observations, clock } = environment(cloud, { maxAgeSeconds: 3_600 });
  const call = rotatingFetch({ secretId: 'app/key', provider, ...options });
  const rotate = () => {
    accepted = ['two'];
    return putSecret(cloud, 'app/key', 'two');
  };
  return { call, rotate, clock, observations };
}

test('carries the key; a refused one is exchanged for the newer one, once, and the body is sent again', async () => {
  const { call, rotate, observations } = await client();
  expect(await (await call(url)).text()).toBe('welcome');
  await rotate();
  const response = await call(`${url}/items`, { method: 'POST', body: 'an item' });
  expect([response.status, await response.text()]).toEqual([200, 'welcome']);
  expect(requests.slice(1).map(({ key, body, method }) => [key, body, method])).toEqual([
    ['Bearer one', 'an item', 'POST'],
    ['Bearer two', 'an item', 'POST'],
  ]);
  expect(observations.filter(({ event }) => event === 'request-retried')).toEqual([
    { event: 'request-retried', secretId: 'app/key', status: 401 },
  ]);
  await call(url);
  expect(reads(cloud)).toBe(2);
});

test('no newer key: the refusal is the caller’s, untouched, and one look is taken in a cooldown', async () => {
  const { call } = await client();
  await call(url);
  accepted = [];
  refusal = 403;
  for (let i = 0; i < 5; i += 1) {
    const response = await call(url);
    expect([response.status, await response.text()]).toEqual([403, 'who are you?']);
  }
  expect(requests).toHaveLength(6);
  expect(reads(cloud)).toBe(2);
});

test('a hundred refused requests at once share one look', async () => {
  const { call, rotate } = await client();
  await call(url);
  await rotate();
  const statuses = await Promise.all(Array.from({ length: 100 }, async () => (await call(url)).status));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(reads(cloud)).toBe(2);
});

test('a Request object keeps its method, headers and body through both tries', async () => {
  const { call, rotate } = await client();
  await call(url);
  await rotate();
  const request = new Request(`${url}/items`, { method: 'PUT', body: 'an item', headers: { 'content-type': 'x/y' } });
  expect((await call(request)).status).toBe(200);
  expect(requests.at(-1)).toMatchObject({ method: 'PUT', body: 'an item', key: 'Bearer two' });
});

test('a body that can be read only once is not sent twice', async () => {
  const { call, rotate } = await client();
  await call(url);
  await rotate();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('an item'));
      controller.close();
    },
  });
  const response = await call(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
  expect(response.status).toBe(401);
  expect(requests).toHaveLength(2);
});

test('Secrets Manager down at that moment: the refusal is the caller’s', async () => {
  const { call } = await client();
  await call(url);
  accepted = [];
  cloud.faults.add({
    kind: 'error',
    code: 'InternalServiceError',
    httpStatus: 500,
    operation: 'GetSecretValue',
    rate: 1,
  });
  expect((await call(url)).status).toBe(401);
});

test('a key in a header of its own is not carried to where a redirect leads', async () => {
  const { call } = await client({ header: 'x-api-key' });
  const response = await call(`${url}/away`);
  expect(response.status).toBe(302);
  expect(requests.map(({ url: path, key }) => [path, key])).toEqual([['/away', 'one']]);
});

test('other answers than 401 and 403 are passed through', async () => {
  const { call } = await client();
  accepted = [];
  refusal = 500;
  expect((await call(url)).status).toBe(500);
  expect(requests).toHaveLength(1);
});
