import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import * as v from 'valibot';
import { type JwtAlgorithm, jwtAlgorithms } from '../../../../packages/consumer/contracts/jwt.ts';
import { verificationKeys } from '../../../../packages/consumer/contracts/key-ring.ts';
import { jwtContract } from '../../../../pipeline/contracts/kinds/jwt.ts';
import { JwtSettings } from '../../../../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { adoptKey, generateRingKey, secretKeyText } from '../../../../pipeline/rotators/jwt/ring-key.ts';
import { verifySignature } from '../../../../pipeline/rotators/jwt/verify-token.ts';
import { inTurn } from '../../../extent.ts';
import { type Laptop, manage, openLaptop } from '../native-rotation.ts';
import { jwtSecret, LEGACY, signAsLegacyReader } from './fixture.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const pem = (type: 'rsa' | 'ec' | 'ed25519', format: 'pkcs8' | 'pkcs1' | 'sec1') => {
  const { privateKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  return String(privateKey.export({ type: format as 'pkcs8', format: 'pem' }));
};

describe('a payload with the legacy five fields', () => {
  test('is taken over as it is: the same text signs, tokens issued before stay valid, other fields are untouched', async () => {
    const secret = await jwtSecret(laptop, LEGACY);
    const before = await signAsLegacyReader(secret.payload());
    await secret.rotateAndSettle();
    const { jwt_key_ring: ring, ...rest } = secret.payload();
    expect(rest).toEqual(LEGACY);
    expect(Object.keys(ring!).sort()).toEqual(['current', 'next']);
    const keys = verificationKeys(ring!, laptop.clock.now());
    await verifySignature(before, keys);
  });

  test('rotated on: a reader of jwt_secret_key alone signs tokens that every ring in reach verifies', async () => {
    const secret = await jwtSecret(laptop, LEGACY);
    const rings = [secret.payload()];
    const keys = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      await secret.rotateAndSettle();
      rings.push(secret.payload());
      keys.add(secret.payload().jwt_secret_key);
      const token = await signAsLegacyReader(secret.payload());
      expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256' });
      // The ring of the rotation before is what consumers hold that have not read again.
      for (const held of rings.slice(-2)) {
        const ring = held.jwt_key_ring ?? { current: await adoptKey('HS256', held.jwt_secret_key) };
        await verifySignature(token, verificationKeys(ring, laptop.clock.now()));
      }
    }
    expect(keys.size).toBe(4);
    expect(secret.payload()).toMatchObject({ ours: { kept: [1, 2] }, jwt_access_token_expire_minutes: '30' });
  });

  test.each([
    ['RS256', pem('rsa', 'pkcs8')],
    ['RS512', pem('rsa', 'pkcs1')],
    ['PS256', pem('rsa', 'pkcs8').replaceAll('\n', '\\n')],
    ['ES256', pem('ec', 'sec1')],
    ['EdDSA', pem('ed25519', 'pkcs8')],
  ])('%s: whatever PEM it is, it stays byte for byte until its turn is over', async (alg, text) => {
    const secret = await jwtSecret(laptop, { jwt_secret_key: text, jwt_algorithm: alg });
    await secret.rotateAndSettle();
    expect(secret.payload().jwt_secret_key).toBe(text);
    const before = await signAsLegacyReader(secret.payload());
    await secret.rotateAndSettle();
    expect(secret.payload().jwt_secret_key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const ring = secret.payload().jwt_key_ring!;
    await verifySignature(await signAsLegacyReader(secret.payload()), verificationKeys(ring, laptop.clock.now()));
    await expect(verifySignature(before, verificationKeys(ring, laptop.clock.now()))).rejects.toThrow(
      'the signature is not one of',
    );
  });
});

