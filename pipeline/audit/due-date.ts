import { Cron } from 'croner';
import { scheduleIntervalSeconds } from '../contracts/manifest/entries/manifest-schedule.ts';
import type { ScheduleSettings } from '../contracts/settings/secret.ts';

/**
 * When a schedule starts after `last`, at the latest: its window is part of it. Undefined where it never does again.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function dueAfter({ expression, timeZone, windowMinutes = 0 }: ScheduleSettings, last: Date): Date | undefined {
  const intervalSeconds = scheduleIntervalSeconds({ expression, timeZone });
  const start =
    intervalSeconds === undefined
      ? nextOfCron(expression, timeZone, last)
      : new Date(last.getTime() + intervalSeconds * 1000);
  return start && new Date(start.getTime() + windowMinutes * 60_000);
}

/**
 * AWS's six fields (minutes, hours, day of month, month, day of week, year) in croner's seven: seconds come first, and AWS
 * counts the days of the week from 1, Sunday.
 */
function nextOfCron(expression: string, timeZone: string, last: Date): Date | undefined {
  const fields = /^cron\((.*)\)$/.exec(expression.trim())?.[1]?.trim().split(/\s+/) ?? [];
  if (fields.length !== 6) return undefined;
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year] = fields as [string, ...string[]];
  try {
    const job = new Cron(
      `0 ${minutes} ${hours} ${dayOfMonth} ${month} ${dayOfWeek === 'L' ? '7' : dayOfWeek} ${year}`,
      {
        timezone: timeZone,
        paused: true,
        mode: '7-part',
        alternativeWeekdays: true,
        sloppyRanges: true,
      },
    );
    return job.nextRun(last) ?? undefined;
  } catch {
    // What croner cannot read, Scheduler has accepted: then Secrets Manager's own date is what is left to go by.
    return undefined;
  }
}
