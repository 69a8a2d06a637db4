import { generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import * as v from 'valibot';
import type { StoredJwtPayload } from '../../../../packages/consumer/contracts/jwt.ts';
import { JwtSettings } from '../../../../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { createJwksServer, HttpRequest } from '../../../../pipeline/rotators/jwt/serve-jwks.ts';

const START = new Date('2026-03-01T00:00:00Z');
const request = (method = 'GET', path = '/.well-known/jwks.json', headers: Record<string, string> = {}) =>
  v.parse(HttpRequest, { rawPath: path, headers, requestContext: { http: { method } }, version: '2.0' });

/** A ring after two rotations: it has a previous, a current and a next key. */
async function ringOf(algorithm: string): Promise<StoredJwtPayload> {
  const rotator = createJwtRotator({ now: () => START });
  const rotation = {
    secretArn: 'arn',
    secretName: 'app/jwt',
    token: 't',
    settings: v.parse(JwtSettings, { algorithm }),
    emergency: false,
    assertNotOvertaken: async () => undefined,
  };
  let payload = rotator.parse(
    'arn',
    JSON.stringify({ jwt_secret_key: 'a-secret', jwt_access_token_expire_minutes: 30 }),
  );
  for (let round = 0; round < 3; round += 1) {
    payload = await rotator.create(rotation, { current: { versionId: String(round), payload } });
    delete (payload.jwt_key_ring!.previous ?? { verifyUntil: '' }).verifyUntil;
  }
  const verifyUntil = new Date(START.getTime() + 600_000).toISOString();
  payload.jwt_key_ring!.previous!.verifyUntil = verifyUntil;
  return payload;
}

function server(payload: StoredJwtPayload | (() => Promise<StoredJwtPayload>), maxAgeSeconds = 300) {
  const state = { now: START, reads: 0, warnings: [] as string[] };
  const serve = createJwksServer({
    read: async () => {
      state.reads += 1;
      return typeof payload === 'function' ? payload() : payload;
    },
    secretName: 'app/jwt',
    now: () => state.now,
    maxAgeSeconds,
    warn: (message) => state.warnings.push(message),
  });
  const pass = (seconds: number) => {
    state.now = new Date(state.now.getTime() + seconds * 1000);
  };
  return { state, serve, pass };
}

const maxAgeOf = (headers: Record<string, string>) => Number(/max-age=(\d+)/.exec(headers['cache-control'] ?? '')?.[1]);

describe('the key set', () => {
  test.each([
    'RS256',
    'PS512',
    'ES256',
    'ES512',
    'EdDSA',
  ])('%s: next, current and previous, and no private part', async (alg) => {
    const payload = await ringOf(alg);
    const ring = payload.jwt_key_ring!;
    const { serve } = server(payload);
    const answer = await serve(request());
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/jwk-set+json');
    const { keys } = JSON.parse(answer.body);
    expect(keys.map((key: { kid: string }) => key.kid).sort()).toEqual(
      [ring.previous, ring.current, ring.next].map((key) => key!.kid).sort(),
    );
    const members = new Set(keys.flatMap(Object.keys));
    for (const member of members) expect(['kty', 'n', 'e', 'crv', 'x', 'y', 'kid', 'alg', 'use']).toContain(member);
    for (const secret of [ring.current, ring.next].map((key) => String(key!.jwk.d)))
      expect(answer.body).not.toContain(secret);

    const { importJWK } = await import('jose');
    const token = await new SignJWT({ sub: 'me' })
      .setProtectedHeader({ alg, kid: ring.current.kid })
      .sign(await importJWK(ring.current.jwk as never, alg));
    expect((await jwtVerify(token, createLocalJWKSet({ keys }))).payload.sub).toBe('me');
  });

  test('members that nobody has heard of do not leave the secret either', async () => {
    const payload = await ringOf('ES256');
    Object.assign(payload.jwt_key_ring!.current.jwk, { d2: 'private-too', oth: [{ r: 'more' }] });
    const answer = await server(payload).serve(request());
    expect(answer.body).not.toMatch(/private-too|more/);
  });

  test('symmetric keys have no public part: the set is empty', async () => {
    const answer = await server(await ringOf('HS256')).serve(request());
    expect(JSON.parse(answer.body)).toEqual({ keys: [] });
  });

  test('a payload without a ring shows its one key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const text = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const answer = await server({ jwt_secret_key: text, jwt_algorithm: 'ES256' }).serve(request());
    const { x, y } = publicKey.export({ format: 'jwk' });
    expect(JSON.parse(answer.body).keys).toEqual([
      expect.objectContaining({ kty: 'EC', x, y, alg: 'ES256', use: 'sig' }),
    ]);
  });

  test('the previous key is gone the moment it verifies nothing any more', async () => {
    const payload = await ringOf('ES256');
    const { serve, pass } = server(payload);
    const kids = async () => JSON.parse((await serve(request())).body).keys.map((key: { kid: string }) => key.kid);
    pass(599.999);
    expect(await kids()).toContain(payload.jwt_key_ring!.previous!.kid);
    pass(0.001);
    expect(await kids()).not.toContain(payload.jwt_key_ring!.previous!.kid);
  });
});

