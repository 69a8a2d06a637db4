/**
 * PutSecretValue, UpdateSecret and UpdateSecretVersionStage share 50 calls a second for an account and region, and it
 * cannot be raised. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
export const WRITE_QUOTA_PER_SECOND = 50;

/** What a fleet leaves for everybody else of the account. */
const SHARE_OF_QUOTA = 0.8;

/**
 * How many rotations may be under way at once so that their writes stay below the quota: the writes of one rotation are
 * spread over its duration. Pure.
 */
export function fleetConcurrency(rotation: { writes: number; seconds: number }): number {
  const rotationsPerSecond = (WRITE_QUOTA_PER_SECOND * SHARE_OF_QUOTA) / rotation.writes;
  return Math.max(1, Math.floor(rotationsPerSecond * rotation.seconds));
}

/** Put, promote, close, and one login behind a proxy; measured at ten seconds and more from start to promotion. */
export const defaultFleetConcurrency = fleetConcurrency({ writes: 4, seconds: 10 });
