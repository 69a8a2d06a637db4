import type { webcrypto } from 'node:crypto';
import type { JwtPayload } from './contracts/jwt.ts';
import { publicJwk, verificationKeys } from './contracts/key-ring.ts';
import { SecretMalformedError } from './errors.ts';
import { loadJose } from './load-jose.ts';

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

/** The key that signs, and its name where it has one. */
export async function signingKey(
  secretId: string,
  payload: JwtPayload,
): Promise<{ kid: string | undefined; alg: string; key: Key }> {
  const { importJWK } = await loadJose();
  const ring = payload.jwt_key_ring;
  const alg = ring?.current.alg ?? payload.jwt_algorithm;
  try {
    const key = ring ? await importJWK(ring.current.jwk, alg) : await importSecretKey(payload);
    return { kid: ring?.current.kid, alg, key: key as Key };
  } catch {
    throw unusable(secretId, alg);
  }
}

/** The keys of a secret whose tokens are accepted at `now`. Without a ring: the one key, which has no name. */
export function secretVerificationKeys(secretId: string, payload: JwtPayload, now: Date): VerificationKey[] {
  const ring = payload.jwt_key_ring;
  if (!ring) {
    const alg = payload.jwt_algorithm;
    return [{ kid: undefined, alg, import: () => guarded(secretId, alg, () => importPublicPart(payload)) }];
  }
  return verificationKeys(ring, now).map((key) => ({
    kid: key.kid,
    alg: key.alg,
    import: () =>
      guarded(secretId, key.alg, async () => (await loadJose()).importJWK(publicJwk(key) ?? key.jwk, key.alg)),
  }));
}

async function importSecretKey(payload: JwtPayload): Promise<unknown> {
  const { importPKCS8 } = await loadJose();
  if (payload.jwt_algorithm.startsWith('HS')) return new TextEncoder().encode(payload.jwt_secret_key);
  return importPKCS8(payload.jwt_secret_key, payload.jwt_algorithm, { extractable: true });
}

/** A verifier never holds what could sign. */
async function importPublicPart(payload: JwtPayload): Promise<unknown> {
  const { exportJWK, importJWK } = await loadJose();
  const key = await importSecretKey(payload);
  if (key instanceof Uint8Array) return key;
  const alg = payload.jwt_algorithm;
  const jwk = await exportJWK(key as Parameters<typeof exportJWK>[0]);
  return importJWK(publicJwk({ kid: '', alg, jwk: { ...jwk, kty: jwk.kty as string } }) ?? {}, alg);
}

async function guarded(secretId: string, alg: string, make: () => Promise<unknown>): Promise<Key> {
  try {
    return (await make()) as Key;
  } catch {
    throw unusable(secretId, alg);
  }
}

/** The cause is dropped on purpose: it may quote the key. */
function unusable(secretId: string, alg: string): SecretMalformedError {
  return new SecretMalformedError(
    `Secret ${secretId} holds no ${alg} key that can be used. Expected ${alg.startsWith('HS') ? 'text' : 'a private key as PKCS #8 PEM'} under jwt_secret_key, or a key ring.`,
  );
}
