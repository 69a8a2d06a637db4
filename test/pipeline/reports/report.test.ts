import * as v from 'valibot';
import { eventDetails } from '../../../pipeline/contracts/events.ts';
import { parse } from '../../../pipeline/contracts/parse.ts';
import { Report } from '../../../pipeline/contracts/report.ts';
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
  outcome: 'failed' as const,
  code: 'CheckFailed',
  cause: JSON.stringify({
    errorType: 'CheckFailed',
    errorMessage: 'the login was refused',
    trace: ['at secret place'],
  }),
};
const change = {
  secretArn: plan.secretArn,
  secretName: 'app/db',
  versionId: 'keyturn-2',
  promotedAt: '2026-05-01T00:00:10.000Z',
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
    checks: [{ name: 'http', type: 'http', outcome: 'passed', durationMilliseconds: 12 }, failedCheck],
  },
  { report: 'succeeded', ...execution, plan, checks: [] },
  {
    report: 'propagated',
    ...execution,
    change,
    consumers: [
      { state: 'converging', consumer: 'items', freshness: 'notify', expectedAt: '2026-05-01T00:05:40.000Z' },
      {
        state: 'lagging',
        consumer: 'old',
        freshness: 'recycle',
        reason: 'RecycleRefused: 4 KB',
        expectedAt: '2026-05-01T01:00:00.000Z',
      },
    ],
    mirrors: [{ state: 'in-step', mirror: '/app/key' }],
  },
  {
    report: 'converged',
    ...execution,
    change,
    consumers: [{ consumer: 'items', freshness: 'notify', evidence: 'bound', convergedAt: '2026-05-01T00:05:40.000Z' }],
  },
  {
    report: 'lagging',
    ...execution,
    change,
    consumers: [{ consumer: 'web', freshness: 'redeploy', reason: '2 tasks of before the promotion are running' }],
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

function reportOf<Name extends Report['report']>(name: Name): Extract<Report, { report: Name }> {
  return reports.find(({ report }) => report === name) as Extract<Report, { report: Name }>;
}

test.each(
  reports.map((report) => [report.report, report] as const),
)('the report "%s" has events of the published schemas', (_, asked) => {
  const report = composeReport(asked, now);
  expect(report.events.length).toBeGreaterThan(0);
  for (const event of report.events) {
    const detail = JSON.parse(JSON.stringify({ schemaVersion: 1, id: event.id, ...event.detail }));
    expect(v.safeParse(eventDetails[event.type], detail).issues).toBeUndefined();
  }
});

test('the same report twice has the same event ids', () => {
  for (const report of reports) {
    const ids = (asked: Report) => composeReport(asked, now).events.map((event) => event.id);
    expect(ids(report)).toEqual(ids(report));
  }
});

test('a failed check is an event, a metric and words that a person understands, without a stack trace', () => {
  const report = composeReport(reportOf('checks'), now);
  expect(report.metrics).toEqual([
    { name: 'CheckPassed', value: 1, unit: 'Count', checkType: 'http' },
    { name: 'CheckFailed', value: 1, unit: 'Count', checkType: 'database' },
  ]);
  expect(report.outcome.message).toBe('database: the login was refused');
  expect(JSON.stringify(report)).not.toContain('secret place');
});

test('a roll-back says whether the checks pass again, since otherwise the fault is not in the new value', () => {
  const rolledBack = reportOf('rolled-back');
  expect(composeReport(rolledBack, now).outcome.message).toMatch(/rolled back to v1.*all checks pass/);
  expect(composeReport({ ...rolledBack, checksAgain: [failedCheck] }, now).outcome.message).toMatch(
    /fault is not in the new value/,
  );
});

test.each([
  ['retirement', 'failed a check that had no verdict before, and was rolled back by its retirement'],
  ['doctor', 'was rolled back by keyturn doctor'],
  ['command-line', 'was rolled back by keyturn roll-back'],
  ['dashboard', 'was rolled back by the button of the dashboard'],
  ['event', 'was rolled back at the request of an event'],
  ['unknown', 'was rolled back by an execution that was started by hand'],
])('a roll-back that is an execution of its own names what started it: %s', (startedBy, words) => {
  const { message } = composeReport(
    { ...reportOf('rolled-back'), plan: { ...plan, path: 'roll-back', startedBy } },
    now,
  ).outcome;
  expect(message).toContain(`${words} to v1.`);
});

test('a roll-back after another writer moved AWSCURRENT back says so', () => {
  const { message } = composeReport({ ...reportOf('rolled-back'), rollBack: { wasMoved: true } }, now).outcome;
  expect(message).toMatch(/rolled back to v1\. Another writer had moved AWSCURRENT back already/);
});

test('a failure before there is a plan names the secret that was asked for', () => {
  expect(composeReport(reportOf('failed'), now).outcome).toEqual({
    code: 'SecretNotManaged',
    message: 'app/unknown: no',
  });
});

test('a retirement that waits for a token lifetime is an event, and rings no alarm', () => {
  const waiting = {
    ...reportOf('retirement-blocked'),
    evidence: { verdict: 'in-use', observed: 'tokens', blockers: [], notBefore: '2026-05-02T00:00:00Z' },
  } as Report;
  expect(composeReport(waiting, now).metrics).toEqual([]);
  expect(composeReport(reportOf('retirement-blocked'), now).metrics.map((metric) => metric.name)).toEqual([
    'RetirementBlocked',
  ]);
});

test.each([
  ['a notice sent', 'converging', undefined],
  ['a notice that failed', 'lagging', 'Runtime.ImportModuleError: Cannot find module pg'],
] as const)('in the second of the promotion a notify consumer is %s by %s: never converged', (_, state, reason) => {
  // 300 seconds of cache and 30 of invocation: nothing is proven before 00:05:40.
  const consumer = { consumer: 'items', freshness: 'notify', expectedAt: '2026-05-01T00:05:40.000Z' };
  const consumers = [
    reason ? { ...consumer, state: 'lagging' as const, reason } : { ...consumer, state: 'converging' as const },
  ];
  const { events, metrics } = composeReport({ ...reportOf('propagated'), consumers, mirrors: [] }, now);
  expect(events.map(({ type }) => type)).toEqual([state === 'lagging' ? 'Consumer Lagging' : 'Consumer Converging']);
  expect(events[0]?.detail).toMatchObject({
    consumer: 'items',
    expectedAt: '2026-05-01T00:05:40.000Z',
    ...(reason && { reason }),
  });
  expect(metrics).toEqual(reason ? [{ name: 'ConsumerLagging', value: 1, unit: 'Count' }] : []);
});

test('evidence says by what, when, and how long it took since the promotion', () => {
  const { events, metrics } = composeReport(reportOf('converged'), now);
  expect(events).toMatchObject([
    {
      type: 'Consumer Converged',
      detail: {
        consumer: 'items',
        evidence: 'bound',
        convergedAt: '2026-05-01T00:05:40.000Z',
        convergenceMilliseconds: 330_000,
      },
    },
  ]);
  expect(metrics).toEqual([{ name: 'ConvergenceDuration', value: 330_000, unit: 'Milliseconds' }]);
});

test('a mirror that is in step has converged by its copy, and is no figure of the consumers', () => {
  const report = composeReport({ ...reportOf('propagated'), consumers: [] }, now);
  expect(report).toMatchObject({
    events: [
      {
        type: 'Consumer Converged',
        detail: { consumer: '/app/key', evidence: 'copied', convergedAt: now.toISOString() },
      },
    ],
    metrics: [],
  });
});

test('a consumer’s state has one id for each promotion, whichever execution reports it', () => {
  const ids = (report: Report) => composeReport(report, now).events.map(({ id }) => id);
  const converged = reportOf('converged');
  expect(ids({ ...converged, executionArn: 'arn:another' })).toEqual(ids(converged));
  const again = { ...converged, change: { ...change, promotedAt: '2026-05-01T00:30:00.000Z' } };
  const states = [ids(reportOf('propagated')), ids(reportOf('lagging')), ids(converged), ids(again)].flat();
  expect(new Set(states).size).toBe(states.length);
});

test('a lag that was published before is the same event, and rings no second time', () => {
  const lagging = reportOf('lagging');
  const [first] = composeReport(lagging, now).events;
  const again = composeReport(lagging, now, { publishedIds: new Set([first?.id as string]) });
  expect(again).toMatchObject({ events: [{ id: first?.id, detail: { isKnown: true } }], metrics: [] });
});

test('why a consumer or a mirror lags is one bounded line, without the stack trace of the function that said so', () => {
  const reason = (code: string, errorMessage: string) =>
    `${code}: ${JSON.stringify({ errorType: code, errorMessage, trace: [`${code}: at secret place`] })}`;
  const consumers = [
    { state: 'lagging' as const, consumer: 'old', freshness: 'recycle', reason: reason('RecycleRefused', '4 KB') },
    {
      state: 'lagging' as const,
      consumer: 'odd',
      freshness: 'notify',
      reason: `\u001b[2J\u202e\r\n${'x'.repeat(5_000)}`,
    },
  ];
  const mirrors = [
    { state: 'lagging' as const, mirror: 'eu-west-1', reason: reason('ReplicaBehind', 'not there yet') },
  ];
  const { events } = composeReport({ ...reportOf('propagated'), consumers, mirrors }, now);
  const [old, odd, mirror] = events.map(({ detail }) => (detail as { reason: string }).reason);
  expect([old, mirror]).toEqual(['RecycleRefused: 4 KB', 'ReplicaBehind: not there yet']);
  expect(odd).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect([...(odd as string)].length).toBe(500);
});

describe('a check without a verdict', () => {
  const inconclusive = {
    name: 'database',
    type: 'database',
    outcome: 'inconclusive' as const,
    code: 'TargetUnavailable',
    cause: 'the server is read-only',
  };

  test('is an event and a metric of its own, and no failure', () => {
    const report = composeReport({ ...reportOf('checks'), checks: [inconclusive] }, now);
    expect(report).toMatchObject({
      events: [
        {
          type: 'Check Inconclusive',
          detail: { check: 'database', code: 'TargetUnavailable', message: 'the server is read-only' },
        },
      ],
      metrics: [{ name: 'CheckInconclusive', value: 1, unit: 'Count', checkType: 'database' }],
      outcome: { message: '' },
    });
  });

  test('is named by the success of the rotation', () => {
    const { events } = composeReport({ ...reportOf('succeeded'), checks: [inconclusive] }, now);
    expect(events[0]?.detail).toMatchObject({ inconclusiveChecks: ['database'] });
  });

  test('after a roll-back is said to be unknown, not passed', () => {
    const { message } = composeReport({ ...reportOf('rolled-back'), checksAgain: [inconclusive] }, now).outcome;
    expect(message).toMatch(/No verdict after the roll-back: database\.$/);
    expect(message).not.toMatch(/all checks pass|fail too/);
  });

  test('keeps a credential from its retirement, which says so and rings', () => {
    const waiting = {
      ...reportOf('retirement-blocked'),
      evidence: { verdict: 'free', observed: 'no session', blockers: [] },
      checks: [inconclusive],
    };
    const report = composeReport(waiting, now);
    expect(report.outcome.message).toBe(
      'app/db: the previous credential is kept because checks reached no verdict: database (TargetUnavailable: the server is read-only). They are asked again.',
    );
    expect(report.metrics).toEqual([{ name: 'RetirementBlocked', value: 1, unit: 'Count' }]);
  });
});

test.each([
  [{ outcome: 'passed' }, 'passed'],
  [{ outcome: 'failed' }, 'failed'],
  [{ outcome: 'inconclusive' }, 'inconclusive'],
  [{ ok: true }, 'passed'],
  [{ ok: false }, 'failed'],
] as const)('a check that says %j has %s', (said, outcome) => {
  const checks = [{ name: 'http', type: 'http', ...said }];
  const parsed = parse('The report', Report, { ...reportOf('checks'), checks }) as Extract<
    Report,
    { report: 'checks' }
  >;
  expect(parsed.checks).toEqual([{ name: 'http', type: 'http', outcome }]);
});

test('a check that says nothing of its outcome is refused', () => {
  const checks = [{ name: 'http', type: 'http' }];
  expect(() => parse('The report', Report, { ...reportOf('checks'), checks })).toThrow(
    /passed, failed or inconclusive/,
  );
});

test.each(['PromotionOverdue', 'RotationAbandoned'])('%s names the last step that failed, and its code', (code) => {
  const report: Report = { report: 'failed', ...execution, plan, input: {}, failure: { code, cause: 'It ended.' } };
  const lastFailure = {
    step: 'setSecret',
    code: 'TargetRefused',
    message: `no ADMIN\u001b[31m on app${'x'.repeat(900)}`,
  };
  const { outcome, events } = composeReport(report, now, { lastFailure });
  expect(outcome).toMatchObject({ code });
  expect(outcome.message).toMatch(
    /^app\/db: It ended\. The last step that failed is setSecret: TargetRefused: no ADMIN\ufffd\[31m on appx+…$/,
  );
  expect(outcome.message.length).toBeLessThan(600);
  expect(events[0]?.detail).toMatchObject({ code, message: outcome.message });
  expect(composeReport(report, now).outcome.message).toBe('app/db: It ended.');
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
  const rolledBack = { ...reportOf('rolled-back'), failure: { code: 'CheckFailed', cause } } as Report;
  const { message } = composeReport(rolledBack, now).outcome;
  expect(message).toContain('http: NoRoute no {route}; jwks: KeyNotPublished not "there"; {"other":1} {"');
  expect(message).not.toContain('secret place');
});
