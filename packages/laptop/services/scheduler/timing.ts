import { Cron } from 'croner';
import { InvalidCron, type NextRun, parseAwsCron } from '../aws-cron.ts';

/** When a schedule runs. Rates have no time zone: a day of theirs has 24 hours, summer time or not. */
export type Timing =
  | { readonly kind: 'rate'; readonly milliseconds: number }
  | { readonly kind: 'cron'; readonly next: NextRun }
  | { readonly kind: 'at'; readonly at: Date };

export interface Bounds {
  /** The first run of a rate without a start date: the minute after the schedule was made or changed. */
  readonly anchor: Date;
  readonly startDate?: Date;
  readonly endDate?: Date;
}

const unitMilliseconds: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Undefined for an expression that is none. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
export function parseTiming(expression: string, timeZone: string): Timing | undefined {
  // The service takes "2 minute" and "1 minutes" as well, other than EventBridge's rules.
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate) {
    const milliseconds = Number(rate[1]) * (unitMilliseconds[rate[2] as string] as number);
    return milliseconds > 0 ? { kind: 'rate', milliseconds } : undefined;
  }
  const at = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression);
  if (at) return parseMoment(at[1] as string, timeZone);
  const cron = /^cron\((.+)\)$/.exec(expression);
  if (!cron) return undefined;
  try {
    return { kind: 'cron', next: parseAwsCron(cron[1] as string, timeZone) };
  } catch (error) {
    if (error instanceof InvalidCron) return undefined;
    throw error;
  }
}

function parseMoment(text: string, timeZone: string): Timing | undefined {
  // A date that the calendar does not have, which croner would carry over into the next month.
  const written = new Date(`${text}Z`);
  if (Number.isNaN(written.getTime()) || !written.toISOString().startsWith(text)) return undefined;
  const at = new Cron(text, { timezone: timeZone, paused: true }).nextRun(new Date(0));
  return at ? { kind: 'at', at } : undefined;
}

/** The first run later than `after`, or undefined when there is none any more. */
export function nextRun(timing: Timing, bounds: Bounds, after: Date): Date | undefined {
  // One-time schedules pass over start and end.
  if (timing.kind === 'at') return timing.at > after ? timing.at : undefined;
  const next =
    timing.kind === 'rate'
      ? nextOfRate(timing.milliseconds, bounds.startDate ?? bounds.anchor, after)
      : timing.next(latest(after, bounds.startDate && new Date(bounds.startDate.getTime() - 1)));
  return next && bounds.endDate && next > bounds.endDate ? undefined : next;
}

function nextOfRate(milliseconds: number, first: Date, after: Date): Date {
  const periods = Math.floor((after.getTime() - first.getTime()) / milliseconds) + 1;
  return new Date(first.getTime() + Math.max(periods, 0) * milliseconds);
}

function latest(left: Date, right: Date | undefined): Date {
  return right && right > left ? right : left;
}

export const minuteAfter = (date: Date) => new Date((Math.floor(date.getTime() / 60_000) + 1) * 60_000);
