import { parse } from '../../../pipeline/contracts/parse.ts';
import { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { readRow } from '../../../pipeline/dashboard/read-statuses.ts';
import { inWords, type SecretDates, type StoryRow, secretStatus } from '../../../pipeline/dashboard/secret-status.ts';
import { describeAnswer } from '../../../pipeline/rotation/secret-store.ts';

const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';
const now = new Date('2026-05-01T12:00:00Z');
const current = `keyturn-${'c'.repeat(40)}`;
const previous = `keyturn-${'b'.repeat(40)}`;
const executionArn = 'arn:aws:states:us-east-1:000000000000:execution:keyturn-rotate-secret:e1';
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

const settings = (more: object = {}) =>
  parse('settings', SecretSettings, {
    schemaVersion: 1,
    name: 'app/db',
    kind: 'postgres',
    rotator: { strategy: 'alternating-users' },
    gracePeriodSeconds: 7_200,
    promotionTimeoutSeconds: 900,
    consumers: [
      { name: 'shop', functionArn, freshness: 'recycle', maxAgeSeconds: 300, longestInvocationSeconds: 30 },
      { name: 'mail', functionArn, freshness: 'expire', maxAgeSeconds: 300, longestInvocationSeconds: 30 },
    ],
    checks: [{ name: 'database', type: 'database', functionArn, parameters: {} }],
    ...more,
  });

const secretWith = (VersionIdsToStages: Record<string, string[]>) =>
  describeAnswer(arn, {
    ARN: arn,
    Name: 'app/db',
    RotationEnabled: true,
    RotationLambdaARN: functionArn,
    VersionIdsToStages,
    $metadata: {},
  });

/** A row as the projection writes it, and as it comes back. */
function row(type: string, minutesAgo: number, more: object = {}): StoryRow {
  const at = new Date(now.getTime() - minutesAgo * 60_000).toISOString();
  const detail = {
    schemaVersion: 1,
    id: 'i',
    secretArn: arn,
    secretName: 'app/db',
    versionId: current,
    executionArn,
    ...more,
  };
  const [read] = readRow({ sk: { S: `${at}#i` }, type: { S: type }, detail: { S: JSON.stringify(detail) } });
  if (!read) throw new Error(`${type} is not a row that the widget can read.`);
  return read;
}

const started = (minutesAgo: number, more: object = {}) =>
  row('Rotation Started', minutesAgo, { kind: 'postgres', startedBy: 'schedule', path: 'requested', ...more });
const succeeded = (minutesAgo: number, more: object = {}) =>
  row('Rotation Succeeded', minutesAgo, { kind: 'postgres', startedBy: 'schedule', durationMilliseconds: 1, ...more });
const failed = (minutesAgo: number, more: object = {}) =>
  row('Rotation Failed', minutesAgo, { code: 'TargetRefused', message: 'app/db: no ADMIN on app', ...more });
const before = { executionArn: `${executionArn}-before` };

function status(
  subject: { stages?: Record<string, string[]>; story?: StoryRow[]; dates?: SecretDates; settings?: object } = {},
) {
  return secretStatus({
    settings: settings(subject.settings),
    secret: secretWith(subject.stages ?? { [current]: ['AWSCURRENT'], [previous]: ['AWSPREVIOUS'] }),
    dates: subject.dates ?? {},
    story: subject.story ?? [],
    now,
  });
}
const inFlight = { [current]: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], [previous]: ['AWSPREVIOUS'] };

describe('how a secret is', () => {
  test('a rotation under way is known by its label alone', () => {
    const stages = { [current]: ['AWSCURRENT'], pending: ['AWSPENDING'] };
    expect(status({ stages }).standing).toEqual({ tone: 'busy', word: 'Rotating' });
    expect(status({ stages, story: [started(1), failed(60, before)] }).standing).toMatchObject({
      tone: 'busy',
      executionArn,
    });
  });

  test('promoted and not yet at its end, it is still rotating', () => {
    expect(status({ stages: inFlight, story: [started(1)] }).standing).toMatchObject({
      tone: 'busy',
      word: 'Rotating',
    });
    expect(status({ stages: inFlight, story: [started(0), succeeded(0, before)] }).standing.tone).toBe('busy');
    expect(status({ stages: inFlight, story: [succeeded(0), started(1)] }).standing.word).toBe('Rotated, in grace');
  });

  test('an execution that never told its end is not waited for for ever', () => {
    expect(status({ stages: inFlight, story: [started(119)] }).standing.tone).toBe('busy');
    expect(status({ stages: inFlight, story: [started(121)] }).standing.word).toBe('Rotated, in grace');
  });

  test('a failure stays until a rotation succeeds, with its reason and its execution', () => {
    expect(status({ story: [failed(60 * 24 * 3), started(60 * 24 * 3)] }).standing).toEqual({
      tone: 'bad',
      word: 'Failed',
      since: new Date(now.getTime() - 3 * 86_400_000),
      explanation: 'app/db: no ADMIN on app',
      executionArn,
    });
    expect(status({ story: [succeeded(1), failed(60)] }).standing).toMatchObject({ tone: 'good', word: 'Rotated' });
  });

  test('a roll-back is something to look at, unless somebody asked for it', () => {
    const rolledBack = (code: string) =>
      row('Rotation Rolled Back', 1, {
        kind: 'postgres',
        startedBy: 'dashboard',
        restoredVersionId: previous,
        code,
        message: 'went back',
        durationMilliseconds: 1,
      });
    expect(status({ story: [rolledBack('CheckFailed')] }).standing).toMatchObject({
      tone: 'bad',
      word: 'Rolled back',
      explanation: 'went back',
    });
    expect(status({ story: [rolledBack('RollBackRequested')] }).standing.tone).toBe('calm');
  });

  test('in flight, the previous credential is in grace, or still in use', () => {
    const blocked = (versionId: string) =>
      row('Retirement Blocked', 5, {
        versionId,
        previousVersionId: previous,
        blockers: ['shop'],
        message: 'app is still used by shop',
      });
    expect(status({ stages: inFlight, story: [succeeded(1)] }).standing).toMatchObject({
      tone: 'good',
      explanation: expect.stringContaining('2 hours'),
    });
    expect(status({ stages: inFlight, story: [blocked(current), succeeded(60)] }).standing).toMatchObject({
      tone: 'bad',
      word: 'Retirement blocked',
      explanation: 'app is still used by shop',
    });
    expect(status({ stages: inFlight, story: [succeeded(1), blocked(previous)] }).standing.tone).toBe('good');
  });

  test('without a history the labels and dates still speak', () => {
    expect(status().standing).toEqual({ tone: 'calm', word: 'Not rotated yet' });
    const lastRotatedAt = new Date('2026-04-01T12:00:00Z');
    expect(status({ dates: { lastRotatedAt } }).standing).toEqual({
      tone: 'good',
      word: 'Rotated',
      since: lastRotatedAt,
    });
    expect(status({ settings: { kind: 'watched', rotated: false } }).standing.word).toBe('Watched');
    expect(status({ stages: {} }).standing).toMatchObject({ tone: 'bad', word: 'No value' });
  });
});