describe('symmetric keys', () => {
  const publicPem = String(
    generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }),
  );

  test.each([
    ['a public PEM', publicPem],
    ['a public PEM behind a byte order mark and white space', `\ufeff \n${publicPem}`],
    ['Base64 of a public PEM', Buffer.from(publicPem).toString('base64')],
    ['a private PEM whose algorithm was forgotten', pem('ec', 'pkcs8')],
    ['a JWK Set', '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}'],
  ])('%s without jwt_algorithm is not taken over as the secret of an HMAC', async (_name, jwt_secret_key) => {
    const secret = await jwtSecret(laptop, { jwt_secret_key });
    expect((await secret.rotate()).promoted).toBe(false);
    expect(secret.failures.at(-1)).toMatchObject({
      code: 'PayloadInvalid',
      message: expect.stringMatching(
        /is no HS256 key\. The secret of HS256 is a (PEM|JWK)\..*"jwt_algorithm" of a key pair/,
      ),
    });
    expect(JSON.stringify(secret.failures)).not.toContain(jwt_secret_key.trim().slice(30, 60));
  });

  test('a short one is read, since its tokens are in use, and every key after it is long enough', async () => {
    const secret = await jwtSecret(laptop, { jwt_secret_key: 'x', jwt_algorithm: 'HS512' });
    await secret.rotateAndSettle();
    expect(secret.payload().jwt_secret_key).toBe('x');
    for (let rotation = 0; rotation < 2; rotation += 1) {
      await secret.rotateAndSettle();
      const { current, next } = secret.payload().jwt_key_ring!;
      for (const key of [current, next!]) expect(Buffer.from(secretKeyText(key)).length).toBeGreaterThanOrEqual(64);
    }
  });

  test('every key that is made is as long as its hash, and what Secrets Manager generates is', async () => {
    for (const [algorithm, least] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const) {
      const key = await generateRingKey(algorithm, { now: laptop.clock.now(), rsaModulusBits: 2048 });
      expect(Buffer.from(secretKeyText(key)).length).toBeGreaterThanOrEqual(least);
      expect(jwtContract.newSecret.length).toBeGreaterThanOrEqual(least);
    }
  });
});

