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
/** Where `/away` leads, and where `/further` does. */
let leads: { status: number; to: string };
let further: { status: number; to: string };

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
    const redirect = { '/away': leads, '/further': further }[request.url ?? ''];
    if (redirect) return response.writeHead(redirect.status, { location: redirect.to }).end();
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

describe('redirects', () => {
  /** The same machine under another name: another origin, which this server would hear. */
  const elsewhere = () => url.replace('127.0.0.1', 'localhost');
  const answering = (code: number, to: string) => {
    leads = { status: code, to };
  };
  const heard = () => requests.map(({ method, url: path, key, body }) => [method, path, key, body]);
  const refusal = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error) => error,
    );

  test.each(['authorization', 'x-api-key'])('in %s: neither key nor body reaches another origin', async (header) => {
    const { call } = await client({ header, scheme: '' });
    for (const code of [301, 302, 303, 307, 308]) {
      answering(code, `${elsewhere()}/take?it=1`);
      const sent = { method: 'POST', body: 'an item', headers: { cookie: 'session=1', 'x-other': 'mine' } };
      const error = await refusal(call(`${url}/away`, sent));
      expect(error).toMatchObject({ code: 'RedirectRefusedError', retryable: false });
      expect(error.message).toContain(`${url} redirects to ${elsewhere()} (${code})`);
    }
    expect(heard()).toEqual(Array(5).fill(['POST', '/away', 'one', 'an item']));
  });

  test.each([
    ['another port', 'http://127.0.0.1:1/'],
    ['another scheme of the same host', 'https://127.0.0.1/'],
    ['no address of the web', 'file:///etc/passwd'],
  ])('%s is another origin', async (_name, to) => {
    const { call } = await client();
    answering(302, to);
    expect(await refusal(call(`${url}/away`))).toMatchObject({ code: 'RedirectRefusedError' });
  });

  test('at the end of a chain that begins at home', async () => {
    const { call } = await client();
    answering(307, '/further');
    further = { status: 307, to: `${elsewhere()}/take` };
    expect(await refusal(call(`${url}/away`))).toMatchObject({ code: 'RedirectRefusedError' });
    expect(heard().map(([, path]) => path)).toEqual(['/away', '/further']);
  });

  test('within the origin they are followed as fetch does: the body goes along, or becomes a GET', async () => {
    const { call } = await client();
    const sent = { method: 'POST', body: 'an item', headers: { 'content-type': 'text/plain' } };
    for (const [code, method, body] of [
      [307, 'POST', 'an item'],
      [303, 'GET', ''],
    ] as const) {
      for (const input of [[`${url}/away`, sent], [new Request(`${url}/away`, sent)]] as Parameters<typeof fetch>[]) {
        requests = [];
        answering(code, '/there');
        expect(await (await call(...input)).text()).toBe('welcome');
        expect(heard()[1]).toEqual([method, '/there', 'Bearer one', body]);
      }
    }
  });

  test('a refused key is exchanged behind a redirect too', async () => {
    const { call, rotate } = await client();
    await call(url);
    await rotate();
    answering(307, '/there');
    expect((await call(`${url}/away`, { method: 'PUT', body: 'an item' })).status).toBe(200);
    expect(heard().at(-1)).toEqual(['PUT', '/there', 'Bearer two', 'an item']);
  });

  test('a body that can be read only once does not go along, and a circle ends', async () => {
    const { call } = await client();
    answering(307, '/there');
    const body = new Blob(['an item']).stream();
    const error = await refusal(call(`${url}/away`, { method: 'POST', body, duplex: 'half' } as RequestInit));
    expect(error).toMatchObject({ code: 'RedirectRefusedError', message: expect.stringContaining('as text or bytes') });
    answering(302, '/away');
    requests = [];
    expect(await refusal(call(`${url}/away`))).toMatchObject({ message: expect.stringContaining('more than 20') });
    expect(requests).toHaveLength(21);
  });

  test('the caller who asks for the redirect itself gets it', async () => {
    const { call } = await client();
    answering(302, elsewhere());
    expect((await call(`${url}/away`, { redirect: 'manual' })).headers.get('location')).toBe(elsewhere());
    expect((await call(new Request(`${url}/away`, { redirect: 'manual' }))).status).toBe(302);
    expect(await refusal(call(`${url}/away`, { redirect: 'error' }))).toMatchObject({ name: 'TypeError' });
    expect(requests.every(({ url: path }) => path === '/away')).toBe(true);
  });

  test('an address that repeats the key is not quoted', async () => {
    await makeSecret(cloud, 'app/key', 'abcdefgh-12345');
    answering(302, 'https://abcdefgh-12345.evil.example/');
    const fresh = environment(cloud).provider;
    const error = await refusal(rotatingFetch({ secretId: 'app/key', provider: fresh })(`${url}/away`));
    expect(error.message).toContain('words left out');
    expect(error.message).not.toContain('abcdefgh');
  });
});

test('a key that no header can carry is named by its secret, and not quoted', async () => {
  const { provider } = environment(cloud);
  await makeSecret(cloud, 'app/broken', 'key\r\nx-forged: 1');
  const error = await rotatingFetch({ secretId: 'app/broken', provider })(url).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ code: 'SecretMalformedError', message: expect.stringContaining('app/broken') });
  expect(String((error as Error).stack)).not.toContain('forged');
  expect(requests).toEqual([]);
});

test('other answers than 401 and 403 are passed through', async () => {
  const { call } = await client();
  accepted = [];
  refusal = 500;
  expect((await call(url)).status).toBe(500);
  expect(requests).toHaveLength(1);
});
