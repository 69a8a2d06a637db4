import type { KeyRing, RingKey } from './payloads/jwt.ts';

/** Private members of a JWK: none of them ever leaves the secret. RFC 7518, sections 6.2.2, 6.3.2 and 6.4. */
const privateMembers = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

/** The keys whose tokens are accepted at `now`: next, current, and previous until its tokens have ended. */
export function verificationKeys(ring: KeyRing, now: Date): RingKey[] {
  const { previous, current, next } = ring;
  const keys = [current];
  if (next) keys.push(next);
  if (previous && isAccepted(previous, now)) keys.push(previous);
  return keys;
}

function isAccepted(previous: RingKey, now: Date): boolean {
  return previous.verifyUntil === undefined || now.getTime() < Date.parse(previous.verifyUntil);
}

/** The public part of an asymmetric key, as a JWKS shows it; undefined for a symmetric one, which has none. */
export function publicJwk(key: RingKey): Record<string, unknown> | undefined {
  if (key.jwk.kty === 'oct') return undefined;
  const publicMembers = Object.entries(key.jwk).filter(([member]) => !privateMembers.has(member));
  return { ...Object.fromEntries(publicMembers), kid: key.kid, alg: key.alg, use: 'sig' };
}
