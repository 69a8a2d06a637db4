import { createHash, timingSafeEqual } from 'node:crypto';

/** @internal Whether two secrets are equal, in a time that depends on neither. Undefined equals only undefined. */
export function isSameSecret(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return timingSafeEqual(digest(one), digest(other));
}

/** @internal Whether `presented` is one of the secrets. Every secret is compared, whichever of them it is. */
export function isOneOf(presented: string, secrets: readonly string[]): boolean {
  const hash = digest(presented);
  return secrets.map((secret) => timingSafeEqual(digest(secret), hash)).includes(true);
}

/** Digests have one length, which timingSafeEqual asks for. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
