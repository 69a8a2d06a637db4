import { HmacKeyUnfit, isHmac, leastHmacBytes, readHmacJwk } from '@keyturn/consumer/contracts/hmac-keys';
import type { KeyRing, RingKey, StoredJwtPayload } from '@keyturn/consumer/contracts/jwt';
import { isAccepted, verificationKey } from '@keyturn/consumer/contracts/key-ring';
import type { JwtSettings } from '../../contracts/settings/jwt.ts';
import { PayloadInvalid, UnsafeRotation } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import { adoptKey, generateRingKey, secretKeyText } from './ring-key.ts';
import { verifyUntil } from './token-lifetime.ts';

/**
 * The candidate's payload.
 * 1. An emergency: two fresh keys and nothing else; `next` lay in the same secret and is compromised with it.
 * 2. No ring yet: the key is taken over as it is, and `next` is published beside it. It signs from the next rotation on.
 * 3. A ring, but `jwt_secret_key` was changed beside it: refused, since signers do not agree on which key they use.
 * 4. A ring without `next`, or with one that is shorter than its hash or a key of a pair: as 2, and `previous` stays while
 *    its tokens live.
 * 5. `previous` may still have tokens: refused, since the ring has one place for it.
 * 6. Else: current becomes previous and loses its private part, next becomes current, and a new next is published.
 */
export async function nextRing(
  rotation: Rotation<JwtSettings>,
  payload: StoredJwtPayload,
  now: Date,
): Promise<StoredJwtPayload> {
  const ring = payload.jwt_key_ring;
  const algorithm = rotation.settings.algorithm ?? ring?.next?.alg ?? payload.jwt_algorithm;
  const make = () => generateRingKey(algorithm, { now, rsaModulusBits: rotation.settings.rsaModulusBits });
  if (rotation.emergency) return withRing(payload, { current: await make(), next: await make() });
  if (!ring) {
    const current = await takeOver(rotation.secretName, payload);
    return { ...payload, jwt_key_ring: { current, next: await make() } };
  }
  await refuseStrangeKey(rotation.secretName, payload, ring);
  const { previous } = ring;
  if (!ring.next || !maySign(ring.next)) {
    const kept = previous && isAccepted(previous, now) ? { previous } : {};
    return { ...payload, jwt_key_ring: { ...kept, current: ring.current, next: await make() } };
  }
  refuseLivingTokens(rotation, previous, now);
  const until = verifyUntil(rotation.settings, payload, now).toISOString();
  return withRing(payload, {
    previous: { ...verificationKey(ring.current), verifyUntil: until },
    current: ring.next,
    next: await make(),
  });
}

/** The key of a payload without a ring, as a ring's key. @throws PayloadInvalid when it is none of its algorithm */
export async function takeOver(secretName: string, payload: StoredJwtPayload): Promise<RingKey> {
  const algorithm = payload.jwt_algorithm;
  try {
    return await adoptKey(algorithm, payload.jwt_secret_key);
  } catch (error) {
    // Every other cause is dropped on purpose: it may quote the key.
    const why = error instanceof HmacKeyUnfit ? ` ${error.message}` : '';
    const expected = isHmac(algorithm)
      ? `a random text of at least ${leastHmacBytes(algorithm)} bytes, or the "jwt_algorithm" of a key pair beside its private key`
      : 'a private key as PEM';
    throw new PayloadInvalid(`${secretName}: jwt_secret_key is no ${algorithm} key.${why} Expected ${expected}.`);
  }
}

/** A symmetric key that is short, or that is a key of a pair, is never made the one that signs. */
function maySign({ alg, jwk }: RingKey): boolean {
  if (!isHmac(alg)) return true;
  try {
    return !readHmacJwk(alg, jwk).isShort;
  } catch (error) {
    if (error instanceof HmacKeyUnfit) return false;
    throw error;
  }
}

function withRing(payload: StoredJwtPayload, ring: KeyRing): StoredJwtPayload {
  return {
    ...payload,
    jwt_secret_key: secretKeyText(ring.current),
    jwt_algorithm: ring.current.alg,
    jwt_key_ring: ring,
  };
}

async function refuseStrangeKey(secretName: string, payload: StoredJwtPayload, ring: KeyRing): Promise<void> {
  const { kid, alg } = await takeOver(secretName, payload);
  if (kid === ring.current.kid && alg === ring.current.alg) return;
  throw new UnsafeRotation(
    `${secretName}: jwt_secret_key is not the current key of jwt_key_ring: one was put without the other, and signers do not agree. ` +
      'Put a value without jwt_key_ring to take jwt_secret_key over, or with the jwt_secret_key that belongs to the ring.',
  );
}

/** `verifyUntil` counts on the latest possible promotion; what is refused here is certain to be too early. */
function refuseLivingTokens(rotation: Rotation<JwtSettings>, previous: RingKey | null | undefined, now: Date): void {
  if (!previous?.verifyUntil) return;
  const earliest = new Date(Date.parse(previous.verifyUntil) - rotation.settings.promotionTimeoutSeconds * 1000);
  if (earliest <= now) return;
  throw new UnsafeRotation(
    `${rotation.secretName}: tokens of the previous key ${previous.kid} may live until ${earliest.toISOString()}, and the ring has one place for a previous key. ` +
      'Wait until then, issue shorter tokens, or rotate less often.',
  );
}
