import { jwtAlgorithms } from '@keyturn/consumer/contracts/jwt';
import * as v from 'valibot';

const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What the manifest says of a JWT secret. */
export const JwtSettings = v.object({
  /** The algorithm of keys made from now on. Missing: as the current key. */
  algorithm: v.optional(v.picklist(jwtAlgorithms)),
  /** The longest lifetime of a token. Missing: jwt_access_token_expire_minutes of the payload. */
  longestTokenLifetimeSeconds: v.optional(seconds),
  /** After this, every signer uses the new key. */
  convergenceBoundSeconds: v.optional(seconds, 330),
  /** How long promotion may take at the most. */
  promotionTimeoutSeconds: v.optional(seconds, 900),
  rsaModulusBits: v.optional(v.picklist([2048, 3072, 4096]), 2048),
});
export type JwtSettings = v.InferOutput<typeof JwtSettings>;

/**
 * What would make a verifier refuse a good token, or accept a bad one; each with what to write instead. Pure.
 * - Tokens that outlive a rotation interval would be verified by keys that have left the ring.
 * - A verifier's cache that is older than the lead of `next` would meet a key it has never seen.
 */
export function unsafeJwtTiming(timing: {
  rotationIntervalSeconds: number;
  longestTokenLifetimeSeconds: number;
  verifierCacheAgeSeconds: number;
}): string[] {
  const problems: string[] = [];
  if (timing.longestTokenLifetimeSeconds >= timing.rotationIntervalSeconds) {
    problems.push(
      `tokens live ${timing.longestTokenLifetimeSeconds} seconds, as long as the rotation interval of ${timing.rotationIntervalSeconds} seconds or longer: ` +
        'their key would leave the ring before they end. Rotate less often, or issue shorter tokens.',
    );
  }
  if (timing.verifierCacheAgeSeconds >= timing.rotationIntervalSeconds) {
    problems.push(
      `verifiers cache keys for ${timing.verifierCacheAgeSeconds} seconds, but the next key is published only ${timing.rotationIntervalSeconds} seconds ` +
        'before it signs. Write a shorter maxAgeSeconds for the verifiers, or rotate less often.',
    );
  }
  return problems;
}
