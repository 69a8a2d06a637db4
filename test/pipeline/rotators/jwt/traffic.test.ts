import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { CompactSign, importJWK, type JWK } from 'jose';
import * as v from 'valibot';
import type { JwtAlgorithm, RingKey, StoredJwtPayload } from '../../../../packages/consumer/contracts/jwt.ts';
import { verificationKeys } from '../../../../packages/consumer/contracts/key-ring.ts';
import { JwtSettings } from '../../../../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { heldKeys } from '../../../../pipeline/rotators/jwt/prove-ring.ts';
import { createJwksServer, HttpRequest } from '../../../../pipeline/rotators/jwt/serve-jwks.ts';
import { TokenRefused, verifySignature } from '../../../../pipeline/rotators/jwt/verify-token.ts';
import { byExtent } from '../../../extent.ts';
import { type Laptop, type Managed, manage, openLaptop } from '../native-rotation.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const TOKEN_LIFETIME = 30 * MINUTE;
/** The slowest signer is on the new key after its cache's age and the longest invocation. */
const CONVERGENCE_BOUND = HOUR + 30;
/** After this no token of a key that was replaced can live: the latest promotion, the slowest signer, its last token, clocks. */
const LONGEST_ACCEPTED = 900 + CONVERGENCE_BOUND + TOKEN_LIFETIME + 60;

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const seconds = () => laptop.clock.now().getTime() / 1000;

/** What a consumer holds: read again only when its age is over, whatever happens meanwhile. */
class Cache<Value> {
  readonly ageSeconds: number;
  readonly #read: () => Value;
  #held: { value: Value; at: number } | undefined;

  constructor(ageSeconds: number, read: () => Value) {
    this.ageSeconds = ageSeconds;
    this.#read = read;
  }

  get(): Value {
    if (!this.#held || seconds() - this.#held.at >= this.ageSeconds)
      this.#held = { value: this.#read(), at: seconds() };
    return this.#held.value;
  }
}

interface Token {
  readonly text: string;
  readonly endsAt: number;
}

interface Verifier {
  readonly name: string;
  /** For so long it may hold a ring after it has changed. */
  readonly ageSeconds: number;
  keys(): Promise<RingKey[]>;
}

async function accepts(verifier: Verifier, token: Token): Promise<true | string> {
  if (seconds() >= token.endsAt) return 'it has ended';
  try {
    await verifySignature(token.text, await verifier.keys());
    return true;
  } catch (error) {
    if (error instanceof TokenRefused) return error.message;
    throw error;
  }
}

async function sign(payload: StoredJwtPayload, as: 'ring' | 'legacy', endsAt: number): Promise<Token> {
  const { current } = payload.jwt_key_ring ?? {};
  const { jwt_algorithm: alg, jwt_secret_key: secretKey } = payload;
  const isOld = as === 'legacy' || !current;
  const plainKey = () => (alg.startsWith('HS') ? Buffer.from(secretKey) : createPrivateKey(secretKey));
  const text = await new CompactSign(Buffer.from(JSON.stringify({ exp: endsAt })))
    .setProtectedHeader(isOld ? { alg } : { alg: current.alg, kid: current.kid })
    .sign(isOld ? plainKey() : await importJWK(current.jwk as JWK, current.alg));
  return { text, endsAt };
}

function verifiersOf(secret: Managed): Verifier[] {
  const read = () => JSON.parse(secret.value()) as StoredJwtPayload;
  const withAge = (ageSeconds: number): Verifier => {
    const cache = new Cache(ageSeconds, read);
    return {
      name: `cache of ${ageSeconds} s`,
      ageSeconds,
      keys: () => heldKeys('app/jwt', cache.get(), laptop.clock.now()),
    };
  };
  return [0, MINUTE, 5 * MINUTE, HOUR, 12 * HOUR].map(withAge);
}

/** A verifier that knows nothing but the key set's URL, and holds an answer exactly as long as it is told. */
function jwksVerifier(secret: Managed): Verifier {
  const serve = createJwksServer({
    read: async () => JSON.parse(secret.value()) as StoredJwtPayload,
    secretName: 'app/jwt',
    now: () => laptop.clock.now(),
    maxAgeSeconds: 5 * MINUTE,
    warn: (message) => {
      throw new Error(message);
    },
  });
  const request = v.parse(HttpRequest, { requestContext: { http: { method: 'GET' } } });
  let held: { keys: RingKey[]; until: number } | undefined;
  return {
    name: 'JWKS',
    ageSeconds: 0,
    async keys() {
      if (!held || seconds() >= held.until) {
        const { body, headers } = await serve(request);
        const maxAge = Number(/max-age=(\d+)/.exec(headers['cache-control']!)![1]);
        const keys = (JSON.parse(body).keys as (JWK & { kid: string; alg: JwtAlgorithm; kty: string })[]).map(
          (jwk): RingKey => ({ kid: jwk.kid, alg: jwk.alg, jwk: jwk as RingKey['jwk'] }),
        );
        held = { keys, until: seconds() + maxAge };
      }
      return held.keys;
    },
  };
}

const firstKey: Record<string, () => string> = {
  HS256: () => 'the-secret-that-was-there-before-any-ring',
  RS256: () =>
    String(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })),
  EdDSA: () => String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
};

