import { dueAfter } from '../../../pipeline/audit/due-date.ts';

const last = new Date('2026-03-10T10:00:00Z');

test.each([
  ['rate(30 days)', {}, '2026-04-09T10:00:00Z'],
  ['rate(12 hours)', { windowMinutes: 60 }, '2026-03-10T23:00:00Z'],
  ['rate(1 day)', {}, '2026-03-11T10:00:00Z'],
  ['cron(0 3 ? * SUN *)', {}, '2026-03-15T03:00:00Z'],
  ['cron(0 3 ? * 1 *)', {}, '2026-03-15T03:00:00Z'],
  ['cron(0 3 ? * SUN *)', { timeZone: 'Europe/Berlin' }, '2026-03-15T02:00:00Z'],
  ['cron(30 4 L * ? *)', { windowMinutes: 15 }, '2026-03-31T04:45:00Z'],
  ['cron(0 3 ? * 2#1 *)', {}, '2026-04-06T03:00:00Z'],
  ['cron(0 3 ? * L *)', {}, '2026-03-14T03:00:00Z'],
  ['cron(0/30 9-17 ? * MON-FRI *)', {}, '2026-03-10T10:30:00Z'],
])('%s %j after a rotation is due at %s', (expression, more, due) => {
  expect(dueAfter({ expression, timeZone: 'Etc/UTC', ...more }, last)).toEqual(new Date(due));
});

test('what has ended, and what nobody can read, is never due', () => {
  expect(dueAfter({ expression: 'cron(0 3 ? * SUN 2025)', timeZone: 'Etc/UTC' }, last)).toBeUndefined();
  expect(dueAfter({ expression: 'cron(soon)', timeZone: 'Etc/UTC' }, last)).toBeUndefined();
  expect(dueAfter({ expression: 'cron(a b c d e f)', timeZone: 'Etc/UTC' }, last)).toBeUndefined();
  expect(dueAfter({ expression: 'at(2026-01-01T00:00:00)', timeZone: 'Etc/UTC' }, last)).toBeUndefined();
});
