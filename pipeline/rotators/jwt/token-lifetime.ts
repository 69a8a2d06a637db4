import type { RingKey, StoredJwtPayload } from '@keyturn/consumer/contracts/jwt';
import { verificationKeys } from '@keyturn/consumer/contracts/key-ring';
import { isSameSecret } from '@keyturn/consumer/contracts/same-secret';
import type { JwtSettings } from '../../contracts/settings/jwt.ts';
import type { RetirementEvidence } from '../rotator.ts';

const DEFAULT_TOKEN_LIFETIME_SECONDS = 3_600;
/** Verifiers allow for clocks that differ, and so do we. */
const CLOCK_SKEW_SECONDS = 60;

/** The longest lifetime of a token: the settings', else the payload's, else an hour. */
export function tokenLifetimeSeconds(settings: JwtSettings, payload: StoredJwtPayload): number {
  if (settings.longestTokenLifetimeSeconds !== undefined) return settings.longestTokenLifetimeSeconds;
  const minutes = payload.jwt_access_token_expire_minutes;
  return minutes === undefined ? DEFAULT_TOKEN_LIFETIME_SECONDS : Math.ceil(Number(minutes) * 60);
}

/** From promotion on: the last signer converges, and then the last token of its old key lives out. */
export function outliveSeconds(settings: JwtSettings, payload: StoredJwtPayload): number {
  return settings.convergenceBoundSeconds + tokenLifetimeSeconds(settings, payload) + CLOCK_SKEW_SECONDS;
}

/** Until when tokens of the key that signs today are accepted, if the candidate is promoted as late as it may be. */
export function verifyUntil(settings: JwtSettings, payload: StoredJwtPayload, now: Date): Date {
  const seconds = settings.promotionTimeoutSeconds + outliveSeconds(settings, payload);
  return new Date(now.getTime() + seconds * 1000);
}

/**
 * Tokens cannot be counted: the evidence is time, the longest lifetime since the last signer converged.
 * 1. The signing key is the same (a ring was made around it, or a rotation rolled back): nothing is retired.
 * 2. An emergency: nothing is waited for; the report says whose tokens were cut off and for how long they would have lived.
 * 3. Else: the time.
 */
export function gatherTokenEvidence(
  rotation: { settings: JwtSettings; emergency: boolean },
  versions: { current: StoredJwtPayload; previous: StoredJwtPayload; promotedAt: Date },
): RetirementEvidence {
  const { current, previous, promotedAt } = versions;
  const { settings } = rotation;
  const lifetimeSeconds = Math.max(tokenLifetimeSeconds(settings, current), tokenLifetimeSeconds(settings, previous));
  const seconds = Math.max(outliveSeconds(settings, current), outliveSeconds(settings, previous));
  const ended = new Date(promotedAt.getTime() + seconds * 1000);
  const kids = new Set(heldKids(current, promotedAt));
  const dropped = heldKids(previous, promotedAt).filter((kid) => !kids.has(kid));
  if (rotation.emergency) {
    const lived = new Date(promotedAt.getTime() + lifetimeSeconds * 1000);
    return {
      blockers: [],
      observed:
        `an emergency: tokens signed by ${dropped.join(', ') || 'the previous key'} are refused from ${promotedAt.toISOString()} on, ` +
        `by verifiers with a cache when it has run out; the youngest of them would have lived until ${lived.toISOString()}`,
    };
  }
  if (isSameSecret(current.jwt_secret_key, previous.jwt_secret_key)) {
    return { blockers: [], observed: 'the signing key is the same as before: there is none to retire' };
  }
  return {
    blockers: [],
    notBefore: ended,
    observed: `tokens live ${lifetimeSeconds} seconds at the longest, and signers converge within ${settings.convergenceBoundSeconds} seconds of ${promotedAt.toISOString()}`,
  };
}

function heldKids(payload: StoredJwtPayload, now: Date): string[] {
  const keys: RingKey[] = payload.jwt_key_ring ? verificationKeys(payload.jwt_key_ring, now) : [];
  return keys.map((key) => key.kid);
}
