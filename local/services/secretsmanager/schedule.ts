import { Cron } from 'croner';
import type { RotationRules } from './state.ts';
import { invalidParameter } from './validation.ts';

const HOUR_MILLISECONDS = 3_600_000;

/**
 * Rotation rules: AutomaticallyAfterDays, or a rate or cron expression with a window.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
 */
export function parseRules(rules: RotationRules | undefined): void {
  if (!rules) return;
  if (rules.AutomaticallyAfterDays !== undefined && rules.ScheduleExpression !== undefined) {
    throw invalidParameter('You can specify either AutomaticallyAfterDays or ScheduleExpression, but not both.');
  }
  const days = rules.AutomaticallyAfterDays;
  if (days !== undefined && (days < 1 || days > 1000)) {
    throw invalidParameter('RotationRules.AutomaticallyAfterDays must be within 1-1000.');
  }
  if (rules.Duration !== undefined && !/^(\d|1\d|2[0-4])h$/.test(rules.Duration)) {
    throw invalidParameter(`Invalid Duration: ${rules.Duration}. It must be a number of hours, such as 3h, up to 24h.`);
  }
  if (rules.ScheduleExpression !== undefined) parseExpression(rules.ScheduleExpression);
}

/** The end of the day (or window) on which the next rotation falls due. */
export function nextRotation(rules: RotationRules | undefined, now: Date): Date | undefined {
  if (!rules) return undefined;
  if (rules.AutomaticallyAfterDays !== undefined) {
    return new Date(startOfDay(now).getTime() + rules.AutomaticallyAfterDays * 24 * HOUR_MILLISECONDS);
  }
  return rules.ScheduleExpression === undefined ? undefined : parseExpression(rules.ScheduleExpression)(now);
}

function parseExpression(expression: string): (now: Date) => Date | undefined {
  const rate = expression.match(/^rate\((\d+) (hour|hours|day|days)\)$/);
  if (rate) {
    const hours = Number(rate[1]) * (rate[2]?.startsWith('day') ? 24 : 1);
    if (hours < 4 || hours > 999 * 24)
      throw invalidParameter(
        `Invalid ScheduleExpression: ${expression}. A rate is at least 4 hours and at most 999 days.`,
      );
    return (now) => new Date(now.getTime() + hours * HOUR_MILLISECONDS);
  }
  const cron = expression
    .match(/^cron\((.+)\)$/)?.[1]
    ?.trim()
    .split(/\s+/);
  if (cron?.length !== 6 || cron[0] !== '0') {
    throw invalidParameter(
      `Invalid ScheduleExpression: ${expression}. Write rate(10 days) or cron(0 8 1 * ? *); minutes must be 0.`,
    );
  }
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = cron as [string, string, string, string, string, string];
  try {
    // croner counts Sunday as 0 or 7, AWS as 1.
    const days = dayOfWeek.replace(/\d/g, (day) => String(Number(day) - 1));
    const job = new Cron(`0 ${minute} ${hour} ${dayOfMonth} ${month} ${days} ${year}`, {
      timezone: 'UTC',
      paused: true,
      mode: '7-part',
    });
    return (now) => job.nextRun(now) ?? undefined;
  } catch (error) {
    throw invalidParameter(`Invalid ScheduleExpression: ${expression}. ${error instanceof Error ? error.message : ''}`);
  }
}

function startOfDay(date: Date): Date {
  return new Date(Math.floor(date.getTime() / (24 * HOUR_MILLISECONDS)) * 24 * HOUR_MILLISECONDS);
}
