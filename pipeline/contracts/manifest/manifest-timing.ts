import { convergenceBoundOf } from './entries/manifest-entry.ts';
import { scheduleIntervalSeconds } from './entries/manifest-schedule.ts';
import type { RotatedManifestMembers } from './entries/manifest-secret-types.ts';

const DAY = 86_400;

/**
 * Times that do not fit together. Pure.
 * - A grace period below the convergence bound retires what slow consumers still use.
 * - A rotation inside the grace period of the one before is refused.
 * - The safety net is for when the schedule fails: it comes later than the schedule.
 */
export function timingProblems(secret: RotatedManifestMembers): string[] {
  const problems: string[] = [];
  const bound = convergenceBoundOf(secret);
  if (secret.gracePeriodSeconds < bound) {
    problems.push(
      `gracePeriodSeconds is ${secret.gracePeriodSeconds}, but the slowest consumer is on the new value only after ${bound} seconds ` +
        `(maxAgeSeconds + longestInvocationSeconds). Write "gracePeriodSeconds": ${bound} or more, or a shorter maxAgeSeconds.`,
    );
  }
  const native = secret.nativeIntervalDays * DAY;
  if (secret.gracePeriodSeconds >= native) {
    problems.push(
      `gracePeriodSeconds is ${secret.gracePeriodSeconds}, as long as the native interval of ${secret.nativeIntervalDays} days: ` +
        'each rotation would be refused inside the grace period of the one before. Write a shorter grace period.',
    );
  }
  const interval = scheduleIntervalSeconds(secret.schedule);
  if (interval === undefined) return problems;
  if (secret.gracePeriodSeconds >= interval && secret.gracePeriodSeconds < native) {
    problems.push(
      `gracePeriodSeconds is ${secret.gracePeriodSeconds}, and the schedule rotates every ${interval} seconds: ` +
        'each rotation would be refused inside the grace period of the one before. Write a shorter grace period, or rotate less often.',
    );
  }
  if (interval >= native) {
    problems.push(
      `nativeIntervalDays is ${secret.nativeIntervalDays}, and the schedule rotates every ${interval / DAY} days: Secrets Manager, ` +
        `which is the safety net, would rotate first. Write "nativeIntervalDays": ${Math.min(1000, Math.ceil(interval / DAY) + 30)}, or "schedule": "native".`,
    );
  }
  return problems;
}