describe('a ring', () => {
  test.each(
    inTurn(jwtAlgorithms, 2),
  )('%s: next signs after one rotation, previous verifies and can no longer sign', async (alg) => {
    const secret = await jwtSecret(laptop, { ...LEGACY, jwt_algorithm: 'HS256' }, { algorithm: alg });
    await secret.rotateAndSettle();
    const published = secret.payload().jwt_key_ring!.next!;
    await secret.rotate();
    const ring = secret.payload().jwt_key_ring!;
    expect(ring.current).toEqual(published);
    expect(secret.payload()).toMatchObject({ jwt_algorithm: alg, jwt_secret_key: secretKeyText(published) });
    expect(ring.previous).toMatchObject({ alg: 'HS256', verifyUntil: expect.any(String) });
    expect(new Set([ring.previous!.kid, ring.current.kid, ring.next!.kid]).size).toBe(3);
  });

  test('the previous key of an asymmetric ring keeps no private part', async () => {
    const secret = await jwtSecret(laptop, { jwt_secret_key: pem('ec', 'pkcs8'), jwt_algorithm: 'ES256' });
    await secret.rotateAndSettle();
    await secret.rotate();
    const { previous, current, next } = secret.payload().jwt_key_ring!;
    expect(Object.keys(previous!.jwk).sort()).toEqual(['crv', 'kty', 'x', 'y']);
    expect(current.jwk).toHaveProperty('d');
    expect(next!.jwk).toHaveProperty('d');
  });

  test('a change of the algorithm is a rotation like another, there and back', async () => {
    const secret = await jwtSecret(laptop, LEGACY, { algorithm: 'ES256' });
    await secret.rotateAndSettle();
    await secret.rotateAndSettle();
    expect(secret.payload().jwt_algorithm).toBe('ES256');
    const back = await manage(laptop, {
      value: secret.value(),
      settings: v.parse(JwtSettings, {}),
      rotator: () => createJwtRotator({ now: () => laptop.clock.now() }),
    });
    await back.rotate();
    // Without the setting the algorithm stays what it has become.
    expect(JSON.parse(back.value()).jwt_key_ring.next.alg).toBe('ES256');
  });

  test('a ring without next gets one, and its previous key stays while its tokens live', async () => {
    const now = laptop.clock.now();
    const [previous, current] = await Promise.all(
      [1, 2].map(() => generateRingKey('HS256', { now, rsaModulusBits: 2048 })),
    );
    const verifyUntil = new Date(now.getTime() + 60_000).toISOString();
    const value = {
      jwt_secret_key: secretKeyText(current!),
      jwt_key_ring: { previous: { ...previous, verifyUntil }, current, next: null, note: 'kept' },
    };
    const secret = await jwtSecret(laptop, value);
    expect((await secret.rotate()).promoted).toBe(true);
    expect(secret.payload().jwt_key_ring).toMatchObject({
      previous: { kid: previous!.kid },
      current: { kid: current!.kid },
    });
    expect(secret.payload().jwt_key_ring!.next).toBeTruthy();
  });

  test.each([
    ['shorter than its hash', Buffer.from('x'.repeat(31))],
    ['the text of a public key', Buffer.from(pem('rsa', 'pkcs8').replaceAll('PRIVATE', 'PUBLIC'))],
  ])('a next that is %s never becomes the key that signs: another one is published in its place', async (_name, bytes) => {
    const current = await generateRingKey('HS256', { now: laptop.clock.now(), rsaModulusBits: 2048 });
    const next = { kid: 'put by hand', alg: 'HS256', jwk: { kty: 'oct', k: bytes.toString('base64url') } };
    const secret = await jwtSecret(laptop, { jwt_secret_key: secretKeyText(current), jwt_key_ring: { current, next } });
    await secret.rotateAndSettle();
    const ring = secret.payload().jwt_key_ring!;
    expect([ring.current.kid, ring.next?.kid === next.kid]).toEqual([current.kid, false]);
    await secret.rotateAndSettle();
    expect(Buffer.from(secret.payload().jwt_secret_key).length).toBeGreaterThanOrEqual(32);
  });

  test('one key is kept for one previous: while its tokens live another rotation is refused with the time', async () => {
    const secret = await jwtSecret(laptop, LEGACY);
    await secret.rotateAndSettle();
    const { token } = await secret.rotate();
    // The in-flight label is gone before its time, as after a retirement that somebody forced.
    await secret.ask({
      operation: 'Retire',
      versionId: token,
      previousVersionId: await secret.versionWith('AWSPREVIOUS'),
      promotedAt: laptop.clock.now().toISOString(),
    });
    expect((await secret.rotate()).promoted).toBe(false);
    expect(secret.failures.at(-1)).toMatchObject({
      code: 'UnsafeRotation',
      message: expect.stringMatching(/may live until 2026-/),
    });
  });

  test('jwt_secret_key put by hand beside a ring is refused with what to do, not guessed', async () => {
    const secret = await jwtSecret(laptop, LEGACY);
    await secret.rotateAndSettle();
    await secret.put(JSON.stringify({ ...secret.payload(), jwt_secret_key: 'somebody-typed-this' }));
    expect((await secret.rotate()).promoted).toBe(false);
    expect(secret.failures.at(-1)).toMatchObject({
      code: 'UnsafeRotation',
      message: expect.stringMatching(/Put a value without jwt_key_ring/),
    });
    expect(String((secret.failures.at(-1) as Error).message)).not.toContain('somebody-typed-this');
  });

  test.each([
    ['no key at all', { jwt_algorithm: 'HS256' }, /jwt_secret_key: expected/],
    ['an algorithm that is none', { jwt_secret_key: 'x', jwt_algorithm: 'none' }, /jwt_algorithm: expected/],
    [
      'a text where a key pair is needed',
      { jwt_secret_key: 'hunter2-hunter2', jwt_algorithm: 'RS256' },
      /no RS256 key/,
    ],
    ['a key of another type', { jwt_secret_key: pem('ec', 'pkcs8'), jwt_algorithm: 'RS256' }, /no RS256 key/],
    ['a PEM as the secret of an HMAC', { jwt_secret_key: pem('rsa', 'pkcs8'), jwt_algorithm: 'HS256' }, /no HS256 key/],
    [
      'a lifetime that is no number',
      { jwt_secret_key: 'x', jwt_access_token_expire_minutes: 'soon' },
      /expire_minutes/,
    ],
  ])('%s: refused by name, without a value', async (_, value, message) => {
    const secret = await jwtSecret(laptop, value);
    expect((await secret.rotate()).promoted).toBe(false);
    const error = secret.failures.at(-1) as Error & { code: string };
    expect(error).toMatchObject({ code: 'PayloadInvalid', message: expect.stringMatching(message) });
    expect(error.message).not.toMatch(/hunter2|BEGIN|soon/);
    expect(error.cause).toBeUndefined();
  });
});

