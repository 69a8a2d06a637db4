import * as v from 'valibot';
import { declared } from '../../declared.ts';
import { LONGEST_SCHEDULE, LONGEST_TIME_ZONE } from '../../grammar/aws-names.ts';
import type { ScheduleSettings } from '../../settings/secret-types.ts';
import type * as types from './manifest-part-types.ts';

const when = {
  timeZone: v.optional(v.pipe(v.string(), v.check(isTimeZone, 'a time zone such as Europe/Berlin')), 'Etc/UTC'),
  /** The start is spread over this many minutes, so that a fleet does not start at once. */
  windowMinutes: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1, '1 to 1440 minutes'), v.maxValue(1440, '1 to 1440 minutes')),
  ),
};

const Expression = v.pipe(
  v.string(),
  v.maxLength(LONGEST_SCHEDULE, `an expression of at most ${LONGEST_SCHEDULE} characters`),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed && scheduleProblem(dataset.value);
    if (problem) addIssue({ message: problem });
  }),
);

/**
 * `{"everyDays": 30}`, `{"expression": "cron(0 3 ? * SUN *)"}`; `native`: Secrets Manager's own schedule and no other.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export const Schedule = declared<types.Schedule>()(
  v.union(
    [
      v.literal('native'),
      v.strictObject({ everyDays: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), ...when }),
      v.strictObject({ expression: Expression, ...when }),
    ],
    '"native", {"everyDays": 30} or {"expression": "cron(0 3 ? * SUN *)"}, with "timeZone" and "windowMinutes"',
  ),
);
export type Schedule = types.Schedule;

export const CheckSchedule = declared<types.CheckSchedule>()(
  v.strictObject({ expression: Expression, timeZone: when.timeZone }),
);
export type CheckSchedule = types.CheckSchedule;
type OwnSchedule = Exclude<Schedule, 'native'>;

/** Offsets such as +05:00 are time zones for Intl and none for EventBridge Scheduler, which wants IANA's names. */
function isTimeZone(name: string): boolean {
  if (name.length > LONGEST_TIME_ZONE || !/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    // What Intl does not know is no time zone: the answer, not a fault.
    return false;
  }
}

/** The same as the settings of a secret name it. */
export function scheduleSettings(schedule: OwnSchedule): ScheduleSettings {
  const { timeZone, windowMinutes } = schedule;
  return { expression: scheduleExpression(schedule), timeZone, ...(windowMinutes && { windowMinutes }) };
}

export function scheduleExpression(schedule: OwnSchedule): string {
  if ('expression' in schedule) return schedule.expression;
  return schedule.everyDays === 1 ? 'rate(1 day)' : `rate(${schedule.everyDays} days)`;
}

const unitSeconds: Readonly<Record<string, number>> = { minute: 60, hour: 3_600, day: 86_400 };

/** How long from one start to the next. Undefined for cron, whose starts are not equally far apart. */
export function scheduleIntervalSeconds(schedule: Schedule): number | undefined {
  if (schedule === 'native') return undefined;
  const [, count, unit] = scheduleExpression(schedule).match(/^rate\((\d+) (minute|hour|day)s?\)$/) ?? [];
  return unit === undefined ? undefined : Number(count) * unitSeconds[unit]!;
}

/** What to write instead of an expression, or undefined. The fields' values are EventBridge Scheduler's to judge. */
export function scheduleProblem(expression: string): string | undefined {
  // Secrets Manager's ScheduleExpressionType; Scheduler's own names none.
  if (!/^[0-9A-Za-z()#?*/, -]+$/.test(expression)) return 'rate(30 days) or cron(0 3 ? * SUN *)';
  if (/^rate\(.*\)$/.test(expression)) return rateProblem(expression);
  if (!/^cron\(.*\)$/.test(expression)) return 'rate(30 days) or cron(0 3 ? * SUN *)';
  const fields = expression.slice('cron('.length, -1).trim().split(/\s+/);
  if (fields.length !== 6) return 'six fields in cron(): minutes hours day-of-month month day-of-week year';
  if ((fields[2] === '?') === (fields[4] === '?')) {
    return 'a ? in exactly one of day-of-month and day-of-week, as in cron(0 3 ? * SUN *)';
  }
  return undefined;
}

function rateProblem(expression: string): string | undefined {
  const [, count, unit = ''] = expression.match(/^rate\(([1-9]\d{0,5}) (minutes?|hours?|days?)\)$/) ?? [];
  if (!count) return 'rate(<number> minutes|hours|days)';
  const singular = unit.replace(/s$/, '');
  const right = `rate(${count} ${singular}${count === '1' ? '' : 's'})`;
  return right === expression ? undefined : right;
}
