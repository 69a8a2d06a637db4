import type { RingKey } from '../../../packages/consumer/contracts/jwt.ts';
import { publicJwk } from '../../../packages/consumer/contracts/key-ring.ts';
import { jwksCheck } from '../../../pipeline/checks/jwks.ts';
import { adoptKey, generateRingKey, secretKeyText } from '../../../pipeline/rotators/jwt/ring-key.ts';
import { startVendor } from './vendor.ts';

const made = { now: new Date(), rsaModulusBits: 2048 };
let vendor: Awaited<ReturnType<typeof startVendor>>;
let current: RingKey;
let next: RingKey;
beforeAll(async () => {
  vendor = await startVendor();
  current = await generateRingKey('ES256', made);
  next = await generateRingKey('RS256', made);
});
afterAll(() => vendor.close());
beforeEach(() => {
  vendor.forget();
  serve([publicJwk(current), publicJwk(next)]);
});

const secret = () => JSON.stringify({ jwt_secret_key: 'x', jwt_algorithm: 'ES256', jwt_key_ring: { current, next } });
const failure = (code: string, words: RegExp) => ({ outcome: 'failed', code, cause: expect.stringMatching(words) });

function check(parameters: Record<string, unknown> = {}, value = secret()) {
  let slept = 0;
  const jwks = jwksCheck({
    secretsManager: vendor.secretsManager,
    now: () => new Date(Date.now() + slept),
    sleep: async (milliseconds) => {
      slept += milliseconds;
    },
  });
  return vendor.run('jwks', jwks, { url: `${vendor.url}/jwks.json`, allowLoopbackHttp: true, ...parameters }, value);
}

function serve(
  keys: unknown,
  headers: Record<string, string> = { 'cache-control': 'public, max-age=300' },
  code = 200,
) {
  const body = typeof keys === 'string' ? keys : JSON.stringify({ keys });
  vendor.answer((_request, response) => void response.writeHead(code, headers).end(body));
}

test('the current key is there, nothing private is, and it says for how long', async () => {
  expect(await check()).toMatchObject({
    outcome: 'passed',
    observed: expect.stringContaining(`shows 2 keys, the current one ${current.kid} among them, for 300 seconds`),
    measured: { keys: 2, maxAgeSeconds: 300 },
  });
});

test('a secret that has no ring yet: its key is looked for under its thumbprint', async () => {
  const legacy = JSON.stringify({ jwt_secret_key: secretKeyText(next), jwt_algorithm: 'RS256' });
  const { kid } = await adoptKey('RS256', secretKeyText(next));
  expect(await check({}, legacy)).toMatchObject({ outcome: 'passed', observed: expect.stringContaining(kid) });
  const broken = await check({}, JSON.stringify({ jwt_secret_key: 'not-a-pem', jwt_algorithm: 'RS256' }));
  expect(broken).toMatchObject(failure('PayloadInvalid', /no RS256 key/));
  expect(JSON.stringify(broken)).not.toContain('not-a-pem');
});

test('a private key in the set, or a symmetric one: told by its id, never by its members', async () => {
  serve([publicJwk(current), { ...next.jwk, kid: next.kid }]);
  const verdict = await check();
  expect(verdict).toMatchObject(failure('PrivateKeyPublished', /Take the address down.*--emergency/));
  expect(JSON.stringify(verdict)).toContain(next.kid);
  expect(JSON.stringify(verdict)).not.toContain(next.jwk.d);
  serve([publicJwk(current), { kty: 'oct', kid: 'shared', k: 'c2VjcmV0' }]);
  expect(await check()).toMatchObject(failure('PrivateKeyPublished', /key shared are public/));
});

test('the current key is missing: it may be on its way, so it is waited for, and then verifiers refuse its tokens', async () => {
  serve([publicJwk(next)]);
  expect(await check()).toMatchObject(failure('KeyNotPublished', /is not in the key set, for 40 seconds/));
  expect(vendor.received.length).toBeGreaterThan(10);
});

test('the current key comes late', async () => {
  let visits = 0;
  vendor.answer((_request, response) => {
    visits += 1;
    const keys = [next, ...(visits < 3 ? [] : [current])].map(publicJwk);
    response.writeHead(200, { 'cache-control': 'max-age=300' }).end(JSON.stringify({ keys }));
  });
  expect(await check()).toMatchObject({ outcome: 'passed' });
  expect(visits).toBe(3);
});

