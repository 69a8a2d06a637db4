import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JwtAlgorithm, KeyRing } from '../../../packages/consumer/contracts/jwt.ts';
import { publicJwk } from '../../../packages/consumer/contracts/key-ring.ts';
import { JwtVerifier } from '../../../packages/consumer/jwt-verifier.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { startStores } from './laptop.ts';
import { caught, rotatingKeysIn } from './rotating-keys.ts';

let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startStores();
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

const rotatingKeys = (algorithm: JwtAlgorithm) => rotatingKeysIn(cloud, algorithm);

describe('a JWKS URL', () => {
  let issuer: Server;
  let url: string;
  let served: { body: string; status?: number; headers?: Record<string, string> };
  let asked = 0;
  let redirect: (path: string) => string | undefined = () => undefined;

  beforeAll(async () => {
    issuer = createServer((request, response) => {
      asked += 1;
      const location = redirect(request.url ?? '');
      if (location) return response.writeHead(302, { location }).end();
      response.writeHead(served.status ?? 200, served.headers).end(served.body);
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`;
  });
  beforeEach(() => {
    asked = 0;
  });
  afterAll(() => new Promise((resolve) => issuer.close(resolve)));

  const publish = (ring: KeyRing) => {
    const keys = [ring.current, ring.next, ring.previous].flatMap((key) => (key ? [publicJwk(key)] : []));
    served = { body: JSON.stringify({ keys }) };
  };
  const verifierAt = (clock: { now: number }, more: object = {}) =>
    new JwtVerifier({ jwks: { url, now: () => clock.now, observe: () => undefined, ...more }, now: () => clock.now });

  test('verifies, asks once however many tokens come, and finds an unknown key once in a cooldown', async () => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    publish(keys.ring());
    const verifier = verifierAt(keys.clock, { maxAgeSeconds: 100 * 86_400 });
    const token = await keys.consumer().signer.sign({ sub: 'x' });
    const verified = await Promise.all(Array.from({ length: 50 }, () => verifier.verify(token)));
    expect(verified.map(({ claims }) => claims.sub)).toEqual(Array(50).fill('x'));
    expect(asked).toBe(1);
    await keys.rotate(true);
    publish(keys.ring());
    await verifier.verify(await keys.consumer().signer.sign({}));
    expect(asked).toBe(2);
    for (let i = 0; i < 20; i += 1) await caught(verifier.verify(token));
    expect(asked).toBe(2);
  });

  test('while an issuer is down the cached keys verify, and without cached keys the error says so', async () => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    publish(keys.ring());
    const token = await keys.consumer().signer.sign({ exp: keys.clock.now / 1000 + 86_400 });
    const verifier = verifierAt(keys.clock, { maxAgeSeconds: 60 });
    await verifier.verify(token);
    served = { body: 'oops', status: 503 };
    keys.clock.now += 120_000;
    await verifier.verify(token);
    expect(await caught(verifierAt(keys.clock).verify(token))).toMatchObject({
      code: 'SecretUnavailableError',
      message: expect.stringContaining('503'),
    });
  });

  test('the issuer’s Cache-Control shortens the age, and does not lengthen it', async () => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    publish(keys.ring());
    const token = await keys.consumer().signer.sign({ exp: keys.clock.now / 1000 + 86_400 });
    served.headers = { 'cache-control': 'public, max-age=30' };
    const [short, long] = [
      verifierAt(keys.clock, { maxAgeSeconds: 300 }),
      verifierAt(keys.clock, { maxAgeSeconds: 10 }),
    ];
    await short.verify(token);
    await long.verify(token);
    keys.clock.now += 29_000;
    await short.verify(token);
    expect(asked).toBe(2);
    await long.verify(token);
    expect(asked).toBe(3);
    keys.clock.now += 1_000;
    await short.verify(token);
    expect(asked).toBe(4);
  });

  test('keys without alg are bound by the token’s and the kind of key; secrets in a public set are passed over', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const { privateKey: curve, publicKey: curvePublic } = await generateKeyPair('ES256', { extractable: true });
    const shared = Buffer.from('everybody knows it').toString('base64url');
    served = {
      body: JSON.stringify({
        keys: [{ kty: 'oct', k: shared }, await exportJWK(curvePublic), await exportJWK(publicKey)],
      }),
    };
    const clock = { now: Date.now() };
    const verifier = verifierAt(clock);
    const claims = () => new SignJWT({ exp: Math.floor(clock.now / 1000) + 60 });
    await verifier.verify(await claims().setProtectedHeader({ alg: 'RS256' }).sign(privateKey));
    await verifier.verify(await claims().setProtectedHeader({ alg: 'ES256' }).sign(curve));
    const forged = await claims().setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from('everybody knows it'));
    expect(await caught(verifier.verify(forged))).toMatchObject({ refusal: 'malformed' });
  });

  test.each([
    ['is not JSON', { body: '<html>' }],
    ['is no key set', { body: '{"keys":"hunter2"}' }],
    ['leads elsewhere', { body: '', status: 302, headers: { location: '/elsewhere' } }],
    ['is too large', { body: JSON.stringify({ keys: [], pad: 'x'.repeat(600_000) }) }],
  ])('an answer that %s is refused', async (_name, answer) => {
    served = answer;
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    const token = await keys.consumer().signer.sign({});
    const error = await caught(verifierAt(keys.clock).verify(token));
    expect(error.code).toMatch(/^Secret(Malformed|Unavailable)Error$/);
  });

  test.each([
    ['another path of the issuer', () => '/moved', (origin: string) => `${origin}/moved`],
    [
      'another origin',
      () => `${url.replace('127.0.0.1', 'localhost')}?token=hidden`,
      (origin: string) => origin.replace('127.0.0.1', 'localhost'),
    ],
  ])('a redirect to %s is not followed, although the right keys are there', async (_name, location, shown) => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    publish(keys.ring());
    const token = await keys.consumer().signer.sign({});
    await verifierAt(keys.clock).verify(token);
    asked = 0;
    const [origin] = url.split('/jwks.json') as [string];
    // The keys are served at every address but the one that was configured.
    redirect = (path) => (path === '/jwks.json' ? location() : undefined);
    const error = await caught(verifierAt(keys.clock).verify(token));
    expect(error).toMatchObject({ code: 'SecretUnavailableError', message: expect.stringContaining(shown(origin)) });
    expect(error.message).toContain(`a redirect from ${origin} to`);
    expect(error.message).not.toContain('hidden');
    expect(asked).toBe(1);
    redirect = () => undefined;
  });

  test('neither query nor login of the address is shown', async () => {
    const observed: unknown[] = [];
    served = { body: '', status: 503 };
    const jwks = { url: `${url}?token=hidden`, observe: (one: unknown) => observed.push(one) };
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .sign((await generateKeyPair('ES256')).privateKey);
    const error = await caught(new JwtVerifier({ jwks }).verify(token));
    expect(observed).toHaveLength(1);
    expect(JSON.stringify([observed, error.message])).not.toContain('hidden');
    expect(() => new JwtVerifier({ jwks: { url: 'https://me:hidden@issuer.example/' } })).toThrow(/without a login/);
  });

  test('cleartext is refused except on this machine', () => {
    expect(() => new JwtVerifier({ jwks: { url: 'http://issuer.example/jwks' } })).toThrow('https');
    expect(() => new JwtVerifier({ jwks: { url: 'https://issuer.example/jwks' } })).not.toThrow();
  });
});
