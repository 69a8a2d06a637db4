import { parse } from '../../../pipeline/contracts/parse.ts';
import { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { inWords, type SecretDates, secretStatus } from '../../../pipeline/dashboard/secret-status.ts';
import { readRow, type StoryRow } from '../../../pipeline/history/story-rows.ts';
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

describe('how each consumer stands with the version that is current', () => {
  const minutes = (ago: number) => new Date(now.getTime() - ago * 60_000).toISOString();
  const promotion = { consumer: 'shop', promotedAt: minutes(5) };
  const converging = (more: object = {}) =>
    row('Consumer Converging', 5, { ...promotion, expectedAt: minutes(-1), ...more });
  const lagging = row('Consumer Lagging', 5, { ...promotion, reason: 'Runtime.ImportModuleError: no pg' });
  const converged = row('Consumer Converged', 2, {
    ...promotion,
    evidence: 'recycled',
    convergedAt: minutes(2),
    convergenceMilliseconds: 180_000,
  });
  const shop = (...story: StoryRow[]) => status({ story }).consumers[0];

  test('on its way: until when, and the evidence is overdue the moment it is', () => {
    expect(shop(converging())).toEqual({
      name: 'shop',
      tone: 'busy',
      word: 'converging until 2026-05-01T12:01:00Z',
      state: 'converging',
      expectedAt: new Date('2026-05-01T12:01:00Z'),
      isOverdue: false,
    });
    expect(shop(converging({ expectedAt: minutes(0.5) }))).toMatchObject({
      tone: 'busy',
      word: 'evidence overdue since 2026-05-01T11:59:30Z',
    });
    expect(shop(converging({ expectedAt: minutes(2) }))).toMatchObject({ tone: 'bad' });
  });

  test('lagging: since when, because of what', () => {
    expect(shop(lagging)).toMatchObject({
      tone: 'bad',
      word: 'lagging since 2026-05-01T11:55:00Z because Runtime.ImportModuleError: no pg',
    });
  });

  test('converged: when, by what', () => {
    expect(shop(converged, converging())).toMatchObject({
      tone: 'good',
      word: 'converged at 2026-05-01T11:58:00Z by recycle',
    });
  });

  test('nothing published, or of another version', () => {
    expect(shop()).toMatchObject({ tone: 'calm', word: 'nothing published for this version' });
    expect(shop(row('Consumer Lagging', 1, { ...promotion, versionId: previous, reason: 'ENOSPC' }))?.tone).toBe(
      'calm',
    );
  });

  test('a mirror stands beside the consumers once something was published of it', () => {
    const mirrors = [
      { to: 'replica', region: 'eu-west-1' },
      { to: 'parameter', parameterName: '/app/db' },
    ];
    const story = [
      row('Consumer Lagging', 1, { consumer: 'eu-west-1', promotedAt: minutes(1), reason: 'ReplicaBehind' }),
    ];
    expect(status({ settings: { mirrors }, story }).consumers.map(({ name, tone }) => [name, tone])).toEqual([
      ['shop', 'calm'],
      ['mail', 'calm'],
      ['eu-west-1', 'bad'],
    ]);
  });
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
  const inconclusive = row('Check Inconclusive', 1, {
    check: 'database',
    type: 'database',
    code: 'TargetUnavailable',
    message: 'read-only',
  });
  expect(status({ story: [inconclusive, passed] }).checks).toEqual([
    { name: 'database', tone: 'bad', word: 'no verdict (TargetUnavailable): read-only' },
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
