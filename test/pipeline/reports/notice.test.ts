import { noticedEvents } from '../../../pipeline/contracts/events.ts';
import { composeNotice } from '../../../pipeline/reports/notice.ts';

const base = {
  schemaVersion: 1,
  id: 'e1',
  secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
  secretName: 'app/db',
  versionId: 'keyturn-2',
};
const event = (type: string, detail: object) => ({
  source: 'keyturn',
  'detail-type': type,
  detail: { ...base, ...detail },
});
const failed = { kind: 'postgres', startedBy: 'schedule', code: 'TargetRefused' };

test('a failed rotation: who, why, what to do next, and where it is written', () => {
  expect(
    composeNotice(event('Rotation Failed', { ...failed, message: 'app/db: the login was refused (28P01).' })),
  ).toEqual({
    subject: 'Keyturn: app/db: rotation failed',
    message: [
      'app/db: rotation failed.',
      'Why: the login was refused (28P01).',
      'Next: keyturn history app/db',
      'Runbook: docs/operating.md#rotationfailed',
    ].join('\n'),
  });
});

test('a roll-back says that the previous value is back; one that a person asked for is no news, one that an event did is', () => {
  const detail = { ...failed, restoredVersionId: 'v1', message: 'app/db: database: refused', durationMilliseconds: 1 };
  const notice = composeNotice(event('Rotation Rolled Back', { ...detail, code: 'CheckFailed' }));
  expect(notice?.subject).toBe('Keyturn: app/db: rolled back, the previous value is back');
  const asked = { ...detail, code: 'RollBackRequested' };
  expect(composeNotice(event('Rotation Rolled Back', asked))).toBeUndefined();
  expect(composeNotice(event('Rotation Rolled Back', { ...asked, startedBy: 'event' }))).toEqual(notice);
});

test('a check that failed in a rotation is told by the rotation’s end; on demand or on a schedule it is told itself', () => {
  const detail = {
    check: 'login',
    type: 'http',
    code: 'NoRoute',
    message: 'https://app.example/login cannot be reached',
  };
  expect(composeNotice(event('Check Failed', { ...detail, path: 'requested' }))).toBeUndefined();
  expect(composeNotice(event('Check Failed', { ...detail, path: 'checks-only' }))?.message).toMatch(
    /^app\/db: check login failed \(NoRoute\)\.\nWhy: https:\/\/app\.example.*\nNext: keyturn check app\/db\n/,
  );
});

test('a blocked retirement is told at the first look and then once a day, not while a token’s lifetime is waited for', () => {
  const told = (attempt: number, blockers = ['reports from 10.0.0.7']) => {
    const message = blockers.length > 0 ? `app/db: still used by ${blockers}` : 'app/db: may be in use until noon';
    return composeNotice(event('Retirement Blocked', { previousVersionId: 'v1', blockers, message, attempt }));
  };
  expect(told(1)?.message).toContain('Why: still used by reports from 10.0.0.7');
  expect([2, 3, 24].map((attempt) => told(attempt))).toEqual([undefined, undefined, undefined]);
  expect(told(25)).toBeDefined();
  expect(told(1, [])).toBeUndefined();
});

test('a lagging consumer: which, why, until when, and only the first time', () => {
  const detail = { consumer: 'shop', reason: 'Runtime.ImportModuleError: no pg' };
  expect(composeNotice(event('Consumer Lagging', { ...detail, expectedAt: '2026-05-01T00:05:40Z' }))).toEqual({
    subject: 'Keyturn: app/db: shop is lagging',
    message: [
      'app/db: shop is lagging.',
      'Why: Runtime.ImportModuleError: no pg. It converges by its bound at 2026-05-01T00:05:40Z.',
      'Next: keyturn doctor app/db',
      'Runbook: docs/operating.md#consumerlagging',
    ].join('\n'),
  });
  expect(composeNotice(event('Consumer Lagging', detail))?.message).not.toContain('bound');
  expect(composeNotice(event('Consumer Lagging', { ...detail, isKnown: true }))).toBeUndefined();
  expect(
    composeNotice(event('Consumer Converging', { consumer: 'shop', expectedAt: '2026-05-01T00:05:40Z' })),
  ).toBeUndefined();
});

