import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';
import { rotationWindowSeconds } from '../../../pipeline/workflow/rotation-window.ts';

const HOUR = 3_600;

test.each<[string, RotationRulesType | undefined, string, number]>([
  ['no rules: until the end of the UTC day', undefined, '12:00:00.000', 12 * HOUR],
  ['rules that say nothing: likewise', {}, '12:00:00.000', 12 * HOUR],
  ['parts of a second are rounded up', {}, '23:59:58.001', 2],
  ['a window of hours', { Duration: '3h' }, '12:00:00.000', 3 * HOUR],
  ['a window of two digits', { Duration: '10h' }, '12:00:00.000', 10 * HOUR],
  ['a window that reaches the next day is cut off', { Duration: '10h' }, '20:00:00.000', 4 * HOUR],
  ['what is no number of hours is none', { Duration: '3h30' }, '12:00:00.000', 12 * HOUR],
  ['what is a number of hours at its end alone is none', { Duration: 'P3h' }, '12:00:00.000', 12 * HOUR],
  ['an hourly schedule: one hour', { ScheduleExpression: 'rate(1 hour)' }, '12:00:00.000', HOUR],
  ['a schedule of many hours: one hour', { ScheduleExpression: 'rate(12 hours)' }, '12:00:00.000', HOUR],
  ['an hourly schedule late in the day is cut off', { ScheduleExpression: 'rate(4 hours)' }, '23:30:00.000', HOUR / 2],
  ['a schedule in days', { ScheduleExpression: 'rate(10 days)' }, '12:00:00.000', 12 * HOUR],
  ['a text after the rate is no rate', { ScheduleExpression: 'rate(4 hours) ' }, '12:00:00.000', 12 * HOUR],
  ['a text before the rate is no rate', { ScheduleExpression: ' rate(4 hours)' }, '12:00:00.000', 12 * HOUR],
  ['hours go before the schedule', { ScheduleExpression: 'rate(4 hours)', Duration: '2h' }, '12:00:00.000', 2 * HOUR],
])('%s', (_case, rules, time, expected) => {
  expect(rotationWindowSeconds(rules, new Date(`2026-06-01T${time}Z`))).toBe(expected);
});
