import type { Retrier } from './definition.ts';
import { matchesError, type StatesError } from './errors.ts';

/**
 * How long to wait before the next attempt; undefined when there is none. `used` counts the attempts of each retrier.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
 */
export function retryDelaySeconds(
  retriers: readonly Retrier[] = [],
  error: StatesError,
  used: Map<number, number>,
  random: () => number,
): number | undefined {
  const index = retriers.findIndex((retrier) => matchesError(retrier.ErrorEquals, error));
  const retrier = retriers[index];
  if (!retrier) return undefined;
  const attempts = used.get(index) ?? 0;
  if (attempts >= (retrier.MaxAttempts ?? 3)) return undefined;
  used.set(index, attempts + 1);
  const delay = Math.min(
    (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** attempts,
    retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY,
  );
  return retrier.JitterStrategy === 'FULL' ? delay * random() : delay;
}
