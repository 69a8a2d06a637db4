import type { RingKey } from '@keyturn/consumer/contracts/jwt';
import { verificationKey } from '@keyturn/consumer/contracts/key-ring';
import { CompactSign, type CompactVerifyResult, compactVerify, type JWK } from 'jose';
import { KeyturnError } from '../../errors.ts';
import { importRingKey } from './ring-key.ts';

/** A token was not accepted. The message names its key, never the token. */
export class TokenRefused extends KeyturnError {
  readonly code = 'TokenRefused';
}

/**
 * Verifies the signature of a compact JWS by the keys of a ring or a key set. Stricter than RFC 7515 asks in one way and
 * as strict in the others:
 * - each part is canonical base64url: one token has one spelling;
 * - a token that names a kid is verified by that key or not at all;
 * - a token without a kid (issued before there was a ring) is tried with every key of its algorithm;
 * - a key verifies its own algorithm only, and one that says it is for encryption verifies nothing; keys that a header
 *   brings along are not looked at.
 * @throws TokenRefused
 */
export async function verifySignature(token: string, keys: readonly RingKey[]): Promise<CompactVerifyResult> {
  const { alg, kid } = readHeader(token);
  const named = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  if (kid !== undefined && named.length === 0) throw new TokenRefused(`the key ${kid} is not among those held`);
  const candidates = named.filter((key) => key.alg === alg && isForSignatures(key));
  if (candidates.length === 0) throw new TokenRefused(`no key that is held verifies ${alg}`);
  for (const key of candidates) {
    const verified = await tryKey(token, key);
    if (verified) return verified;
  }
  throw new TokenRefused(`the signature is not one of ${candidates.map((key) => key.kid).join(', ')}`);
}

/** Signs bytes with a key of the ring, naming it. */
export async function signBytes(payload: Uint8Array, key: RingKey): Promise<string> {
  return new CompactSign(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT' })
    .sign(await importRingKey(key));
}

async function tryKey(token: string, key: RingKey): Promise<CompactVerifyResult | undefined> {
  try {
    const material = await importRingKey(verificationKey(key));
    return await compactVerify(token, material, { algorithms: [key.alg] });
  } catch {
    // Each way of not being valid is the same to a token: the next key is tried.
    return undefined;
  }
}

/** RFC 7517, sections 4.2 and 4.3: a key that says what it is for is for nothing else. */
function isForSignatures({ jwk }: RingKey): boolean {
  const { use, key_ops: operations } = jwk as JWK;
  if (use !== undefined && use !== 'sig') return false;
  return operations === undefined || operations.some((operation) => operation === 'sign' || operation === 'verify');
}

function readHeader(token: string): { alg: string; kid?: string } {
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every(isCanonical)) throw new TokenRefused('it is no compact JWS');
  const header = parseObject(parts[0] as string);
  if (typeof header.alg !== 'string') throw new TokenRefused('its header names no algorithm');
  if (header.kid !== undefined && typeof header.kid !== 'string') throw new TokenRefused('its kid is no text');
  return { alg: header.alg, ...(header.kid !== undefined && { kid: header.kid }) };
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function parseObject(part: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch (error) {
    throw new TokenRefused('its header is no JSON', { cause: error });
  }
  if (typeof header === 'object' && header !== null) return header as Record<string, unknown>;
  throw new TokenRefused('its header is no JSON object');
}
