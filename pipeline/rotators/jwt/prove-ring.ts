import type { KeyRing, RingKey, StoredJwtPayload } from '@keyturn/consumer/contracts/jwt';
import { verificationKeys } from '@keyturn/consumer/contracts/key-ring';
import { isSameSecret } from '@keyturn/consumer/contracts/same-secret';
import type { JwtSettings } from '../../contracts/settings/jwt.ts';
import { CandidateRejected } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import { takeOver } from './next-ring.ts';
import { outliveSeconds } from './token-lifetime.ts';
import { signBytes, TokenRefused, verifySignature } from './verify-token.ts';

/**
 * Proves the candidate as signers and verifiers would meet it. In this order:
 * 1. There is a ring, and a reader of `jwt_secret_key` alone signs with its current key.
 * 2. A token of the new current key is verified by the candidate's ring.
 * 3. After an emergency none of the old keys is in the ring; nothing else has to hold, old tokens are meant to be refused.
 * 4. The token of 2 is verified by the ring that stale consumers hold.
 * 5. A token of the key that signs today is verified by the candidate's ring, and long enough: promotion follows at once.
 * @throws CandidateRejected
 */
export async function proveRing(
  rotation: Rotation<JwtSettings>,
  versions: { current: StoredJwtPayload; pending: StoredJwtPayload },
  now: Date,
): Promise<void> {
  const { secretName } = rotation;
  const { ring, accepted } = await proveOwnRing(secretName, versions.pending, now);
  if (rotation.emergency) return refuseOldKeys(secretName, versions, accepted);
  const held = await heldKeys(secretName, versions.current, now);
  await prove(secretName, ring.current, held, 'the ring that stale consumers hold');
  const signsToday = versions.current.jwt_key_ring?.current ?? (await takeOver(secretName, versions.current));
  await prove(secretName, signsToday, accepted, 'the candidate’s ring, for tokens issued until now');
  refuseEarlyEnd(rotation, versions, signsToday, now);
}

/** A payload's own ring verifies what readers of the ring, and of `jwt_secret_key` alone, sign. @throws CandidateRejected */
export async function proveOwnRing(
  secretName: string,
  payload: StoredJwtPayload,
  now: Date,
): Promise<{ ring: KeyRing; accepted: RingKey[] }> {
  const ring = payload.jwt_key_ring;
  if (!ring) throw new CandidateRejected(`${secretName}: there is no key ring: createSecret has not stored one.`);
  const legacy = await takeOver(secretName, payload);
  if (legacy.kid !== ring.current.kid || legacy.alg !== ring.current.alg) {
    throw new CandidateRejected(
      `${secretName}: jwt_secret_key is not the current key of its ring: readers of it would sign tokens that no verifier accepts.`,
    );
  }
  const accepted = verificationKeys(ring, now);
  await prove(secretName, ring.current, accepted, 'its own ring');
  await prove(secretName, legacy, accepted, 'its own ring, for readers of jwt_secret_key');
  return { ring, accepted };
}

/** The keys by which a consumer that has read this payload verifies. */
export async function heldKeys(secretName: string, payload: StoredJwtPayload, now: Date): Promise<RingKey[]> {
  if (payload.jwt_key_ring) return verificationKeys(payload.jwt_key_ring, now);
  return [await takeOver(secretName, payload)];
}

async function prove(secretName: string, signer: RingKey, verifier: RingKey[], by: string): Promise<void> {
  const payload = Buffer.from(JSON.stringify({ purpose: 'rotation test' }));
  try {
    await verifySignature(await signBytes(payload, signer), verifier);
  } catch (error) {
    const reason = error instanceof TokenRefused ? error.message : 'it cannot sign';
    throw new CandidateRejected(
      `${secretName}: a token of key ${signer.kid} (${signer.alg}) would be refused by ${by}: ${reason}.`,
      { cause: error },
    );
  }
}

/** The compromised key itself is not parsed: an emergency has to go through whatever stood there. */
function refuseOldKeys(
  secretName: string,
  { current, pending }: { current: StoredJwtPayload; pending: StoredJwtPayload },
  accepted: RingKey[],
): void {
  const { previous, current: signer, next } = current.jwt_key_ring ?? {};
  const kept = [previous, signer, next].find((old) => old && accepted.some((key) => key.kid === old.kid));
  if (!kept && !isSameSecret(pending.jwt_secret_key, current.jwt_secret_key)) return;
  throw new CandidateRejected(
    `${secretName}: the candidate of an emergency still accepts the compromised key${kept ? ` ${kept.kid}` : ''}.`,
  );
}

/** Secrets Manager may try a stored candidate again hours later; by then its `verifyUntil` is too near. */
function refuseEarlyEnd(
  rotation: Rotation<JwtSettings>,
  { current, pending }: { current: StoredJwtPayload; pending: StoredJwtPayload },
  signsToday: RingKey,
  now: Date,
): void {
  const previous = pending.jwt_key_ring?.previous;
  if (!previous?.verifyUntil || previous.kid !== signsToday.kid) return;
  const needed = new Date(now.getTime() + outliveSeconds(rotation.settings, current) * 1000);
  if (Date.parse(previous.verifyUntil) >= needed.getTime()) return;
  throw new CandidateRejected(
    `${rotation.secretName}: the candidate was made too long ago: it accepts tokens of ${previous.kid} until ${previous.verifyUntil}, ` +
      `but some may live until ${needed.toISOString()}. Abandon it and rotate anew, or write a longer promotionTimeoutSeconds.`,
  );
}
