import { Cron } from 'croner';

/** The next moment after `now`, or undefined when there is none. */
export type NextRun = (now: Date) => Date | undefined;

export class InvalidSchedule extends Error {
  constructor(expression: string, reason: string) {
    super(`Parameter ScheduleExpression is not valid: ${expression}. ${reason}`);
    this.name = 'InvalidSchedule';
  }
}

const UNIT_MILLISECONDS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** `rate(5 minutes)`, `cron(0 3 ? * SUN *)`, `at(2026-01-01T00:00:00)`. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
export function parseSchedule(expression: string, timeZone = 'UTC'): NextRun {
  const rate = expression.match(/^rate\((\d+) (minute|hour|day)s?\)$/);
  if (rate) return parseRate(expression, Number(rate[1]), String(rate[2]));
  const at = expression.match(/^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/);
  if (at) {
    const once = new Cron(String(at[1]), { timezone: timeZone, paused: true });
    return (now) => once.nextRun(now) ?? undefined;
  }
  const fields = expression
    .match(/^cron\((.+)\)$/)?.[1]
    ?.trim()
    .split(/\s+/);
  if (!fields)
    throw new InvalidSchedule(expression, 'Write rate(5 minutes), cron(0 3 ? * SUN *) or at(2030-01-01T00:00:00).');
  return parseCron(expression, fields, timeZone);
}

function parseRate(expression: string, value: number, unit: string): NextRun {
  if (value < 1) throw new InvalidSchedule(expression, 'A rate is at least 1.');
  const isPlural = /s\)$/.test(expression);
  if ((value === 1) === isPlural) throw new InvalidSchedule(expression, 'Write "1 minute", but "2 minutes".');
  return (now) => new Date(now.getTime() + value * (UNIT_MILLISECONDS[unit] as number));
}

/** Six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year; one of the days is `?`. */
function parseCron(expression: string, fields: string[], timeZone: string): NextRun {
  if (fields.length !== 6)
    throw new InvalidSchedule(expression, `A cron expression has 6 fields, this has ${fields.length}.`);
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields as [string, string, string, string, string, string];
  if (dayOfMonth !== '?' && dayOfWeek !== '?')
    throw new InvalidSchedule(expression, 'One of day-of-month and day-of-week must be ?.');
  // AWS counts Sunday as 1, croner as 0; nearest weekday (W) and last (L) are written alike.
  const days = dayOfWeek.replace(/(?<![#\d])\d(?!\d)/g, (day) => String(Number(day) - 1)).replace(/^(\d)L$/, '$1#L');
  try {
    const job = new Cron(`0 ${minute} ${hour} ${dayOfMonth} ${month} ${days} ${year}`, {
      timezone: timeZone,
      paused: true,
      mode: '7-part',
    });
    return (now) => job.nextRun(now) ?? undefined;
  } catch (error) {
    throw new InvalidSchedule(expression, error instanceof Error ? error.message : '');
  }
}
