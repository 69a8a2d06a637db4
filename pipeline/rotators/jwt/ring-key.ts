import { createHmac, randomBytes } from 'node:crypto';
import {
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importJWK,
  importPKCS8,
  type JWK,
} from 'jose';
import type { JwtAlgorithm, RingKey } from '../../contracts/payloads/jwt.ts';

const symmetricBytes: Partial<Record<JwtAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 };

export function isSymmetric(algorithm: JwtAlgorithm): boolean {
  return algorithm in symmetricBytes;
}

/** Makes a key for the ring. Asymmetric keys are made by WebCrypto, off the event loop: RSA takes a good part of a second. */
export async function generateRingKey(
  algorithm: JwtAlgorithm,
  options: { now: Date; rsaModulusBits: number; randomBytes?: (size: number) => Buffer },
): Promise<RingKey> {
  const createdAt = options.now.toISOString();
  const size = symmetricBytes[algorithm];
  if (size !== undefined) {
    // Libraries take the text's bytes as the key, so the text is what is random: 4/3 of the bytes that the hash asks for.
    const text = (options.randomBytes ?? randomBytes)(size).toString('base64url');
    return { ...symmetricKey(algorithm, text), createdAt };
  }
  const { privateKey } = await generateKeyPair(algorithm, {
    extractable: true,
    ...(/^(RS|PS)/.test(algorithm) && { modulusLength: options.rsaModulusBits }),
  });
  return { ...(await asymmetricKey(algorithm, await exportJWK(privateKey))), createdAt };
}

/** Takes over the key of a payload without a ring as it is. @throws jose's error when the text is no key of that algorithm */
export async function adoptKey(algorithm: JwtAlgorithm, secretKey: string): Promise<RingKey> {
  if (isSymmetric(algorithm)) return symmetricKey(algorithm, secretKey);
  const key = await importPKCS8(secretKey, algorithm, { extractable: true });
  return asymmetricKey(algorithm, await exportJWK(key));
}

/** The key as libraries take it under `jwt_secret_key`: the text of a symmetric key, else PKCS #8 PEM. */
export async function secretKeyText(key: RingKey): Promise<string> {
  if (isSymmetric(key.alg)) return Buffer.from(String(key.jwk.k), 'base64url').toString('utf8');
  return exportPKCS8(
    (await importJWK(key.jwk as JWK, key.alg, { extractable: true })) as Parameters<typeof exportPKCS8>[0],
  );
}

/** A kid that reveals nothing: keyed by the secret itself. */
function symmetricKey(algorithm: JwtAlgorithm, text: string): RingKey {
  const kid = createHmac('sha256', text).update('key id').digest('base64url').slice(0, 22);
  return { kid, alg: algorithm, jwk: { kty: 'oct', k: Buffer.from(text, 'utf8').toString('base64url') } };
}

/** RFC 7638: the thumbprint of the public part. */
async function asymmetricKey(algorithm: JwtAlgorithm, jwk: JWK): Promise<RingKey> {
  return { kid: await calculateJwkThumbprint(jwk), alg: algorithm, jwk: jwk as RingKey['jwk'] };
}
