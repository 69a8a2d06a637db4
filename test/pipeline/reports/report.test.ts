import * as v from 'valibot';
import { eventDetails } from '../../../pipeline/contracts/events.ts';
import type { Report } from '../../../pipeline/contracts/report.ts';
import { composeReport } from '../../../pipeline/reports/report.ts';

const now = new Date('2026-05-01T00:01:00Z');
const execution = {
  executionArn: 'arn:aws:states:us-east-1:000000000000:execution:keyturn-rotate-secret:e1',
  startedAt: '2026-05-01T00:00:00Z',
};
const plan = {
  path: 'requested',
  secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
  secretName: 'app/db',
  kind: 'postgres',
  startedBy: 'schedule',
  versionId: 'keyturn-2',
  previousVersionId: 'v1',
  gracePeriodSeconds: 600,
  convergenceBoundSeconds: 60,
};
const failedCheck = {
  name: 'database',
  type: 'database',
  ok: false,
  code: 'CheckFailed',
  cause: JSON.stringify({
    errorType: 'CheckFailed',
    errorMessage: 'the login was refused',
    trace: ['at secret place'],
  }),
};
const retirement = {
  secretArn: plan.secretArn,
  secretName: 'app/db',
  kind: 'postgres',
  versionId: 'keyturn-2',
  previousVersionId: 'v1',
};
const evidence = { verdict: 'in-use', observed: '1 session', blockers: ['reports from 10.0.0.7'] };

const reports: Report[] = [
  { report: 'started', ...execution, plan },
  { report: 'promoted', ...execution, plan },
  {
    report: 'checks',
    ...execution,
    plan,
    checks: [{ name: 'http', type: 'http', ok: true, durationMilliseconds: 12 }, failedCheck],
  },
  { report: 'succeeded', ...execution, plan, checks: [] },
  {
    report: 'propagated',
    ...execution,
    change: {
      secretArn: plan.secretArn,
      secretName: 'app/db',
      versionId: 'keyturn-2',
      promotedAt: '2026-05-01T00:00:10Z',
    },
    consumers: [
      {
        consumer: 'items',
        freshness: 'notify',
        lagging: false,
        evidence: 'bound',
        convergedAt: '2026-05-01T00:05:10Z',
      },
      {
        consumer: 'old',
        freshness: 'recycle',
        lagging: true,
        evidence: 'bound',
        convergedAt: '2026-05-01T01:00:00Z',
        reason: 'RecycleRefused: 4 KB',
      },
    ],
    mirrors: [{ mirror: '/app/key', ok: true }],
  },
  {
    report: 'rolled-back',
    ...execution,
    plan,
    failure: { code: 'CheckFailed', cause: 'database: refused' },
    checksAgain: [],
  },
  {
    report: 'failed',
    ...execution,
    plan: null,
    input: { secretId: 'app/unknown' },
    failure: { code: 'SecretNotManaged', cause: 'no' },
  },
  { report: 'retired', ...execution, retirement, evidence },
  { report: 'retirement-blocked', ...execution, retirement, evidence, attempt: 1 },
  { report: 'retirement-failed', ...execution, retirement, failure: { code: 'TargetUnavailable', cause: 'no route' } },
];

test.each(
  reports.map((report) => [report.report, report] as const),
)('the report "%s" tells events of the published schemas', (_, report) => {
  const telling = composeReport(report, now);
  expect(telling.events.length).toBeGreaterThan(0);
  for (const event of telling.events) {
    const detail = JSON.parse(JSON.stringify({ schemaVersion: 1, id: event.id, ...event.detail }));
    expect(v.safeParse(eventDetails[event.type], detail).issues).toBeUndefined();
  }
});

test('the same report told twice gives the same event ids', () => {
  for (const report of reports) {
    const ids = (told: Report) => composeReport(told, now).events.map((event) => event.id);
    expect(ids(report)).toEqual(ids(report));
  }
});

