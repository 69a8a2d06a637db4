import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { type JwtAlgorithm, type JwtPayload, jwtAlgorithms } from '../../../packages/consumer/contracts/jwt.ts';
import { TokenRefusedError } from '../../../packages/consumer/errors.ts';
import { JwtSigner } from '../../../packages/consumer/jwt-signer.ts';
import { JwtVerifier } from '../../../packages/consumer/jwt-verifier.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { environment, makeSecret, reads, startStores } from './laptop.ts';
import { caught, rotatingKeysIn } from './rotating-keys.ts';

let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startStores();
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

const rotatingKeys = (...given: [algorithm?: JwtAlgorithm, fields?: Partial<JwtPayload>]) =>
  rotatingKeysIn(cloud, ...given);

describe('signing and verifying with a secret', () => {
  test.each(
    jwtAlgorithms.filter((alg) => !/384|512/.test(alg) || alg === 'HS512'),
  )('%s, before and after its first rotations', async (alg) => {
    const fields: Partial<JwtPayload> = { jwt_algorithm: alg };
    if (!alg.startsWith('HS')) {
      const { privateKey } = await generateKeyPair(alg, { extractable: true });
      fields.jwt_secret_key = await exportPKCS8(privateKey);
    }
    const keys = await rotatingKeys(alg, fields);
    for (let rotation = 0; rotation < 3; rotation += 1) {
      const { signer, verifier } = keys.consumer();
      const { claims, kid } = await verifier.verify(await signer.sign({ sub: 'ann' }));
      expect(claims).toMatchObject({ sub: 'ann', iat: keys.clock.now / 1000 });
      expect(kid).toBe(rotation === 0 ? undefined : keys.ring().current.kid);
      await keys.rotate();
    }
  });

  test('issuer, audience and lifetime are the secret’s, and are asked for', async () => {
    const keys = await rotatingKeys('HS256', {
      jwt_issuer: 'https://issuer.example',
      jwt_audience: ['shop', 'api'],
      jwt_access_token_expire_minutes: 15,
    });
    const { signer, verifier } = keys.consumer();
    const { claims } = await verifier.verify(await signer.sign({}));
    expect(claims).toMatchObject({
      iss: 'https://issuer.example',
      aud: ['shop', 'api'],
      exp: keys.clock.now / 1000 + 900,
    });
    for (const wrong of [{ iss: 'https://other.example' }, { aud: 'elsewhere' }]) {
      expect(await caught(verifier.verify(await signer.sign(wrong)))).toMatchObject({ refusal: 'claim' });
    }
    const token = await signer.sign({}, { expiresInSeconds: 60 });
    keys.clock.now += 64_000;
    await verifier.verify(token);
    keys.clock.now += 2_000;
    expect(await caught(verifier.verify(token))).toMatchObject({ refusal: 'expired' });
  });

  test('a claim that is undefined takes the place of nothing', async () => {
    const keys = await rotatingKeys('HS256', { jwt_issuer: 'https://issuer.example', jwt_audience: 'shop' });
    const { signer, verifier } = keys.consumer();
    const token = await signer.sign({ exp: undefined, iss: undefined, aud: undefined, iat: undefined } as never);
    expect((await verifier.verify(token)).claims).toMatchObject({
      iss: 'https://issuer.example',
      aud: 'shop',
      exp: keys.clock.now / 1000 + 3_600,
    });
  });

  test.each([
    { exp: null },
    { exp: '900' },
    { nbf: Number.NaN },
    { iat: Number.POSITIVE_INFINITY },
  ])('a time that is no number is refused: %p', async (claims) => {
    const { signer } = (await rotatingKeys()).consumer();
    expect(await caught(signer.sign(claims as never))).toMatchObject({ code: 'ConfigurationInvalidError' });
  });

  test.each([
    '900',
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
  ])('a lifetime of %p is refused', async (expiresInSeconds) => {
    const { signer } = (await rotatingKeys()).consumer();
    const refused = await caught(signer.sign({}, { expiresInSeconds: expiresInSeconds as never }));
    expect(refused).toMatchObject({
      code: 'ConfigurationInvalidError',
      message: expect.stringContaining('expiresInSeconds'),
    });
  });

  test.each([
    'pkcs1',
    'sec1',
    'pkcs8',
    'lines in one',
  ])('a private key as %s, which the rotator takes over, signs before its first rotation', async (form) => {
    const isRsa = form === 'pkcs1';
    const pair = isRsa
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const type = form === 'lines in one' ? 'pkcs8' : (form as 'pkcs8');
    const pem = String(pair.privateKey.export({ type: type as 'pkcs8', format: 'pem' }));
    const alg = isRsa ? 'RS256' : 'ES256';
    const text = form === 'lines in one' ? pem.replaceAll('\n', '\\n') : pem;
    const keys = await rotatingKeys(alg, { jwt_algorithm: alg, jwt_secret_key: text });
    const { signer, verifier } = keys.consumer();
    const token = await signer.sign({ sub: 'ann' });
    expect((await verifier.verify(token)).claims.sub).toBe('ann');
    await keys.rotate();
    expect((await keys.consumer().verifier.verify(await keys.consumer().signer.sign({}))).kid).toBe(
      keys.ring().current.kid,
    );
  });

  test('through ten rotations no token is refused, whichever of signer and verifier is one rotation behind', async () => {
    const keys = await rotatingKeys('ES256');
    await keys.rotate();
    let behind = keys.consumer();
    await behind.verifier.verify(await behind.signer.sign({}));
    for (let rotation = 0; rotation < 10; rotation += 1) {
      await keys.rotate();
      const ahead = keys.consumer();
      const calls = reads(cloud);
      await behind.verifier.verify(await ahead.signer.sign({}));
      await ahead.verifier.verify(await behind.signer.sign({}));
      // The stale verifier knew the new key already: `next` was published a whole rotation before.
      expect(reads(cloud) - calls).toBe(1);
      behind = ahead;
    }
  });

  test('tokens of the previous key are accepted until its time, and not after', async () => {
    const keys = await rotatingKeys('HS256', { jwt_access_token_expire_minutes: 60 });
    await keys.rotate();
    const token = await keys.consumer().signer.sign({ exp: keys.clock.now / 1000 + 10 * 86_400 });
    await keys.rotate();
    const { verifier } = keys.consumer();
    const until = Date.parse(keys.ring().previous?.verifyUntil ?? '');
    keys.clock.now = until - 1;
    await verifier.verify(token);
    keys.clock.now = until;
    expect(await caught(verifier.verify(token))).toMatchObject({ refusal: 'unknown-key' });
  });

  test('after an emergency a stale verifier finds the new key by one read, and refuses the old one', async () => {
    const keys = await rotatingKeys();
    await keys.rotate();
    const stale = keys.consumer();
    const old = await stale.signer.sign({});
    await stale.verifier.verify(old);
    await keys.rotate(true);
    const calls = reads(cloud);
    const fresh = await keys.consumer().signer.sign({});
    await stale.verifier.verify(fresh);
    expect(reads(cloud) - calls).toBe(2);
    expect(await caught(stale.verifier.verify(old))).toMatchObject({ refusal: 'unknown-key' });
  });

  test('a flood of made-up keys asks once in a cooldown', async () => {
    const keys = await rotatingKeys();
    await keys.rotate();
    const { verifier } = keys.consumer();
    const secret = new TextEncoder().encode('made up');
    const calls = reads(cloud);
    for (let i = 0; i < 100; i += 1) {
      keys.clock.now += 100;
      const token = await new SignJWT({ exp: 2e9 })
        .setProtectedHeader({ alg: 'HS256', kid: `made-up-${i}` })
        .sign(secret);
      expect(await caught(verifier.verify(token))).toBeInstanceOf(TokenRefusedError);
    }
    expect(reads(cloud) - calls).toBeLessThanOrEqual(1 + 3);
  });

  test('tokens without a kid, of libraries that read jwt_secret_key, are tried with every key', async () => {
    const keys = await rotatingKeys();
    const library = async () => {
      const { provider } = keys.consumer();
      const { value } = await provider.getVersioned<JwtPayload>('app/jwt', { transform: 'json' });
      return new SignJWT({ exp: keys.clock.now / 1000 + 60 })
        .setProtectedHeader({ alg: value.jwt_algorithm ?? 'HS256' })
        .sign(new TextEncoder().encode(value.jwt_secret_key));
    };
    const { verifier } = keys.consumer();
    for (let rotation = 0; rotation < 3; rotation += 1) {
      await verifier.verify(await library());
      await keys.rotate();
    }
    // This verifier has not read anew since before the first rotation: the proof was a signature that no key fits.
    await verifier.verify(await library());
  });
});