test('the current key’s id stands for another key', async () => {
  const other = await generateRingKey('ES256', made);
  serve([{ ...publicJwk(other), kid: current.kid }]);
  expect(await check()).toMatchObject(failure('KeyNotPublished', /another public key/));
});

test.each([
  ['no Cache-Control', {}, /no max-age/],
  ['one without a time', { 'cache-control': 'public' }, /no max-age/],
  ['one that nobody can read', { 'cache-control': 'max-age=soon' }, /no max-age/],
  ['too long a time', { 'cache-control': 'max-age=601' }, /601 seconds, allowed are 600/],
  ['too long a time for shared caches', { 'cache-control': 'max-age=60, s-maxage="9000"' }, /9000 seconds/],
])('%s', async (_, headers, words) => {
  serve([publicJwk(current)], headers);
  expect(await check({ longestMaxAgeSeconds: 600 })).toMatchObject(failure('CacheControlUnfit', words));
});

test('a set that is not cached at all is as honest as can be', async () => {
  serve([publicJwk(current)], { 'cache-control': 'no-store' });
  expect(await check()).toMatchObject({ outcome: 'passed', measured: { maxAgeSeconds: 0 } });
});

test.each([
  ['no JSON', '<html>'],
  ['JSON of another shape', '{"key":[]}'],
  ['a key without a type', '{"keys":[{"kid":"a"}]}'],
])('%s', async (_, body) => {
  serve(body);
  expect(await check()).toMatchObject(failure('JwksInvalid', /RFC 7517/));
});

test('a status without a key set says nothing of the key, so it is thrown', async () => {
  serve([], {}, 404);
  await expect(check()).rejects.toMatchObject({ code: 'UnexpectedStatus', retryable: true });
  serve([], {}, 502);
  await expect(check()).rejects.toMatchObject({ code: 'Unavailable' });
  serve([], {}, 429);
  await expect(check()).rejects.toMatchObject({ code: 'Throttled' });
});

test('a symmetric key has no key set: the check is the mistake', async () => {
  const value = JSON.stringify({ jwt_secret_key: 'secret text', jwt_algorithm: 'HS256' });
  await expect(check({}, value)).rejects.toMatchObject({
    code: 'NoPublicKey',
    message: expect.stringMatching(/HS256 keys are symmetric.*Remove the check/),
  });
  expect(vendor.received).toEqual([]);
});

test('a key set of another origin is no proof, and one at another path of the issuer is', async () => {
  const elsewhere = vendor.url.replace('127.0.0.1', 'localhost');
  const served = JSON.stringify({ keys: [publicJwk(current)] });
  let location = `${elsewhere}/keys?token=hidden`;
  vendor.answer(({ url }, response) => {
    if (url === '/jwks.json') return void response.writeHead(302, { location }).end();
    response.writeHead(200, { 'cache-control': 'max-age=60' }).end(served);
  });
  const verdict = await check();
  expect(verdict).toMatchObject(failure('Redirected', new RegExp(`${vendor.url} redirects to ${elsewhere} \\(302\\)`)));
  expect(JSON.stringify(verdict)).not.toContain('hidden');
  expect(vendor.received.map(({ path }) => path)).toEqual(['/jwks.json']);
  location = '/keys';
  expect(await check()).toMatchObject({ ok: true });
});

test('a kid that repeats a private member, or that a terminal obeys, is not quoted as it is', async () => {
  serve([publicJwk(current), { kty: 'oct', kid: 'is c2VjcmV0LWtleQ', k: 'c2VjcmV0LWtleQ' }]);
  const repeated = await check();
  expect(repeated).toMatchObject(failure('PrivateKeyPublished', /words left out/));
  expect(JSON.stringify(repeated)).not.toContain('c2VjcmV0LWtleQ');
  serve([publicJwk(current), { kty: 'oct', kid: '\u001b[2J\u202egnp', k: 'c2VjcmV0LWtleQ' }]);
  const verdict = await check();
  expect(verdict).toMatchObject(failure('PrivateKeyPublished', /\ufffd\[2J\ufffdgnp/));
});