test('age, next rotation, and whether it is overdue', () => {
  const dates = { createdAt: new Date('2026-01-01T00:00:00Z'), nextRotationAt: new Date('2026-05-02T00:00:00Z') };
  expect(status({ dates })).toMatchObject({ ageSeconds: 120.5 * 86_400, next: { isOverdue: false } });
  const lastRotatedAt = new Date('2026-05-01T11:00:00Z');
  expect(status({ dates: { ...dates, lastRotatedAt, nextRotationAt: lastRotatedAt } })).toMatchObject({
    ageSeconds: 3_600,
    next: { isOverdue: true },
  });
});

test('consumers are told of by the version that is current, not by one before', () => {
  const converged = (consumer: string, versionId: string) =>
    row('Consumer Converged', 1, { consumer, versionId, evidence: 'bound', convergenceMilliseconds: 1 });
  const lagging = row('Consumer Lagging', 1, { consumer: 'mail', reason: 'ENOSPC' });
  expect(status({ story: [converged('shop', current), lagging, converged('mail', previous)] }).consumers).toEqual([
    { name: 'shop', tone: 'good', word: 'converged' },
    { name: 'mail', tone: 'bad', word: 'lagging: ENOSPC' },
  ]);
  expect(status({ story: [converged('shop', previous)] }).consumers[0]?.tone).toBe('calm');
});

test('of a check the last run counts', () => {
  const passed = row('Check Passed', 1, { check: 'database', type: 'database', durationMilliseconds: 1 });
  const wrong = row('Check Failed', 2, {
    check: 'database',
    type: 'database',
    code: 'WrongPassword',
    message: '28P01',
  });
  expect(status({ story: [passed, wrong] }).checks).toMatchObject([{ tone: 'good' }]);
  expect(status({ story: [wrong, passed] }).checks).toEqual([
    { name: 'database', tone: 'bad', word: 'failed (WrongPassword): 28P01' },
  ]);
  expect(status().checks).toMatchObject([{ tone: 'calm', word: 'has not run yet' }]);
});

describe('what is offered is what the workflow would do', () => {
  const refusals = (subject: Parameters<typeof status>[0]) =>
    Object.fromEntries(status(subject).offers.map(({ operation, refusal }) => [operation, refusal ?? 'may']));

  test('at rest: rotate and check, but the credential before has been retired', () => {
    expect(refusals({})).toEqual({
      rotate: 'may',
      check: 'may',
      'roll-back': expect.stringContaining('has been retired'),
    });
  });

  test('in grace: roll back, but not rotate', () => {
    expect(refusals({ stages: inFlight })).toEqual({
      rotate: expect.stringContaining('kept for roll-back'),
      check: 'may',
      'roll-back': 'may',
    });
  });

  test('while another rotation is under way: not a second one', () => {
    expect(refusals({ stages: { [current]: ['AWSCURRENT'], pending: ['AWSPENDING'] } }).rotate).toContain(
      'is being rotated',
    );
  });

  test('a watched secret is not rotated, one without checks not checked', () => {
    expect(Object.keys(refusals({ settings: { kind: 'watched', rotated: false, checks: [] } }))).toEqual(['roll-back']);
  });
});

test('a row of a shape that is not known says nothing, and breaks nothing', () => {
  const item = (type: string, detail: string) => ({
    sk: { S: '2026-05-01T12:00:00Z#i' },
    type: { S: type },
    detail: { S: detail },
  });
  expect(readRow(item('Moon Landed', '{}'))).toEqual([]);
  expect(readRow(item('Secret Promoted', '{"schemaVersion":2}'))).toEqual([]);
  expect(readRow({ sk: { S: 'x' } })).toEqual([]);
});

test.each([
  [0, '0 seconds'],
  [1, '1 second'],
  [59.9, '59 seconds'],
  [60, '1 minute'],
  [7_199, '1 hour'],
  [86_400, '1 day'],
  [20 * 86_400, '20 days'],
])('%d seconds are %s', (seconds, words) => {
  expect(inWords(seconds)).toBe(words);
});
