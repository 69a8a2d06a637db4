import { type Clock, sleep } from '../clock.ts';
import { AwsError } from '../cloud.ts';

export interface RetryLimits {
  /** Attempts after the first. */
  readonly retries: number;
  /** From the first attempt on; no attempt begins later than that. */
  readonly ageSeconds: number;
}

/** Why a delivery was given up. */
export interface GivenUp {
  readonly error: unknown;
  /** Attempts after the first. */
  readonly retries: number;
  /** Missing when the error is one that another attempt does not cure. */
  readonly exhausted?: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';
}

const FIRST_PAUSE_MILLISECONDS = 200;
const LONGEST_PAUSE_MILLISECONDS = 60_000;

/**
 * Tries a delivery until it succeeds, its error is permanent, or its limits are reached, with growing pauses. Answers
 * undefined when it succeeded or the signal was aborted.
 */
export async function withRetries(
  clock: Clock,
  limits: RetryLimits,
  signal: AbortSignal,
  attempt: (number: number) => Promise<unknown>,
): Promise<GivenUp | undefined> {
  const deadline = clock.now().getTime() + limits.ageSeconds * 1000;
  for (let retries = 0; ; retries++) {
    try {
      await attempt(retries + 1);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!mayPass(error)) return { error, retries };
      if (retries >= limits.retries) return { error, retries, exhausted: 'MaximumRetryAttempts' };
      const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** retries, LONGEST_PAUSE_MILLISECONDS);
      if (clock.now().getTime() + pause > deadline) return { error, retries, exhausted: 'MaximumEventAgeInSeconds' };
      await sleep(clock, pause, signal).catch(() => undefined);
      if (signal.aborted) return undefined;
    }
  }
}

/** Throttling, faults of the service and answers that never came are worth another attempt; refusals are not. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof AwsError)) return true;
  if (error.httpStatus >= 500 || error.httpStatus === 429) return true;
  return /Throttl|TooManyRequests|LimitExceeded|ThroughputExceeded|RequestThrottled|Unavailable/.test(error.code);
}