describe('what caches are told', () => {
  test('an answer together with the age of the read behind it is never older than was promised', async () => {
    const { serve, pass, state } = server(await ringOf('ES256'));
    for (let seconds = 0; seconds < 90; seconds += 1) {
      const readsBefore = state.reads;
      const { headers } = await serve(request());
      const age = state.reads > readsBefore ? 0 : seconds % 30;
      expect(maxAgeOf(headers)).toBe(300 - age);
      pass(1);
    }
    // Once in thirty seconds the secret is read, however many ask.
    expect(state.reads).toBe(3);
  });

  test('no answer outlives the moment until which the previous key verifies', async () => {
    const { serve, pass } = server(await ringOf('ES256'), 900);
    expect(maxAgeOf((await serve(request())).headers)).toBe(600);
    pass(500);
    expect(maxAgeOf((await serve(request())).headers)).toBe(100);
    pass(100);
    expect(maxAgeOf((await serve(request())).headers)).toBe(900);
  });

  test('the same keys have the same ETag; If-None-Match is answered by 304 without a body', async () => {
    const payload = await ringOf('ES256');
    const { serve, pass } = server(payload);
    const { etag } = (await serve(request())).headers;
    for (const condition of [etag!, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await serve(request('GET', '/.well-known/jwks.json', { 'if-none-match': condition }));
      expect(answer).toMatchObject({ statusCode: 304, body: '', headers: { etag } });
      expect(maxAgeOf(answer.headers)).toBeGreaterThan(0);
    }
    expect((await serve(request('GET', '/jwks.json', { 'if-none-match': '"other"' }))).statusCode).toBe(200);
    pass(600);
    const later = await serve(request('GET', '/jwks.json', { 'if-none-match': etag! }));
    expect(later.statusCode).toBe(200);
    expect(later.headers.etag).not.toBe(etag);
  });

  test('a hundred concurrent cold requests read the secret once', async () => {
    const { serve, state } = server(await ringOf('ES256'));
    const answers = await Promise.all(Array.from({ length: 100 }, () => serve(request())));
    expect(new Set(answers.map((answer) => answer.headers.etag)).size).toBe(1);
    expect(state.reads).toBe(1);
  });
});

describe('when the secret cannot be read', () => {
  test('what is held is served as long as was promised, and then a 503 that is not cached', async () => {
    const payload = await ringOf('ES256');
    let isDown = false;
    const { serve, pass, state } = server(async () => {
      if (isDown) throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
      return payload;
    });
    await serve(request());
    isDown = true;
    pass(299);
    const held = await serve(request());
    expect(held.statusCode).toBe(200);
    expect(maxAgeOf(held.headers)).toBe(1);
    pass(1);
    const down = await serve(request());
    expect(down).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5' } });
    expect(down.headers['cache-control']).toBe('no-store');
    expect(state.warnings.length).toBeGreaterThan(0);
    isDown = false;
    expect((await serve(request())).statusCode).toBe(200);
  });

  test('a secret that is no JWT payload is a 503, and nothing of it is shown', async () => {
    const { serve } = server({ jwt_secret_key: 'hunter2', jwt_algorithm: 'RS256' });
    const answer = await serve(request());
    expect(answer.statusCode).toBe(503);
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });
});

describe('requests', () => {
  test('HEAD is a GET without a body', async () => {
    const { serve } = server(await ringOf('ES256'));
    const [get, head] = [await serve(request()), await serve(request('HEAD'))];
    expect(head).toEqual({ ...get, body: '' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    const answer = await server(await ringOf('ES256')).serve(request(method));
    expect(answer).toMatchObject({ statusCode: 405, headers: { allow: 'GET, HEAD' } });
  });

  /** As an HTTP API sends it: the path has the stage, or the base path of a custom domain, before it. */
  const through = (path: string, stage: string, domainName?: string) =>
    v.parse(HttpRequest, { rawPath: path, requestContext: { http: { method: 'GET' }, stage, domainName } });

  test.each([
    ['/prod/.well-known/jwks.json', 'prod'],
    ['/prod/jwks.json', 'prod'],
    ['/prod', 'prod'],
    ['/prod/', 'prod'],
    ['/auth/v1/.well-known/jwks.json', '$default'],
    ['/', '$default'],
  ])('is at %s behind stage %s', async (path, stage) => {
    const answer = await server(await ringOf('ES256')).serve(through(path, stage));
    expect([answer.statusCode, JSON.parse(answer.body).keys.length]).toEqual([200, 3]);
  });

  test('a JWT authorizer finds issuer and keys by the discovery document, under the path that it asks', async () => {
    const payload = { ...(await ringOf('ES256')), jwt_issuer: 'https://login.shop.example/auth' };
    const { serve } = server(payload);
    const answer = await serve(through('/auth/.well-known/openid-configuration', '$default', 'login.shop.example'));
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/json']);
    expect(JSON.parse(answer.body)).toMatchObject({
      issuer: 'https://login.shop.example/auth',
      jwks_uri: 'https://login.shop.example/auth/.well-known/jwks.json',
      id_token_signing_alg_values_supported: ['ES256'],
    });
  });

  test.each([
    ['no issuer', undefined, 'login.shop.example'],
    ['an issuer that is no https URL', 'shop', 'login.shop.example'],
    ['no host', 'https://login.shop.example', undefined],
  ])('with %s there is no discovery document', async (_name, jwt_issuer, host) => {
    const payload = { ...(await ringOf('ES256')), ...(jwt_issuer && { jwt_issuer }) };
    const answer = await server(payload).serve(through('/.well-known/openid-configuration', '$default', host));
    expect(answer.statusCode).toBe(404);
  });

  test('another path is not there, and reads nothing', async () => {
    const { serve, state } = server(await ringOf('ES256'));
    expect((await serve(request('GET', '/admin'))).statusCode).toBe(404);
    expect(state.reads).toBe(0);
  });

  test.each([{}, { requestContext: {} }, null, 'text'])('an event that is no HTTP request is refused: %j', (event) => {
    expect(v.safeParse(HttpRequest, event).success).toBe(false);
  });
});
