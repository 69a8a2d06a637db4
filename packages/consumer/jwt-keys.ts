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
import { SecretMalformedError } from './errors.ts';
import { loadJose } from './load-jose.ts';
import type { VersionedReader } from './versioned-reader.ts';

/** A key as `jose` takes it. */
export type Key = webcrypto.CryptoKey | Uint8Array;

/** A key that tokens are verified with. */
export interface VerificationKey {
  /** Undefined where the issuer does not name its keys: it then fits every token. */
  readonly kid: string | undefined;
  /** Undefined where the issuer does not bind its key to one. */
  readonly alg: string | undefined;
  import(alg: string): Promise<Key>;
}

/** The key that signs, and its name where it has one. @throws SecretMalformedError */
export async function signingKey(
  secretId: string,
  payload: JwtPayload,
): Promise<{ kid: string | undefined; alg: JwtAlgorithm; key: Key }> {
  const ring = payload.jwt_key_ring;
  const alg = ring?.current.alg ?? payload.jwt_algorithm;
  const key = await usable(secretId, alg, () => (ring ? importRingKey(ring.current) : importSecretKey(payload)));
  return { kid: ring?.current.kid, alg, key };
}

/** The keys of a secret whose tokens are accepted at `now`. Without a ring: the one key, which has no name. */
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

/** Short keys are read, since tokens that they signed are in use. Each value that holds one is observed once. */
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

/** A symmetric key passes the test of HMAC keys; `jose` refuses a JWK that is not of its algorithm. */
async function importRingKey({ alg, jwk }: RingKey): Promise<Key> {
  if (isHmac(alg)) return readHmacJwk(alg, jwk).bytes;
  const { importJWK } = await loadJose();
  return (await importJWK(jwk, alg)) as Key;
}

async function importSecretKey({ jwt_algorithm: alg, jwt_secret_key: text }: JwtPayload): Promise<Key> {
  if (isHmac(alg)) return readHmacKey(alg, text).bytes;
  const { importPKCS8 } = await loadJose();
  return (await importPKCS8(text, alg, { extractable: true })) as Key;
}

/** A verifier never holds what could sign. */
async function importPublicPart(payload: JwtPayload): Promise<Key> {
  const { exportJWK, importJWK } = await loadJose();
  const key = await importSecretKey(payload);
  if (key instanceof Uint8Array) return key;
  const alg = payload.jwt_algorithm;
  const jwk = await exportJWK(key as Parameters<typeof exportJWK>[0]);
  return (await importJWK(publicJwk({ kid: '', alg, jwk: { ...jwk, kty: jwk.kty as string } }) ?? {}, alg)) as Key;
}

/** Every other cause is dropped on purpose: it may quote the key. */
async function usable(secretId: string, alg: JwtAlgorithm, make: () => Promise<Key>): Promise<Key> {
  try {
    return await make();
  } catch (error) {
    const why = error instanceof HmacKeyUnfit ? ` ${error.message}` : '';
    const expected = isHmac(alg)
      ? `a random text of at least ${leastHmacBytes(alg)} bytes, or the "jwt_algorithm" of a key pair,`
      : 'a private key as PKCS #8 PEM';
    throw new SecretMalformedError(
      `Secret ${secretId} holds no ${alg} key that can be used.${why} Expected ${expected} under jwt_secret_key, or a key ring.`,
    );
  }
}