test('a failed check is an event, a metric and words that a person understands, without a stack trace', () => {
  const telling = composeReport(reports[2]!, now);
  expect(telling.metrics).toEqual([
    { name: 'CheckPassed', value: 1, unit: 'Count', checkType: 'http' },
    { name: 'CheckFailed', value: 1, unit: 'Count', checkType: 'database' },
  ]);
  expect(telling.outcome.message).toBe('database: the login was refused');
  expect(JSON.stringify(telling)).not.toContain('secret place');
});

test('a roll-back tells whether the checks pass again, since otherwise the fault is not in the new value', () => {
  const rolledBack = reports[5] as Extract<Report, { report: 'rolled-back' }>;
  expect(composeReport(rolledBack, now).outcome.message).toMatch(/rolled back to v1.*all checks pass/);
  expect(composeReport({ ...rolledBack, checksAgain: [failedCheck] }, now).outcome.message).toMatch(
    /fault is not in the new value/,
  );
});

test('a failure before there is a plan names the secret that was asked for', () => {
  expect(composeReport(reports[6]!, now).outcome).toEqual({ code: 'SecretNotManaged', message: 'app/unknown: no' });
});

test('retirement that waits for a token lifetime is told, but rings no alarm', () => {
  const waiting = {
    ...reports[8]!,
    evidence: { verdict: 'in-use', observed: 'tokens', blockers: [], notBefore: '2026-05-02T00:00:00Z' },
  } as Report;
  expect(composeReport(waiting, now).metrics).toEqual([]);
  expect(composeReport(reports[8]!, now).metrics.map((metric) => metric.name)).toEqual(['RetirementBlocked']);
});

test('a laggard is told with its reason and counted; a consumer with evidence tells how long it takes', () => {
  const telling = composeReport(reports[4]!, now);
  expect(telling.events.map((event) => event.type)).toEqual(['Consumer Converged', 'Consumer Lagging']);
  expect(telling.metrics).toEqual([
    { name: 'ConvergenceDuration', value: 300_000, unit: 'Milliseconds' },
    { name: 'ConsumerLagging', value: 1, unit: 'Count' },
  ]);
});

test('why a consumer or a mirror lags is told in words, without the stack trace of the function that said so', () => {
  const reason = (code: string, errorMessage: string) =>
    `${code}: ${JSON.stringify({ errorType: code, errorMessage, trace: [`${code}: at secret place`] })}`;
  const { consumers, ...told } = reports[4] as Extract<Report, { report: 'propagated' }>;
  const lagging = consumers.map((consumer) => ({ ...consumer, reason: reason('RecycleRefused', '4 KB') }));
  const mirrors = [{ mirror: 'eu-west-1', ok: false, reason: reason('ReplicaBehind', 'not there yet') }];
  const { events } = composeReport({ ...told, consumers: lagging, mirrors }, now);
  expect(events.map(({ detail }) => (detail as { reason?: string }).reason)).toEqual([
    undefined,
    'RecycleRefused: 4 KB',
    'ReplicaBehind: not there yet',
  ]);
});

test('checks that were only asked for and failed are no failed rotation', () => {
  const failure = { code: 'CheckFailed', cause: 'database: WrongPassword refused' };
  const report: Report = { report: 'failed', ...execution, plan: { ...plan, path: 'checks-only' }, input: {}, failure };
  expect(composeReport(report, now)).toMatchObject({ events: [], metrics: [], outcome: { code: 'CheckFailed' } });
});

test('causes of several checks in one text lose their stack traces', () => {
  const thrown = (code: string, errorMessage: string) =>
    JSON.stringify({ errorType: code, errorMessage, trace: [`${code}: at secret place {"`] });
  const cause = `http: NoRoute ${thrown('NoRoute', 'no {route}')}; jwks: KeyNotPublished ${thrown('K', 'not "there"')}; {"other":1} {"`;
  const rolledBack = { ...reports[5]!, failure: { code: 'CheckFailed', cause } } as Report;
  const { message } = composeReport(rolledBack, now).outcome;
  expect(message).toContain('http: NoRoute no {route}; jwks: KeyNotPublished not "there"; {"other":1} {"');
  expect(message).not.toContain('secret place');
});
