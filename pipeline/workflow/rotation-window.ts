import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';

const HOUR_SECONDS = 3_600;
const DAY_MILLISECONDS = 86_400_000;

/**
 * How long Secrets Manager may go on with a rotation that it has begun by itself: until its window closes. Pure.
 * 1. A window of so many hours: as many from now, since the beginning is not in the answer of DescribeSecret.
 * 2. A schedule in hours without a duration: one hour.
 * 3. A schedule in days, or a cron expression: until the end of the UTC day. No window extends into the next one.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
 */
export function rotationWindowSeconds(rules: RotationRulesType | undefined, now: Date): number {
  const restOfDay = Math.ceil((DAY_MILLISECONDS - (now.getTime() % DAY_MILLISECONDS)) / 1000);
  const hours = /^(\d+)h$/.exec(rules?.Duration ?? '')?.[1];
  if (hours) return Math.min(Number(hours) * HOUR_SECONDS, restOfDay);
  const isHourly = /^rate\(\d+ hours?\)$/.test(rules?.ScheduleExpression ?? '');
  return isHourly ? Math.min(HOUR_SECONDS, restOfDay) : restOfDay;
}
