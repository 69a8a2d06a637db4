import { describe, expect, test } from '@jest/globals';
import {
  minuteAfter,
  nextRun,
  parseTiming,
  type Timing,
} from '../../../../../packages/laptop/services/scheduler/timing.ts';

const timing = (expression: string, timeZone = 'UTC') => parseTiming(expression, timeZone) as Timing;
const date = (text: string) => new Date(text);
const anchor = date('2026-01-15T12:01:00Z');

describe('a rate', () => {
  const hourly = timing('rate(1 hour)');

  test('begins at the next whole minute, and counts from there', () => {
    expect(minuteAfter(date('2026-01-15T12:00:30Z'))).toEqual(anchor);
    expect(minuteAfter(date('2026-01-15T12:00:00Z'))).toEqual(anchor);
    expect(nextRun(hourly, { anchor }, date('2026-01-15T12:00:30Z'))).toEqual(anchor);
    expect(nextRun(hourly, { anchor }, anchor)).toEqual(date('2026-01-15T13:01:00Z'));
    expect(nextRun(hourly, { anchor }, date('2026-01-15T13:00:59.999Z'))).toEqual(date('2026-01-15T13:01:00Z'));
  });

  test('with a start date begins at that very moment', () => {
    const bounds = { anchor, startDate: date('2026-01-20T05:00:00Z') };
    expect(nextRun(hourly, bounds, anchor)).toEqual(bounds.startDate);
    expect(nextRun(hourly, bounds, bounds.startDate)).toEqual(date('2026-01-20T06:00:00Z'));
  });

  test('of days is 24 hours a day, summer time or not', () => {
    const daily = timing('rate(1 day)', 'America/New_York');
    expect(nextRun(daily, { anchor: date('2026-03-07T15:00:00Z') }, date('2026-03-08T00:00:00Z'))).toEqual(
      date('2026-03-08T15:00:00Z'),
    );
  });
});

describe('a start and an end', () => {
  const bounds = { anchor, startDate: date('2026-02-01T03:00:00Z'), endDate: date('2026-02-02T03:00:00Z') };

  test('let a cron run on both of them, and not a moment later', () => {
    const daily = timing('cron(0 3 * * ? *)');
    expect(nextRun(daily, bounds, anchor)).toEqual(bounds.startDate);
    expect(nextRun(daily, bounds, bounds.startDate)).toEqual(bounds.endDate);
    expect(nextRun(daily, bounds, bounds.endDate)).toBeUndefined();
    const earlier = { ...bounds, endDate: new Date(bounds.endDate.getTime() - 1) };
    expect(nextRun(daily, earlier, bounds.startDate)).toBeUndefined();
  });

  test('mean nothing to a one-time schedule', () => {
    expect(nextRun(timing('at(2027-01-01T00:00:00)'), bounds, anchor)).toEqual(date('2027-01-01T00:00:00Z'));
  });
});

describe('a one-time schedule', () => {
  test('is a moment in its time zone', () => {
    expect(timing('at(2026-07-01T12:00:00)', 'America/New_York')).toEqual({
      kind: 'at',
      at: date('2026-07-01T16:00:00Z'),
    });
  });

  test('runs once, and never when its moment was over', () => {
    const once = timing('at(2026-01-15T12:05:00)');
    expect(nextRun(once, { anchor }, date('2026-01-15T12:04:59.999Z'))).toEqual(date('2026-01-15T12:05:00Z'));
    expect(nextRun(once, { anchor }, date('2026-01-15T12:05:00Z'))).toBeUndefined();
  });
});
