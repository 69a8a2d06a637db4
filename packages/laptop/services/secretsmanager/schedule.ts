import { InvalidCron, type NextRun, parseAwsCron } from '../aws-cron.ts';
import type { RotationRules } from './state.ts';
import { invalidParameter } from './validation.ts';

const HOUR_MILLISECONDS = 3_600_000;
const DAY_MILLISECONDS = 24 * HOUR_MILLISECONDS;

/** Secrets Manager rotates at any time in it. */
export interface Window {
  readonly opens: Date;
  readonly closes: Date;
}

interface Schedule {
  readonly opensAfter: NextRun;
  /** Schedules in hours close after one hour, those in days at the end of the day, unless a duration is given. */
  readonly unit: 'hours' | 'days';
}

/** @throws InvalidParameterException for rules that AWS would not take */
export function checkRules(rules: RotationRules | undefined): void {
  if (!rules) return;
  if (rules.AutomaticallyAfterDays !== undefined && rules.ScheduleExpression !== undefined) {
    throw invalidParameter('You can specify either AutomaticallyAfterDays or ScheduleExpression, but not both.');
  }
  const schedule = parse(rules);
  if (rules.Duration === undefined) return;
  const hours = durationHours(rules.Duration);
  if (hours < 1 || hours > 24)
    throw invalidParameter(`Invalid Duration: ${rules.Duration}. It must be from 1h to 24h.`);
  if (schedule?.unit === 'days' && !startsAndEndsOnOneDay(schedule, hours)) {
    throw invalidParameter(
      `Invalid Duration: ${rules.Duration}. The rotation window must not extend into the next UTC day.`,
    );
  }
}

/**
 * The window after a moment: of the last rotation or new value where days are counted, else of now.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
 */
export function nextWindow(rules: RotationRules | undefined, after: Date): Window | undefined {
  const schedule = rules && parse(rules);
  const opens = schedule?.opensAfter(after);
  if (!rules || !schedule || !opens) return undefined;
  const length = rules.Duration ? durationHours(rules.Duration) * HOUR_MILLISECONDS : undefined;
  if (length !== undefined) return { opens, closes: new Date(opens.getTime() + length) };
  const closes = schedule.unit === 'hours' ? opens.getTime() + HOUR_MILLISECONDS : endOfDay(opens);
  return { opens, closes: new Date(closes) };
}

/** "The next rotation is scheduled to occur on or before this date": the window's last second. */
export const lastSecond = (window: Window) => new Date(window.closes.getTime() - 1_000);

/** Days count from the last rotation, and a value that was put by hand is one. */
export function isScheduledByDays(rules: RotationRules | undefined): boolean {
  return rules?.AutomaticallyAfterDays !== undefined && rules.ScheduleExpression === undefined;
}

/** The rules as DescribeSecret shows them after a rotation: with the days that the schedule comes to. */
export function withDays(rules: RotationRules | undefined, rotatedAt: Date): RotationRules | undefined {
  const window = nextWindow(rules, rotatedAt);
  if (!rules?.ScheduleExpression || !window) return rules;
  const days = Math.floor((window.opens.getTime() - startOfDay(rotatedAt)) / DAY_MILLISECONDS);
  return { ...rules, AutomaticallyAfterDays: Math.max(1, days) };
}

function parse(rules: RotationRules): Schedule | undefined {
  const { ScheduleExpression: expression, AutomaticallyAfterDays: days } = rules;
  if (expression === undefined) return days === undefined ? undefined : everyDays(days);
  const rate = /^rate\((\d+) (hours?|days?)\)$/.exec(expression);
  if (rate) return parseRate(expression, Number(rate[1]), rate[2] as string);
  const cron = /^cron\((.+)\)$/.exec(expression)?.[1];
  if (cron === undefined) throw invalidExpression(expression, 'Write rate(10 days) or cron(0 8 1 * ? *).');
  return parseCron(expression, cron);
}

function parseRate(expression: string, count: number, unit: string): Schedule {
  if (unit.startsWith('day')) {
    if (count < 1 || count > 999) throw invalidExpression(expression, 'A rate is at most 999 days.');
    return everyDays(count);
  }
  if (count < 4 || count > 999 * 24) throw invalidExpression(expression, 'A rate is at least 4 hours.');
  return { unit: 'hours', opensAfter: (after) => new Date(startOfHour(after) + count * HOUR_MILLISECONDS) };
}

const everyDays = (days: number): Schedule => ({
  unit: 'days',
  opensAfter: (after) => new Date(startOfDay(after) + days * DAY_MILLISECONDS),
});

function parseCron(expression: string, text: string): Schedule {
  const [minutes, hours = '', , , , year] = text.trim().split(/\s+/);
  if (minutes !== '0') throw invalidExpression(expression, 'The minutes must be 0.');
  if (year !== undefined && year !== '*') throw invalidExpression(expression, 'The year must be *.');
  // "1/8" is every eighth hour from one on; the field by itself may also be written "/8".
  const written = hours.startsWith('/') ? text.replace(/^(\s*0\s+)\//, '$1*/') : text;
  try {
    return { opensAfter: parseAwsCron(written), unit: /^\d+$/.test(hours) ? 'days' : 'hours' };
  } catch (error) {
    if (error instanceof InvalidCron) throw invalidExpression(expression, error.message);
    throw error;
  }
}

const invalidExpression = (expression: string, reason: string) =>
  invalidParameter(`Invalid ScheduleExpression: ${expression}. ${reason}`);

function startsAndEndsOnOneDay(schedule: Schedule, hours: number): boolean {
  const opens = schedule.opensAfter(new Date(0));
  return opens === undefined || opens.getTime() + hours * HOUR_MILLISECONDS <= endOfDay(opens);
}

const durationHours = (duration: string) => Number(duration.slice(0, -1));
const startOfDay = (date: Date) => Math.floor(date.getTime() / DAY_MILLISECONDS) * DAY_MILLISECONDS;
const startOfHour = (date: Date) => Math.floor(date.getTime() / HOUR_MILLISECONDS) * HOUR_MILLISECONDS;
const endOfDay = (date: Date) => startOfDay(date) + DAY_MILLISECONDS;
