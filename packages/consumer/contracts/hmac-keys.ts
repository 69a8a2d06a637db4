import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import type { JwtAlgorithm, KeyRing } from './jwt.ts';
import { verificationKeys } from './key-ring.ts';

/** RFC 7518, section 3.2: the key of an HMAC is at least as long as its hash. */
const hashBytes = { HS256: 32, HS384: 48, HS512: 64 } as const;
/** @internal */
export type HmacAlgorithm = keyof typeof hashBytes;

/** @internal Whether tokens of the algorithm are signed and verified with one shared secret. */
export function isHmac(algorithm: string): algorithm is HmacAlgorithm {
  return Object.hasOwn(hashBytes, algorithm);
}

/** @internal The least bytes of a key for the algorithm. */
export function leastHmacBytes(algorithm: HmacAlgorithm): number {
  return hashBytes[algorithm];
}

/** @internal A text cannot be the secret of an HMAC. The message names the kind of key that it holds, and does not quote it. */
export class HmacKeyUnfit extends Error {
  override readonly name = 'HmacKeyUnfit';

  constructor(algorithm: string, found: string) {
    super(`The secret of ${algorithm} is ${found}. A verifier that takes it accepts tokens that any caller can make.`);
  }
}

/**
 * Reads the key of an HMAC. A short one is read, since tokens that it signed are in use; `isShort` says so.
 * @param key the text of `jwt_secret_key`, or the bytes of a JWK's `k`
 * @throws HmacKeyUnfit where the key is a PEM, a JWK, an SSH key, a certificate or another key of a key pair
 * @internal
 */
export function readHmacKey(
  algorithm: HmacAlgorithm,
  key: string | Uint8Array,
): { readonly bytes: Uint8Array; readonly isShort: boolean } {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
  if (bytes.length === 0) throw new HmacKeyUnfit(algorithm, 'empty');
  const found = keyMaterialIn(bytes);
  if (found) throw new HmacKeyUnfit(algorithm, found);
  return { bytes, isShort: bytes.length < hashBytes[algorithm] };
}

/** @internal The bytes of a symmetric JWK. @throws HmacKeyUnfit where it is a key of a pair, or has no bytes */
export function readHmacJwk(algorithm: HmacAlgorithm, jwk: Readonly<Record<string, unknown>>) {
  const { kty, k } = jwk;
  if (kty !== 'oct') throw new HmacKeyUnfit(algorithm, 'a JWK of another type than oct');
  if (typeof k !== 'string') throw new HmacKeyUnfit(algorithm, 'a JWK without "k"');
  return readHmacKey(algorithm, Buffer.from(k, 'base64url'));
}

/** @internal A key in use that is shorter than its hash. */
export interface ShortHmacKey {
  /** Undefined where the secret has no ring. */
  readonly kid: string | undefined;
  readonly algorithm: HmacAlgorithm;
  readonly leastBytes: number;
}

/** @internal Returns the keys in use at `now` that are shorter than their hash. Such a key can be guessed. */
export function shortHmacKeys(
  { jwt_key_ring: ring, jwt_algorithm, jwt_secret_key }: ReadableKeys,
  now: Date,
): ShortHmacKey[] {
  const keys = ring
    ? verificationKeys(ring, now).map(({ kid, alg, jwk }) => ({
        kid,
        alg,
        bytes: Buffer.from(String(jwk.k ?? ''), 'base64url'),
      }))
    : [{ kid: undefined, alg: jwt_algorithm, bytes: Buffer.from(jwt_secret_key, 'utf8') }];
  return keys.flatMap(({ kid, alg, bytes }) =>
    isHmac(alg) && bytes.length < hashBytes[alg] ? [{ kid, algorithm: alg, leastBytes: hashBytes[alg] }] : [],
  );
}

interface ReadableKeys {
  readonly jwt_secret_key: string;
  readonly jwt_algorithm: JwtAlgorithm;
  readonly jwt_key_ring?: KeyRing | undefined;
}

/** How often Base64 or hexadecimal is taken off: Kubernetes and CI systems wrap a value that is wrapped already. */
const MOST_WRAPPINGS = 2;

/**
 * What kind of key material the bytes are, also wrapped in Base64 or hexadecimal; undefined where they are none. An
 * issuer shows its public key to everybody, so an HMAC with it as the secret proves nothing (CVE-2022-29217).
 * https://datatracker.ietf.org/doc/html/rfc8725#section-2.1
 * @internal
 */
export function keyMaterialIn(bytes: Uint8Array, wrappings = MOST_WRAPPINGS): string | undefined {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString('utf8');
  const found = textualKey(text) ?? binaryKey(buffer);
  if (found || wrappings === 0) return found;
  const inner = [unwrapped(text, 'base64'), unwrapped(text, 'hex')].filter((one) => one !== undefined);
  return inner.map((one) => keyMaterialIn(one, wrappings - 1)).find((one) => one !== undefined);
}

/** The notations of keys. They are found anywhere in the text: behind white space, a byte order mark, a comment. */
const notations: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN|---- BEGIN SSH2/i, 'a PEM'],
  [/["']kty\\*["']\s*:/, 'a JWK'],
  [/\b(ssh-(rsa|dss|ed25519|ed448)|ecdsa-sha2-nistp\d+|sk-[\w-]+@openssh\.com)\s+AAAA/, 'an SSH key'],
  [/PuTTY-User-Key-File-\d/, 'a PuTTY key'],
  [/<RSAKeyValue>/, 'an XML key'],
];

function textualKey(text: string): string | undefined {
  return notations.find(([pattern]) => pattern.test(text))?.[1];
}

function binaryKey(buffer: Buffer): string | undefined {
  // RFC 4253, section 6.6: the length of the key's type, and the type.
  const isShortLength = buffer.length > 4 && buffer.readUInt32BE(0) < 64;
  if (isShortLength && /^(ssh-|ecdsa-sha2-|sk-)/.test(buffer.toString('latin1', 4, 16))) return 'an SSH key';
  return isDerKey(buffer) ? 'a key in DER' : undefined;
}

/** Parses only bytes that begin like an ASN.1 sequence. Random bytes do so now and then, and do not parse as a key. */
function isDerKey(buffer: Buffer): boolean {
  if (buffer[0] !== 0x30 || buffer.length < 16) return false;
  const attempts = [
    () => createPublicKey({ key: buffer, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: buffer, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: buffer, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: buffer, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: buffer, format: 'der', type: 'sec1' }),
    () => new X509Certificate(buffer),
  ];
  return attempts.some((attempt) => {
    try {
      attempt();
      return true;
    } catch {
      // Not a key of this form; the next form is tried.
      return false;
    }
  });
}

/** Decodes a text that is nothing but Base64 (either alphabet) or hexadecimal. Undefined: it is something else. */
function unwrapped(text: string, encoding: 'base64' | 'hex'): Buffer | undefined {
  // Byte order marks and line ends are not part of the encoding. Environment variables hold line ends as two characters.
  const packed = text.replace(/^\ufeff/, '').replace(/\\[nr]|\s|["']/g, '');
  const pattern = encoding === 'hex' ? /^(?:[0-9a-f]{2}){16,}$/i : /^[A-Za-z0-9+/_-]{16,}={0,2}$/;
  return pattern.test(packed) ? Buffer.from(packed, encoding) : undefined;
}
