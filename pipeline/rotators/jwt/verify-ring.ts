import { type ShortHmacKey, shortHmacKeys } from '@keyturn/consumer/contracts/hmac-keys';
import type { StoredJwtPayload } from '@keyturn/consumer/contracts/jwt';
import { isAccepted } from '@keyturn/consumer/contracts/key-ring';
import type { Verification } from '../../contracts/audit.ts';
import { KeyturnError } from '../../errors.ts';
import { takeOver } from './next-ring.ts';
import { proveOwnRing } from './prove-ring.ts';

/**
 * Whether what AWSCURRENT holds signs what it verifies, for readers of the ring and of `jwt_secret_key` alone; and whether
 * tokens of the key before it are still accepted, where they are meant to be. There is no target to ask. Reads only.
 */
export async function verifyRing(
  secretName: string,
  { current, previous }: { current: StoredJwtPayload; previous?: StoredJwtPayload },
  now: Date,
): Promise<Verification> {
  const ring = current.jwt_key_ring;
  try {
    if (ring) await proveOwnRing(secretName, current, now);
    else await takeOver(secretName, current);
  } catch (error) {
    if (!(error instanceof KeyturnError)) throw error;
    return { current: { works: false, reason: error.message }, findings: [], repairable: [] };
  }
  const signedBefore = previous?.jwt_key_ring?.current.kid;
  const kept = ring?.previous;
  const isKept = kept && kept.kid === signedBefore && isAccepted(kept, now);
  const findings = shortHmacKeys(current, now).map((key) => shortKeyFinding(secretName, key));
  return { current: { works: true }, ...(isKept && { previous: { works: true } }), findings, repairable: [] };
}

/** Rotations replace it by themselves, one after the other, so that no token is refused. An emergency does not wait. */
function shortKeyFinding(
  secretName: string,
  { kid, algorithm, leastBytes }: ShortHmacKey,
): Verification['findings'][number] {
  const which = kid === undefined ? 'jwt_secret_key' : `key ${kid}`;
  return {
    code: 'SigningKeyShort',
    message: `${which} is shorter than the ${leastBytes} bytes that ${algorithm} asks for, so it can be guessed from a token. Two rotations replace it; an emergency does at once, and logs everybody out.`,
    person: `keyturn rotate ${secretName} --wait`,
  };
}
