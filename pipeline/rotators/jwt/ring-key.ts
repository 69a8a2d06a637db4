import { createHmac, createPrivateKey, type JsonWebKey, randomBytes } from 'node:crypto';
import { isHmac, leastHmacBytes, readHmacJwk, readHmacKey } from '@keyturn/consumer/contracts/hmac-keys';
import type { JwtAlgorithm, RingKey } from '@keyturn/consumer/contracts/jwt';
import { privateJwk } from '@keyturn/consumer/contracts/private-key';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';

/**
 * Makes a key for the ring. Asymmetric keys are made by WebCrypto in the thread pool, so that the event loop goes on: an
 * RSA key takes a good part of a second.
 */
export async function generateRingKey(
  algorithm: JwtAlgorithm,
  options: { now: Date; rsaModulusBits: number; randomBytes?: (size: number) => Buffer },
): Promise<RingKey> {
  const createdAt = options.now.toISOString();
  if (isHmac(algorithm)) {
    // Libraries take the text's bytes as the key, so the text is what is random: 4/3 of the bytes that the hash asks for.
    const text = (options.randomBytes ?? randomBytes)(leastHmacBytes(algorithm)).toString('base64url');
    return { ...symmetricKey(algorithm, text), createdAt };
  }
  const { privateKey } = await generateKeyPair(algorithm, {
    extractable: true,
    ...(/^(RS|PS)/.test(algorithm) && { modulusLength: options.rsaModulusBits }),
  });
  return { ...(await asymmetricKey(algorithm, await exportJWK(privateKey))), createdAt };
}

/**
 * Takes over the key of a payload without a ring as it is: the text of a symmetric one, also a short one; a private key as
 * PEM (PKCS #8, PKCS #1 or SEC 1), also with line ends written as `\n`, as environment variables hold them.
 * @throws HmacKeyUnfit where the text of a symmetric key is a key of a pair
 * @throws an engine's or jose's error when the text is no key of that algorithm
 */
export async function adoptKey(algorithm: JwtAlgorithm, secretKey: string): Promise<RingKey> {
  if (isHmac(algorithm)) {
    readHmacKey(algorithm, secretKey);
    return symmetricKey(algorithm, secretKey);
  }
  const jwk = privateJwk(secretKey) as JWK;
  await importJWK(jwk, algorithm);
  return asymmetricKey(algorithm, jwk);
}

/** A key of the ring as `jose` takes it. @throws HmacKeyUnfit, and jose's errors where it is no key of its algorithm */
export async function importRingKey({ alg, jwk }: RingKey): Promise<Awaited<ReturnType<typeof importJWK>>> {
  return isHmac(alg) ? readHmacJwk(alg, jwk).bytes : importJWK(jwk as JWK, alg);
}

/** The key as libraries take it under `jwt_secret_key`: the text of a symmetric key, else PKCS #8 PEM. */
export function secretKeyText(key: RingKey): string {
  if (isHmac(key.alg)) return Buffer.from(readHmacJwk(key.alg, key.jwk).bytes).toString('utf8');
  const privateKey = createPrivateKey({ key: key.jwk as JsonWebKey, format: 'jwk' });
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** A kid that reveals nothing of the secret which a token signed with it does not reveal too: it is keyed by the secret itself. */
function symmetricKey(algorithm: JwtAlgorithm, text: string): RingKey {
  const kid = createHmac('sha256', text).update('key id').digest('base64url').slice(0, 22);
  return { kid, alg: algorithm, jwk: { kty: 'oct', k: Buffer.from(text, 'utf8').toString('base64url') } };
}

/** RFC 7638: the thumbprint of the public part. */
async function asymmetricKey(algorithm: JwtAlgorithm, jwk: JWK): Promise<RingKey> {
  return { kid: await calculateJwkThumbprint(jwk), alg: algorithm, jwk: jwk as RingKey['jwk'] };
}
