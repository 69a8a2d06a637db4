import type { webcrypto } from 'node:crypto';
import {
  HmacKeyUnfit,
  isHmac,
  leastHmacBytes,
  readHmacJwk,
  readHmacKey,
  shortHmacKeys,
} from './contracts/hmac-keys.ts';
import type { JwtAlgorithm, JwtPayload, RingKey } from './contracts/jwt.ts';
import { publicJwk, verificationKey, verificationKeys } from './contracts/key-ring.ts';
import { privateJwk } from './contracts/private-key.ts';
import { SecretMalformedError } from './errors.ts';
import { loadJose } from './load-jose.ts';
import type { VersionedReader } from './versioned-reader.ts';

/** A key in the form that `jose` takes. */
export type Key = webcrypto.CryptoKey | Uint8Array;

/** A key that verifies tokens. */
export interface VerificationKey {
  /** Undefined where the issuer does not name its keys. The key then fits every token. */
  readonly kid: string | undefined;
  /** Undefined where the issuer does not bind the key to an algorithm. */
  readonly alg: string | undefined;
  import(alg: string): Promise<Key>;
}

/** Returns the key that signs, and its name where it has one. @throws SecretMalformedError */
export async function signingKey(
  secretId: string,
  payload: JwtPayload,
): Promise<{ kid: string | undefined; alg: JwtAlgorithm; key: Key }> {
  const ring = payload.jwt_key_ring;
  const alg = ring?.current.alg ?? payload.jwt_algorithm;
  const key = await usable(secretId, alg, () => (ring ? importRingKey(ring.current) : importSecretKey(payload)));
  return { kid: ring?.current.kid, alg, key };
}

/** Returns the keys whose tokens are accepted at `now`. A secret without a ring has one key, which has no name. */
export function secretVerificationKeys(secretId: string, payload: JwtPayload, now: Date): VerificationKey[] {
  const ring = payload.jwt_key_ring;
  if (!ring) {
    const alg = payload.jwt_algorithm;
    return [{ kid: undefined, alg, import: () => usable(secretId, alg, () => importPublicPart(payload)) }];
  }
  return verificationKeys(ring, now).map((key) => ({
    kid: key.kid,
    alg: key.alg,
    import: () => usable(secretId, key.alg, () => importRingKey(verificationKey(key))),
  }));
}

/** Reports short keys, once for each value. They are read all the same, because tokens that they signed are in use. */
export function observeShortKeys(
  { observe }: Pick<VersionedReader, 'observe'>,
  secretId: string,
  payload: JwtPayload,
  now: Date,
): void {
  for (const { algorithm, leastBytes } of shortHmacKeys(payload, now)) {
    observe({ event: 'short-key', secretId, algorithm, leastBytes });
  }
}

/** Checks a symmetric key before it is used. `jose` checks that other keys fit their algorithm. */
async function importRingKey({ alg, jwk }: RingKey): Promise<Key> {
  if (isHmac(alg)) return readHmacJwk(alg, jwk).bytes;
  const { importJWK } = await loadJose();
  return (await importJWK(jwk, alg)) as Key;
}

async function importSecretKey({ jwt_algorithm: alg, jwt_secret_key: text }: JwtPayload): Promise<Key> {
  if (isHmac(alg)) return readHmacKey(alg, text).bytes;
  const { importJWK } = await loadJose();
  return (await importJWK({ ...privateJwk(text), ext: true }, alg)) as Key;
}

/** Drops the private part, so that a verifier holds no key that signs. */
async function importPublicPart(payload: JwtPayload): Promise<Key> {
  const { exportJWK, importJWK } = await loadJose();
  const key = await importSecretKey(payload);
  if (key instanceof Uint8Array) return key;
  const alg = payload.jwt_algorithm;
  const jwk = await exportJWK(key as Parameters<typeof exportJWK>[0]);
  return (await importJWK(publicJwk({ kid: '', alg, jwk: { ...jwk, kty: jwk.kty as string } }) ?? {}, alg)) as Key;
}

/** Names what is wrong with the key. Other causes are left out, because they may quote the key. */
async function usable(secretId: string, alg: JwtAlgorithm, make: () => Promise<Key>): Promise<Key> {
  try {
    return await make();
  } catch (error) {
    const why = error instanceof HmacKeyUnfit ? ` ${error.message}` : '';
    const expected = isHmac(alg)
      ? `a random text of at least ${leastHmacBytes(alg)} bytes, or the "jwt_algorithm" of a key pair,`
      : 'a private key as PEM (PKCS #8, PKCS #1 or SEC 1)';
    throw new SecretMalformedError(
      `Secret ${secretId} holds no ${alg} key that can be used.${why} Expected ${expected} under jwt_secret_key, or a key ring.`,
    );
  }
}