describe('the test step', () => {
  const candidate = async (change: (payload: any, current: any) => void, options: { emergency?: boolean } = {}) => {
    const rotator = createJwtRotator({ now: () => laptop.clock.now() });
    const settings = v.parse(JwtSettings, {});
    const rotation = {
      secretArn: 'arn',
      secretName: 'app/jwt',
      token: 't',
      settings,
      emergency: options.emergency ?? false,
      assertNotOvertaken: async () => undefined,
    };
    const parse = (value: object) => rotator.parse('arn', JSON.stringify(value));
    const first = await rotator.create(
      { ...rotation, emergency: false },
      { current: { versionId: '1', payload: parse(LEGACY) } },
    );
    const second = structuredClone(await rotator.create(rotation, { current: { versionId: '2', payload: first } }));
    change(second, first);
    const versions = {
      current: { versionId: '2', payload: first },
      pending: { versionId: '3', payload: parse(second) },
    };
    return rotator.test(rotation, versions);
  };
  const other = () => generateRingKey('HS256', { now: new Date(), rsaModulusBits: 2048 });

  test('accepts what create made', async () => {
    await candidate(() => {});
    await candidate(() => {}, { emergency: true });
  });

  test('a new current key that stale consumers have never seen is rejected', async () => {
    const stranger = await other();
    const strange = candidate((payload) => {
      payload.jwt_key_ring.current = stranger;
      payload.jwt_secret_key = secretKeyText(stranger);
    });
    await expect(strange).rejects.toMatchObject({
      code: 'CandidateRejected',
      message: expect.stringContaining('the ring that stale consumers hold'),
    });
  });

  test('a ring that has forgotten the key that signs today is rejected', async () => {
    const forgetful = candidate((payload) => {
      payload.jwt_key_ring.previous = null;
    });
    await expect(forgetful).rejects.toThrow(/tokens issued until now/);
  });

  test('jwt_secret_key that is not the ring’s current key is rejected', async () => {
    const divided = candidate((payload) => {
      payload.jwt_secret_key = 'another';
    });
    await expect(divided).rejects.toThrow(/not the current key of its ring/);
  });

  test('a candidate that has lain too long would cut tokens off, and is rejected', async () => {
    const late = candidate((payload) => {
      payload.jwt_key_ring.previous.verifyUntil = new Date(laptop.clock.now().getTime() + 1_000).toISOString();
    });
    await expect(late).rejects.toThrow(/made too long ago/);
  });

  test('an emergency that keeps a compromised key is rejected, whichever of the three it is', async () => {
    for (const place of ['current', 'next'] as const) {
      const kept = candidate(
        (payload, compromised) => {
          payload.jwt_key_ring.next = compromised.jwt_key_ring[place];
        },
        { emergency: true },
      );
      await expect(kept).rejects.toMatchObject({
        code: 'CandidateRejected',
        message: expect.stringContaining('compromised'),
      });
    }
  });
});

test('a rolled back rotation: tokens signed with the failed version still verify, and the next rotation goes on', async () => {
  const secret = await jwtSecret(laptop, LEGACY);
  await secret.rotateAndSettle();
  const { token, previous } = await secret.rotate();
  const signed = await signAsLegacyReader(secret.payload());
  const result = await secret.ask({ operation: 'RollBack', versionId: token, previousVersionId: previous });
  expect(result).toEqual({ rolledBack: true, restoredVersionId: previous });
  await verifySignature(signed, verificationKeys(secret.payload().jwt_key_ring!, laptop.clock.now()));
  await secret.rotateAndSettle();
});

test('jose verifies what a reader of the ring signs, for every algorithm', async () => {
  for (const alg of jwtAlgorithms as readonly JwtAlgorithm[]) {
    const key = await generateRingKey(alg, { now: new Date(), rsaModulusBits: 2048 });
    const token = await signAsLegacyReader({ jwt_secret_key: secretKeyText(key), jwt_algorithm: alg });
    const material = alg.startsWith('HS') ? Buffer.from(secretKeyText(key)) : createPrivateKey(secretKeyText(key));
    const publicKey = alg.startsWith('HS') ? material : createPublicKey(material as never);
    expect((await jwtVerify(token, publicKey as never)).payload.sub).toBe('me');
  }
});
