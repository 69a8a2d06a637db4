import type { KeyRing, RingKey } from './jwt.ts';

/** The public members of a JWK by key type. Members that are not listed here never leave the secret. RFC 7518, section 6; RFC 8037, section 2. */
const publicMembers: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
};

/** Returns the keys whose tokens are accepted at `now`: next, current, and previous until its tokens have ended. */
export function verificationKeys(ring: KeyRing, now: Date): RingKey[] {
  const { previous, current, next } = ring;
  const keys = [current];
  if (next) keys.push(next);
  if (previous && isAccepted(previous, now)) keys.push(previous);
  return keys;
}

/** Whether tokens of the previous key are accepted at `now`. */
export function isAccepted(previous: RingKey, now: Date): boolean {
  return previous.verifyUntil === undefined || now.getTime() < Date.parse(previous.verifyUntil);
}

/** Returns the public part of an asymmetric key, as a JWKS shows it. A symmetric key has none: undefined. */
export function publicJwk(key: RingKey): Record<string, unknown> | undefined {
  const members = publicMembers[key.jwk.kty];
  if (!members) return undefined;
  const shown = Object.fromEntries(members.map((member) => [member, key.jwk[member]]));
  return { kty: key.jwk.kty, ...shown, kid: key.kid, alg: key.alg, use: 'sig' };
}

/** Returns the key without its private part. A symmetric key is returned unchanged. */
export function verificationKey(key: RingKey): RingKey {
  const members = publicMembers[key.jwk.kty];
  if (!members) return key;
  const shown = Object.fromEntries(members.map((member) => [member, key.jwk[member]]));
  return { ...key, jwk: { kty: key.jwk.kty, ...shown } };
}
