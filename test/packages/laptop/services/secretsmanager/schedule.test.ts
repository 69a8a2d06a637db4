import { describe, expect, test } from '@jest/globals';
import {
  checkRules,
  lastSecond,
  nextWindow,
  withDays,
} from '../../../../../packages/laptop/services/secretsmanager/schedule.ts';
import type { RotationRules } from '../../../../../packages/laptop/services/secretsmanager/state.ts';

const at = (text: string) => new Date(text);

/** When the next window opens and closes, after a moment. */
function window(rules: RotationRules, after: string): [string, string] | undefined {
  const found = nextWindow(rules, at(after));
  return found && [found.opens.toISOString(), found.closes.toISOString()];
}

describe('the next window', () => {
  test.each<[string, RotationRules, string, [string, string]]>([
    [
      'days count from the day, whatever the hour',
      { AutomaticallyAfterDays: 30 },
      '2026-02-03T17:34:00Z',
      ['2026-03-05T00:00:00.000Z', '2026-03-06T00:00:00.000Z'],
    ],
    [
      'of a rate in days',
      { ScheduleExpression: 'rate(10 days)' },
      '2026-01-01T23:59:59.999Z',
      ['2026-01-11T00:00:00.000Z', '2026-01-12T00:00:00.000Z'],
    ],
    [
      'of a rate in days, shorter than the day',
      { ScheduleExpression: 'rate(1 day)', Duration: '3h' },
      '2026-01-01T12:00:00Z',
      ['2026-01-02T00:00:00.000Z', '2026-01-02T03:00:00.000Z'],
    ],
    [
      'of a rate in hours opens on the hour, for one',
      { ScheduleExpression: 'rate(4 hours)' },
      '2026-01-01T12:34:56Z',
      ['2026-01-01T16:00:00.000Z', '2026-01-01T17:00:00.000Z'],
    ],
    [
      'of a cron expression in days closes with the day',
      { ScheduleExpression: 'cron(0 16 1,15 * ? *)' },
      '2026-01-02T00:00:00Z',
      ['2026-01-15T16:00:00.000Z', '2026-01-16T00:00:00.000Z'],
    ],
    [
      'of a cron expression in hours after one hour',
      { ScheduleExpression: 'cron(0 8/8 * * ? *)' },
      '2026-01-02T08:00:00Z',
      ['2026-01-02T16:00:00.000Z', '2026-01-02T17:00:00.000Z'],
    ],
    [
      'of hours written as AWS’s guide writes them',
      { ScheduleExpression: 'cron(0 /8 * * ? *)', Duration: '2h' },
      '2026-01-02T08:00:00Z',
      ['2026-01-02T16:00:00.000Z', '2026-01-02T18:00:00.000Z'],
    ],
    [
      'on the first Sunday, at midnight',
      { ScheduleExpression: 'cron(0 0 ? * SUN#1 *)' },
      '2026-01-05T00:00:00Z',
      ['2026-02-01T00:00:00.000Z', '2026-02-02T00:00:00.000Z'],
    ],
    [
      'on the last day of the month',
      { ScheduleExpression: 'cron(0 17 L * ? *)' },
      '2026-02-01T00:00:00Z',
      ['2026-02-28T17:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ],
  ])('%s', (_name, rules, after, expected) => {
    expect(window(rules, after)).toEqual(expected);
  });

  test('of nothing is none', () => {
    expect(window({}, '2026-01-01T00:00:00Z')).toBeUndefined();
    expect(nextWindow(undefined, at('2026-01-01T00:00:00Z'))).toBeUndefined();
  });

  test('a millisecond before it opens it is this one, as it opens the next', () => {
    const rules = { ScheduleExpression: 'cron(0 10 * * ? *)' };
    expect(window(rules, '2026-01-01T09:59:59.999Z')?.[0]).toBe('2026-01-01T10:00:00.000Z');
    expect(window(rules, '2026-01-01T10:00:00.000Z')?.[0]).toBe('2026-01-02T10:00:00.000Z');
  });

  test('its last second is the date that is shown', () => {
    const found = nextWindow({ AutomaticallyAfterDays: 1 }, at('2026-01-01T10:00:00Z'))!;
    expect(lastSecond(found)).toEqual(at('2026-01-02T23:59:59Z'));
  });
});

test.each<[RotationRules, number | undefined]>([
  [{ ScheduleExpression: 'rate(10 days)' }, 10],
  [{ ScheduleExpression: 'rate(6 hours)' }, 1],
  [{ ScheduleExpression: 'cron(0 16 1,15 * ? *)', Duration: '2h' }, 14],
  [{ AutomaticallyAfterDays: 3 }, 3],
])('%j is shown with the days it comes to', (rules, days) => {
  expect(withDays(rules, at('2026-01-01T17:00:00Z'))).toEqual({ ...rules, AutomaticallyAfterDays: days });
});

describe('rules that AWS does not take', () => {
  test.each<[RotationRules, RegExp]>([
    [{ AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(1 day)' }, /but not both/],
    [{ ScheduleExpression: 'rate(3 hours)' }, /at least 4 hours/],
    [{ ScheduleExpression: 'rate(1000 days)' }, /at most 999 days/],
    [{ ScheduleExpression: 'rate(0 days)' }, /at most 999 days/],
    [{ ScheduleExpression: 'every day' }, /Write rate/],
    [{ ScheduleExpression: 'cron(30 10 * * ? *)' }, /minutes must be 0/],
    [{ ScheduleExpression: 'cron(0 10 * * ? 2027)' }, /year must be \*/],
    [{ ScheduleExpression: 'cron(0 10 * * *)' }, /Invalid ScheduleExpression/],
    [{ ScheduleExpression: 'cron(0 25 * * ? *)' }, /Invalid ScheduleExpression/],
    [{ ScheduleExpression: 'cron(0 10 1 * MON *)' }, /Invalid ScheduleExpression/],
    [{ ScheduleExpression: 'rate(1 day)', Duration: '25h' }, /from 1h to 24h/],
    [{ ScheduleExpression: 'rate(1 day)', Duration: '0h' }, /from 1h to 24h/],
    [{ ScheduleExpression: 'cron(0 22 * * ? *)', Duration: '3h' }, /next UTC day/],
  ])('%j', (rules, message) => {
    expect(() => checkRules(rules)).toThrow(
      expect.objectContaining({ code: 'InvalidParameterException', message: expect.stringMatching(message) }),
    );
  });

  test.each<RotationRules>([
    { AutomaticallyAfterDays: 1000 },
    { ScheduleExpression: 'rate(999 days)', Duration: '24h' },
    { ScheduleExpression: 'cron(0 22 * * ? *)', Duration: '2h' },
    { ScheduleExpression: 'rate(4 hours)', Duration: '4h' },
  ])('and %j, which it does', (rules) => {
    expect(() => checkRules(rules)).not.toThrow();
  });
});
