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
  let conditions: (string | undefined)[] = [];
  let redirect: (path: string) => string | undefined = () => undefined;

  beforeAll(async () => {
    issuer = createServer((request, response) => {
      asked += 1;
      conditions.push(request.headers['if-none-match']);
      const location = redirect(request.url ?? '');
      if (location) return response.writeHead(302, { location }).end();
      response.writeHead(served.status ?? 200, served.headers).end(served.body);
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`;
  });
  beforeEach(() => {
    asked = 0;
    conditions = [];
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

  test('an entry that is no key is ignored, also at a refresh, and the good ones verify', async () => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    publish(keys.ring());
    const verifier = verifierAt(keys.clock, { maxAgeSeconds: 60 });
    const token = await keys.consumer().signer.sign({ exp: keys.clock.now / 1000 + 86_400 });
    await verifier.verify(token);
    const good = JSON.parse(served.body).keys;
    const bad = [
      null,
      7,
      'x',
      [],
      {},
      { kty: 5 },
      { kty: 'EC', kid: 7 },
      { kty: 'EC', crv: 'P-256', x: '!', kid: 'odd' },
    ];
    served.body = JSON.stringify({ keys: [...bad, ...good, { kty: 'NEW', kid: 'of the future' }] });
    keys.clock.now += 120_000;
    await verifier.verify(token);
    expect(asked).toBe(2);
    // A set without one key that can be read is a broken answer: the keys at hand go on.
    served.body = JSON.stringify({ keys: bad.slice(0, 7) });
    keys.clock.now += 120_000;
    expect(await caught(verifier.verify(token))).toMatchObject({ code: 'SecretMalformedError' });
  });

  test('an issuer that says max-age=0 is asked once in half a minute', async () => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    publish(keys.ring());
    served.headers = { 'cache-control': 'no-cache, max-age=0' };
    const token = await keys.consumer().signer.sign({ exp: keys.clock.now / 1000 + 86_400 });
    const verifier = verifierAt(keys.clock);
    for (let i = 0; i < 100; i += 1) {
      await verifier.verify(token);
      keys.clock.now += 100;
    }
    expect(asked).toBe(1);
    keys.clock.now += 30_000;
    await verifier.verify(token);
    expect(asked).toBe(2);
  });

  test('a set that has an ETag is asked for by it, and an unchanged one is not sent again', async () => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    publish(keys.ring());
    const body = served.body;
    served.headers = { etag: '"one"' };
    const token = await keys.consumer().signer.sign({ exp: keys.clock.now / 1000 + 86_400 });
    const verifier = verifierAt(keys.clock, { maxAgeSeconds: 60 });
    await verifier.verify(token);
    expect(conditions).toEqual([undefined]);
    served = { status: 304, body: '', headers: { etag: '"one"' } };
    keys.clock.now += 61_000;
    await verifier.verify(token);
    expect(conditions).toEqual([undefined, '"one"']);
    await keys.rotate(true);
    publish(keys.ring());
    expect(served.body).not.toBe(body);
    keys.clock.now += 61_000;
    await verifier.verify(await keys.consumer().signer.sign({}));
    // An answer without an ETag is asked for without one.
    keys.clock.now += 61_000;
    await verifier.verify(await keys.consumer().signer.sign({}));
    expect(conditions).toEqual([undefined, '"one"', '"one"', undefined]);
  });

  test('tokens of Ed25519 and of EdDSA fit keys of either name', async () => {
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
    const clock = { now: Date.now() };
    const claims = () => new SignJWT({ exp: Math.floor(clock.now / 1000) + 60 });
    for (const named of ['EdDSA', 'Ed25519', undefined]) {
      served = { body: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...(named && { alg: named }) }] }) };
      for (const alg of ['EdDSA', 'Ed25519']) {
        const verifier = verifierAt(clock);
        expect((await verifier.verify(await claims().setProtectedHeader({ alg }).sign(privateKey))).alg).toBe(alg);
      }
    }
  });

  test('a token of Cognito’s, which has client_id in place of aud', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    served = { body: JSON.stringify({ keys: [await exportJWK(publicKey)] }) };
    const clock = { now: Date.now() };
    const sign = (claims: object) =>
      new SignJWT({ exp: Math.floor(clock.now / 1000) + 60, ...claims })
        .setProtectedHeader({ alg: 'RS256' })
        .sign(privateKey);
    const verifier = (clientId: string | string[]) =>
      new JwtVerifier({
        jwks: { url, now: () => clock.now, observe: () => undefined },
        clientId,
        now: () => clock.now,
      });
    const token = await sign({ client_id: 'shop', token_use: 'access' });
    expect((await verifier(['api', 'shop']).verify(token)).claims).toMatchObject({ client_id: 'shop' });
    for (const refused of [token, await sign({}), await sign({ client_id: 'other' })]) {
      const expected = refused === token ? verifier('api') : verifier('shop');
      expect(await caught(expected.verify(refused))).toMatchObject({ refusal: 'claim', status: 401 });
    }
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

  test('a redirect within the issuer’s origin is followed, and one in a circle ends', async () => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate(true);
    publish(keys.ring());
    const token = await keys.consumer().signer.sign({});
    redirect = (path) => (path === '/jwks.json' ? '/moved' : undefined);
    await verifierAt(keys.clock).verify(token);
    redirect = () => '/moved';
    asked = 0;
    expect(await caught(verifierAt(keys.clock).verify(token))).toMatchObject({ code: 'SecretUnavailableError' });
    expect(asked).toBe(21);
    redirect = () => undefined;
  });

  test.each([
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
