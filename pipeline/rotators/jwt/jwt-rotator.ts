import { StoredJwtPayload } from '@keyturn/consumer/contracts/jwt';
import type { JwtSettings } from '../../contracts/settings/jwt.ts';
import { parsePayload } from '../parse-payload.ts';
import type { Rotator } from '../rotator.ts';
import { nextRing } from './next-ring.ts';
import { proveRing } from './prove-ring.ts';
import { gatherTokenEvidence } from './token-lifetime.ts';
import { verifyRing } from './verify-ring.ts';

export interface JwtRotatorDependencies {
  now(): Date;
}

/**
 * JWT signing keys, as a ring of previous · current · next in the secret itself. There is no target outside: to promote
 * the version is to rotate, so `set`, `abandon`, `restore` and `retire` write
 * nothing and need not ask the guard. `next` is published one whole
 * rotation before it signs, so a verifier with a stale cache knows it already; `previous` carries until when its tokens
 * are accepted, and every verifier judges by that, so that retiring it needs no further write.
 */
export function createJwtRotator({ now }: JwtRotatorDependencies): Rotator<StoredJwtPayload, JwtSettings> {
  return {
    kind: 'jwt',
    parse: (secretArn, value) => parsePayload(secretArn, StoredJwtPayload, value),
    serialize: (payload) => JSON.stringify(payload),
    create: (rotation, { current }) => nextRing(rotation, current.payload, now()),
    set: async () => undefined,
    test: (rotation, { current, pending }) =>
      proveRing(rotation, { current: current.payload, pending: pending.payload }, now()),
    abandon: async () => undefined,
    restore: async () => undefined,
    gatherEvidence: async (rotation, { current, previous, promotedAt }) =>
      gatherTokenEvidence(rotation, { current: current.payload, previous: previous.payload, promotedAt }),
    retire: async () => false,
    verify: (rotation, { current, previous }) =>
      verifyRing(
        rotation.secretName,
        { current: current.payload, ...(previous && { previous: previous.payload }) },
        now(),
      ),
  };
}