test('a check without a verdict: nothing was rolled back, and retirement asks again', () => {
  const detail = { check: 'database', type: 'database', code: 'TargetUnavailable', message: 'the server is read-only' };
  const notice = composeNotice(event('Check Inconclusive', { ...detail, path: 'requested' }));
  expect(notice?.subject).toBe('Keyturn: app/db: check database reached no verdict (TargetUnavailable)');
  expect(notice?.message).toContain(
    'Why: the server is read-only. Nothing was rolled back. Retirement asks the check again, and keeps the previous credential until it has a verdict.',
  );
  expect(notice?.message).toMatch(/#checkinconclusive$/);
  const onDemand = composeNotice(event('Check Inconclusive', { ...detail, path: 'checks-only' }));
  expect(onDemand?.message).toContain('Why: the server is read-only. Nothing was changed.');
  expect(onDemand?.message).not.toMatch(/roll|Retirement/);
  expect(composeNotice(event('Check Inconclusive', { ...detail, path: 'retirement' }))).toBeUndefined();
});

test('a retirement that waits for a verdict is not said to be kept by users', () => {
  const message = 'app/db: the previous credential is kept because checks reached no verdict: database';
  const notice = composeNotice(
    event('Retirement Blocked', { previousVersionId: 'v1', blockers: [], message, attempt: 1 }),
  );
  expect(notice?.subject).toBe('Keyturn: app/db: the previous credential is not retired');
});

test('every event that has a notice has its words', () => {
  for (const type of noticedEvents) {
    // Without the members of its type each is refused: none of them is overlooked.
    expect(() => composeNotice({ ...event(type, {}), detail: {} })).toThrow(
      expect.objectContaining({ code: 'InputInvalid' }),
    );
  }
});

test('drift names the command that mends it; an overdue secret has a runbook section of its own', () => {
  const detail = { code: 'PendingStuck', message: 'app/db: AWSPENDING', repair: 'keyturn doctor app/db --repair' };
  expect(composeNotice(event('Drift Found', detail))?.message).toMatch(
    /Next: keyturn doctor app\/db --repair\nRunbook: .*#driftfound$/,
  );
  expect(composeNotice(event('Drift Found', { ...detail, code: 'SecretOverdue' }))?.message).toMatch(/#secretoverdue$/);
});

test('an alarm that rings is told in its own words, and nothing when it is quiet again', () => {
  const alarm = (value: string) => ({
    source: 'aws.cloudwatch',
    'detail-type': 'CloudWatch Alarm State Change',
    detail: {
      alarmName: 'keyturn-DeadLetters',
      state: { value, reason: 'Threshold Crossed' },
      configuration: { description: 'Keyturn: An event could not be delivered. Runbook: docs/operating.md' },
    },
  });
  expect(composeNotice(alarm('ALARM'))).toEqual({
    subject: 'Keyturn alarm: keyturn-DeadLetters',
    message: 'keyturn-DeadLetters rings.\nKeyturn: An event could not be delivered. Runbook: docs/operating.md',
  });
  expect(composeNotice(alarm('OK'))).toBeUndefined();
});

test('other events are nobody’s alarm', () => {
  expect(composeNotice(event('Secret Promoted', {}))).toBeUndefined();
  expect(composeNotice({ ...event('Rotation Failed', failed), source: 'somebody' })).toBeUndefined();
});

test('a notice stays short and on its lines, whatever a name or a vendor’s words hold', () => {
  const message = `first\r\nSubject: forged\u0000\u202e${'x'.repeat(5_000)}`;
  const notice = composeNotice(
    event('Rotation Failed', { ...failed, secretName: `änd/${'n'.repeat(300)}\n`, message }),
  );
  expect(notice?.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  expect(notice?.message.split('\n')).toHaveLength(4);
  expect(notice?.message.length).toBeLessThan(1_600);
  expect(notice?.message).not.toMatch(/[\p{Cf}\r]/u);
  expect(notice?.message.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});
