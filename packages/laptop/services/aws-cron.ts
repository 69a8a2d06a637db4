import { Cron } from 'croner';

/** The next moment after `now`, or undefined when there is none. */
export type NextRun = (now: Date) => Date | undefined;

export class InvalidCron extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'InvalidCron';
  }
}

const range = (value: string) => `(\\*|${value}(-${value})?)(/\\d+)?`;
const list = (...alternatives: string[]) => {
  const one = `(${alternatives.join('|')})`;
  return new RegExp(`^${one}(,${one})*$`, 'i');
};
const number = '\\d{1,2}';
const month = '(\\d{1,2}|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)';
const weekday = '([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)';

/** What each field may hold; croner takes more than AWS does. */
const fields: readonly (readonly [name: string, RegExp])[] = [
  ['minutes', list(range(number))],
  ['hours', list(range(number))],
  ['day-of-month', list('\\?', 'L', `${number}W`, range(number))],
  ['month', list(range(month))],
  ['day-of-week', list('\\?', 'L', `${weekday}L`, `${weekday}#[1-5]`, range(weekday))],
  ['year', list(range('(19[7-9]\\d|2[01]\\d\\d)'))],
];

/**
 * AWS's six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year; one of the two days is `?`.
 * A moment that a change to summer time leaves out is skipped, one that the change back repeats comes once.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html @throws InvalidCron
 */
export function parseAwsCron(text: string, timeZone = 'UTC'): NextRun {
  const given = text.trim().split(/\s+/);
  if (given.length !== fields.length) throw new InvalidCron(`A cron expression has 6 fields, not ${given.length}.`);
  for (const [index, [name, pattern]] of fields.entries()) {
    const field = given[index] as string;
    if (!pattern.test(field)) throw new InvalidCron(`${field} is no ${name}.`);
  }
  const [minute, hour, dayOfMonth, monthField, dayOfWeek, year] = given as [string, ...string[]];
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new InvalidCron('One of day-of-month and day-of-week must be ?, the other not.');
  }
  // Saturday is the last day of the week.
  const days = dayOfWeek === 'L' ? '7' : dayOfWeek;
  let job: Cron;
  try {
    job = new Cron(`0 ${minute} ${hour} ${dayOfMonth} ${monthField} ${days} ${year}`, {
      timezone: timeZone,
      paused: true,
      mode: '7-part',
      alternativeWeekdays: true,
      sloppyRanges: true,
    });
  } catch (error) {
    throw new InvalidCron(error instanceof Error ? error.message : String(error));
  }
  return (now) => {
    let next = job.nextRun(now);
    while (next && !job.match(next)) next = job.nextRun(next);
    return next ?? undefined;
  };
}
