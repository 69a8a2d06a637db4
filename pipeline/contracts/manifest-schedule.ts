import * as v from 'valibot';
import type { ScheduleSettings } from './settings/secret.ts';

const text = v.pipe(v.string(), v.nonEmpty());

const when = {
  timeZone: v.optional(text, 'Etc/UTC'),
  /** The start is spread over this many minutes, so that a fleet does not start at once. */
  windowMinutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1440))),
};

/**
 * `{"everyDays": 30}`, `{"expression": "cron(0 3 ? * SUN *)"}`; `native`: Secrets Manager's own schedule and no other.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export const Schedule = v.union([
  v.literal('native'),
  v.strictObject({ everyDays: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), ...when }),
  v.strictObject({
    expression: v.pipe(
      v.string(),
      v.regex(/^(rate|cron)\(.+\)$/, 'rate(30 days) or cron(0 3 ? * SUN *)'),
      v.check(
        (expression) => scheduleProblem(expression) === undefined,
        'a schedule expression of EventBridge Scheduler',
      ),
    ),
    ...when,
  }),
]);
export type Schedule = v.InferOutput<typeof Schedule>;

/** The same as the settings of a secret name it. */
export function scheduleSettings(schedule: Exclude<Schedule, 'native'>): ScheduleSettings {
  const { timeZone, windowMinutes } = schedule;
  return { expression: scheduleExpression(schedule), timeZone, ...(windowMinutes && { windowMinutes }) };
}

export function scheduleExpression(schedule: Exclude<Schedule, 'native'>): string {
  if ('expression' in schedule) return schedule.expression;
  return schedule.everyDays === 1 ? 'rate(1 day)' : `rate(${schedule.everyDays} days)`;
}

const unitSeconds: Readonly<Record<string, number>> = { minute: 60, hour: 3_600, day: 86_400 };

/** How long from one start to the next. Undefined for cron, whose starts are not equally far apart. */
export function intervalSeconds(schedule: Schedule, nativeIntervalDays: number): number | undefined {
  if (schedule === 'native') return nativeIntervalDays * 86_400;
  const [, count, unit] = scheduleExpression(schedule).match(/^rate\((\d+) (minute|hour|day)s?\)$/) ?? [];
  return unit === undefined ? undefined : Number(count) * unitSeconds[unit]!;
}

/** What is wrong with an expression, or undefined. The fields' values are EventBridge Scheduler's to judge. */
export function scheduleProblem(expression: string): string | undefined {
  if (expression.startsWith('rate(')) {
    const [, count, unit = ''] = expression.match(/^rate\((\d+) (minutes?|hours?|days?)\)$/) ?? [];
    if (!count) return 'expected rate(<number> minutes|hours|days)';
    if (Number(count) < 1) return 'expected a rate of 1 or more';
    if ((count === '1') === unit.endsWith('s'))
      return `write rate(${count} ${unit.replace(/s$/, '')}${count === '1' ? '' : 's'})`;
    return undefined;
  }
  const fields = expression.slice('cron('.length, -1).trim().split(/\s+/);
  if (fields.length !== 6) {
    return `cron has six fields: minutes hours day-of-month month day-of-week year; these are ${fields.length}`;
  }
  if ((fields[2] === '?') === (fields[4] === '?')) {
    return 'exactly one of day-of-month and day-of-week is ?, as in cron(0 3 ? * SUN *)';
  }
  return undefined;
}
