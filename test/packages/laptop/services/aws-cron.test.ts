import { describe, expect, test } from '@jest/globals';
import { InvalidCron, parseAwsCron } from '../../../../packages/laptop/services/aws-cron.ts';

function runs(expression: string, from: string, count: number, timeZone?: string): string[] {
  const next = parseAwsCron(expression, timeZone);
  const found: string[] = [];
  let at: Date | undefined = new Date(from);
  while (found.length < count) {
    at = next(at);
    if (!at) break;
    found.push(at.toISOString().slice(0, 16));
  }
  return found;
}

// The examples of the user guide, counted out by hand from Thursday, 15 January 2026.
test.each([
  ['every 10 minutes', '0/10 * * * ? *', ['2026-01-15T10:40', '2026-01-15T10:50', '2026-01-15T11:00']],
  ['10:15 every day', '15 10 * * ? *', ['2026-01-16T10:15', '2026-01-17T10:15', '2026-01-18T10:15']],
  ['18:00 from Monday to Friday', '0 18 ? * MON-FRI *', ['2026-01-15T18:00', '2026-01-16T18:00', '2026-01-19T18:00']],
  ['8:00 on the first of a month', '0 8 1 * ? *', ['2026-02-01T08:00', '2026-03-01T08:00', '2026-04-01T08:00']],
  ['Sundays by number', '0 3 ? * 1 *', ['2026-01-18T03:00', '2026-01-25T03:00', '2026-02-01T03:00']],
  ['a range by numbers', '0 3 ? * 2-3 *', ['2026-01-19T03:00', '2026-01-20T03:00', '2026-01-26T03:00']],
  ['a step in a field of days', '0 3 ? * 2/2 *', ['2026-01-16T03:00', '2026-01-19T03:00', '2026-01-21T03:00']],
  ['the third Friday', '0 3 ? * 6#3 *', ['2026-01-16T03:00', '2026-02-20T03:00', '2026-03-20T03:00']],
  ['the last Friday', '15 10 ? * 6L 2025-2026', ['2026-01-30T10:15', '2026-02-27T10:15', '2026-03-27T10:15']],
  ['the last day of the week', '0 3 ? * L *', ['2026-01-17T03:00', '2026-01-24T03:00', '2026-01-31T03:00']],
  ['the last day of the month', '0 3 L * ? *', ['2026-01-31T03:00', '2026-02-28T03:00', '2026-03-31T03:00']],
  ['the weekday next to the 15th', '0 3 15W * ? *', ['2026-02-16T03:00', '2026-03-16T03:00', '2026-04-15T03:00']],
  ['a list of months and a year', '0 3 1 JAN,MAR ? 2026', ['2026-03-01T03:00']],
  ['a year that is over', '0 3 1 1 ? 2020', []],
])('%s', (_name, expression, expected) => {
  expect(runs(expression, '2026-01-15T10:30:00Z', 3)).toEqual(expected);
});

describe('in a time zone', () => {
  const zone = 'America/New_York';
  test('the hour is the zone’s', () => {
    expect(runs('0 3 * * ? *', '2026-01-15T00:00:00Z', 1, zone)).toEqual(['2026-01-15T08:00']);
    expect(runs('0 3 * * ? *', '2026-07-15T00:00:00Z', 1, zone)).toEqual(['2026-07-15T07:00']);
  });

  test('a moment that the change to summer time leaves out is skipped', () => {
    expect(runs('30 2 * * ? *', '2026-03-07T08:00:00Z', 2, zone)).toEqual(['2026-03-09T06:30', '2026-03-10T06:30']);
  });

  test('a moment that the change back repeats comes once', () => {
    expect(runs('30 1 * * ? *', '2026-10-31T12:00:00Z', 2, zone)).toEqual(['2026-11-01T05:30', '2026-11-02T06:30']);
  });
});

test.each([
  ['both days given', '0 1 * * * *'],
  ['neither day given', '0 1 ? * ? *'],
  ['five fields', '0 1 * * ?'],
  ['nothing', ''],
  ['a word that is no weekday', '7 20 ? * NOT *'],
  ['a word that is no hour', '0 dummy ? * MON-FRI *'],
  ['minute 71', '71 8 1 * ? *'],
  ['hour 24', '0 24 1 * ? *'],
  ['month 13', '0 1 1 13 ? *'],
  ['weekday 0', '0 1 ? * 0 *'],
  ['weekday 8', '0 1 ? * 8 *'],
  ['the sixth Friday', '0 1 ? * 6#6 *'],
  ['? as a minute', '? 1 1 * ? *'],
  ['what only croner knows', '0 1 ? * +2 *'],
  ['a year before 1970', '0 1 1 * ? 1969'],
])('%s is refused', (_name, expression) => {
  expect(() => parseAwsCron(expression)).toThrow(InvalidCron);
});