/** Pairs are slow, RSA's to make and Ed25519's to verify with: fewer rotations of them, and none of RSA in the short run. */
const all = { HS256: 10, RS256: 4, EdDSA: 4 };
const rotationsOf = byExtent<Record<string, number>>({ short: { HS256: 4, EdDSA: 2 }, wide: all, long: all });
test.each(Object.entries(rotationsOf))(
  '%s: %d rotations under traffic, caches of different ages and none that refetches',
  async (algorithm, rotations) => {
    const secret = await manage(laptop, {
      value: JSON.stringify({
        jwt_secret_key: firstKey[algorithm]!(),
        jwt_algorithm: algorithm,
        jwt_access_token_expire_minutes: TOKEN_LIFETIME / 60,
      }),
      settings: v.parse(JwtSettings, { convergenceBoundSeconds: CONVERGENCE_BOUND }),
      rotator: () => createJwtRotator({ now: () => laptop.clock.now() }),
    });
    const read = () => JSON.parse(secret.value()) as StoredJwtPayload;
    const signers = [0, 5 * MINUTE, HOUR].flatMap((age) =>
      (['ring', 'legacy'] as const).map((as) => ({ as, cache: new Cache(age, read) })),
    );
    const verifiers = verifiersOf(secret);
    if (algorithm !== 'HS256') verifiers.push(jwksVerifier(secret));
    const counts = { issued: 0, verified: 0, forged: 0 };
    const refused: string[] = [];
    const accepted: string[] = [];
    let living: Token[] = [];
    /** Keys that have left the ring, with what a thief could sign with them, and since when they are revoked. */
    let stolen: { token: Token; kid: string; since: number }[] = [];

    const tick = async () => {
      for (const { as, cache } of signers) {
        living.push(await sign(cache.get(), as, seconds() + TOKEN_LIFETIME));
        counts.issued += 1;
      }
      living = living.filter((token) => token.endsAt > seconds());
      for (const verifier of verifiers) {
        // The youngest token of each signer, and those that are about to end.
        for (const token of [...living.slice(-signers.length), ...living.slice(0, signers.length)]) {
          const verdict = await accepts(verifier, token);
          counts.verified += 1;
          if (verdict !== true) refused.push(`${verifier.name} at ${laptop.clock.now().toISOString()}: ${verdict}`);
        }
        for (const { token, kid, since } of stolen) {
          // A cache that is older than the time between promotion and revocation learns of it when it has run out.
          if (seconds() < since + (verifier.ageSeconds > HOUR ? verifier.ageSeconds : 0)) continue;
          counts.forged += 1;
          if ((await accepts(verifier, token)) === true) accepted.push(`${verifier.name}: ${kid} after its end`);
        }
      }
    };
    const pass = async (duration: number, step: number) => {
      for (let at = 0; at < duration; at += step) {
        await laptop.clock.advance(step * 1000);
        await tick();
      }
    };

    await pass(HOUR, 10 * MINUTE);
    for (let round = 0; round < rotations; round += 1) {
      const before = read();
      const { token: versionId, previous: previousVersionId, promoted } = await secret.rotate();
      expect(promoted).toBe(true);
      const promotedAt = laptop.clock.now().toISOString();
      const ring = read().jwt_key_ring!;
      if (ring.previous) {
        const token = await sign(before, 'ring', seconds() + 400 * HOUR);
        stolen = [...stolen, { token, kid: ring.previous.kid, since: seconds() + LONGEST_ACCEPTED }].slice(-2);
      }
      await pass(3 * HOUR, 9 * MINUTE);
      const request = { versionId, previousVersionId, promotedAt };
      expect(await secret.ask({ operation: 'GatherEvidence', ...request })).toMatchObject({ verdict: 'free' });
      expect(await secret.ask({ operation: 'Retire', ...request })).toEqual({ retired: true });
      await pass(21 * HOUR, 3 * HOUR);
    }
    expect(refused.slice(0, 3)).toEqual([]);
    expect(accepted.slice(0, 3)).toEqual([]);
    expect(counts.issued).toBeGreaterThan(150 * rotations);
    expect(counts.forged).toBeGreaterThan(150 * (rotations - 3));
    console.info(`${algorithm}: ${JSON.stringify(counts)}`);
  },
  180_000,
);

test('an emergency: the compromised key is out at once for who reads at once, and for a cache when it has run out', async () => {
  const secret = await manage(laptop, {
    value: JSON.stringify({ jwt_secret_key: firstKey.EdDSA!(), jwt_algorithm: 'EdDSA' }),
    settings: v.parse(JwtSettings, {}),
    rotator: () => createJwtRotator({ now: () => laptop.clock.now() }),
  });
  await secret.rotate();
  const read = () => JSON.parse(secret.value()) as StoredJwtPayload;
  const verifiers = [...verifiersOf(secret), jwksVerifier(secret)];
  const stolen = await sign(read(), 'ring', seconds() + 400 * HOUR);
  const published = { ...read(), jwt_key_ring: { current: read().jwt_key_ring!.next! } } as StoredJwtPayload;
  const stolenNext = await sign(published, 'ring', seconds() + 400 * HOUR);
  for (const verifier of verifiers) expect(await accepts(verifier, stolen)).toBe(true);

  const from = seconds();
  expect((await secret.rotate({ emergency: true })).promoted).toBe(true);
  const good = await sign(read(), 'ring', seconds() + 400 * HOUR);
  for (const verifier of [...verifiers].sort((a, b) => a.ageSeconds - b.ageSeconds)) {
    const bound = verifier.name === 'JWKS' ? 5 * MINUTE : verifier.ageSeconds;
    await laptop.clock.advance(Math.max(0, from + bound - seconds()) * 1000);
    expect({ verifier: verifier.name, stolen: await accepts(verifier, stolen) }).not.toMatchObject({ stolen: true });
    expect({ verifier: verifier.name, stolen: await accepts(verifier, stolenNext) }).not.toMatchObject({
      stolen: true,
    });
    expect({ verifier: verifier.name, good: await accepts(verifier, good) }).toMatchObject({ good: true });
  }
  expect(verificationKeys(read().jwt_key_ring!, laptop.clock.now())).toHaveLength(2);
});