describe('refused', () => {
  test('what is no token, and algorithms that are not the key’s own', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const keys = await rotatingKeys('RS256', { jwt_algorithm: 'RS256', jwt_secret_key: await exportPKCS8(privateKey) });
    await keys.rotate();
    const { verifier, signer } = keys.consumer();
    expect(await caught(verifier.verify('hunter2'))).toMatchObject({ refusal: 'malformed' });
    const [header, body] = (await signer.sign({ sub: 'me' })).split('.') as [string, string, string];
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await caught(verifier.verify(`${none}.${body}.`))).toMatchObject({ refusal: 'malformed' });
    // The public key as the secret of a symmetric algorithm: everybody knows it.
    const forged = await new SignJWT({ exp: 2e9 })
      .setProtectedHeader({ alg: 'HS256', kid: keys.ring().current.kid })
      .sign(new TextEncoder().encode(await exportSPKI(publicKey)));
    expect(await caught(verifier.verify(forged))).toBeInstanceOf(TokenRefusedError);
    const altered = Buffer.from(JSON.stringify({ sub: 'admin', exp: 2e9 })).toString('base64url');
    const [, , signature] = (await signer.sign({ sub: 'me' })).split('.') as [string, string, string];
    expect(await caught(verifier.verify(`${header}.${altered}.${signature}`))).toMatchObject({ refusal: 'signature' });
  });

  test('the public key of an issuer as jwt_secret_key, without jwt_algorithm: tokens that were forged with it are refused', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const publicPem = await exportSPKI(publicKey);
    const bytes = Buffer.from(publicPem);
    const inRing = { kid: 'k', alg: 'HS256' as const, jwk: { kty: 'oct', k: bytes.toString('base64url') } };
    for (const text of [
      publicPem,
      `\ufeff\n  ${publicPem}`,
      bytes.toString('base64'),
      publicPem.replace(/-----.*-----|\s/g, ''),
      JSON.stringify(await exportJWK(publicKey)),
      JSON.stringify({ keys: [await exportJWK(publicKey)] }),
      await exportPKCS8(privateKey),
    ]) {
      for (const fields of [
        { jwt_secret_key: text },
        { jwt_secret_key: 'x'.repeat(32), jwt_key_ring: { current: inRing } },
      ]) {
        await cloud.reset();
        // No jwt_algorithm: HS256 is what readers assume.
        await makeSecret(cloud, 'app/jwt', JSON.stringify(fields));
        const { provider } = environment(cloud);
        const key = 'jwt_key_ring' in fields ? bytes : Buffer.from(text);
        const forged = await new SignJWT({ sub: 'admin', exp: 2e9 }).setProtectedHeader({ alg: 'HS256' }).sign(key);
        for (const attempt of [
          new JwtVerifier({ secretId: 'app/jwt', provider }).verify(forged),
          new JwtSigner({ secretId: 'app/jwt', provider }).sign({ sub: 'me' }),
        ]) {
          const error = await caught(attempt);
          expect(error).toMatchObject({
            code: 'SecretMalformedError',
            message: expect.stringContaining('jwt_algorithm'),
          });
          expect(error.message).toMatch(/The secret of HS256 is a (PEM|JWK|key in DER)\./);
          expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain(text.slice(40, 70));
        }
      }
    }
  });

  test('a key that is shorter than its hash signs and verifies, and each value with one is observed once', async () => {
    const keys = await rotatingKeys('HS256', { jwt_secret_key: 'x' });
    const { signer, verifier, observations } = keys.consumer();
    for (let i = 0; i < 3; i += 1) await verifier.verify(await signer.sign({}));
    const short = observations.filter(({ event }) => event === 'short-key');
    expect(short).toEqual(
      Array(2).fill({ event: 'short-key', secretId: 'app/jwt', algorithm: 'HS256', leastBytes: 32 }),
    );
    await keys.rotate();
    await keys.rotate();
    const later = keys.consumer();
    await later.verifier.verify(await later.signer.sign({}));
    // The short key no longer signs. Its tokens are accepted until their time, and that is observed.
    expect(later.observations.filter(({ event }) => event === 'short-key')).toHaveLength(2);
    expect(Buffer.from(keys.ring().current.jwk.k as string, 'base64url').length).toBeGreaterThanOrEqual(32);
    keys.clock.now += 86_400_000;
    const end = keys.consumer();
    await end.verifier.verify(await end.signer.sign({}));
    expect(end.observations.filter(({ event }) => event === 'short-key')).toEqual([]);
  });

  test('a token that never ends', async () => {
    const keys = await rotatingKeys();
    const { verifier } = keys.consumer();
    const endless = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode('a first secret of thirty-two bytes'));
    expect(await caught(verifier.verify(endless))).toMatchObject({ refusal: 'claim' });
  });

  test('a key that is none: named by the secret, never quoted', async () => {
    const keys = await rotatingKeys('RS256', { jwt_algorithm: 'RS256', jwt_secret_key: 'hunter2' });
    const { signer } = keys.consumer();
    const error = await caught(signer.sign({}));
    expect(error).toMatchObject({ code: 'SecretMalformedError', message: expect.stringContaining('PKCS #8') });
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain('hunter2');
  });
});
