import { findDrift } from '../../../pipeline/audit/find-drift.ts';
import type { ObservedSecret } from '../../../pipeline/audit/observed.ts';
import type { FindingCode, VerifyAnswer } from '../../../pipeline/contracts/audit.ts';
import type { ConsumerState } from '../../../pipeline/history/consumer-state.ts';
import { ago, FUNCTION_ARN, now, secretWith, seen } from './seen.ts';

const atRest = { v2: ['AWSCURRENT'], v1: ['AWSPREVIOUS'] };
const inFlight = { v2: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], v1: ['AWSPREVIOUS'] };
const pendingOf = (versionId: string, ...more: string[]) => ({ ...atRest, [versionId]: ['AWSPENDING', ...more] });
const works = { works: true } as const;
const target = (more: object): VerifyAnswer =>
  ({
    supported: true,
    current: works,
    findings: [],
    repairable: ['CurrentRefused', 'PreviousRefused'],
    ...more,
  }) as never;

const consumer = (state: ConsumerState) => ({ name: 'shop', state });
const lag = { state: 'lagging', since: ago(1), reason: 'no pg', expectedAt: ago(-1) } as const;

type Row = [name: string, observed: ObservedSecret, codes: FindingCode[]];

const rows: Row[] = [
  ['a secret at rest', seen(atRest), []],
  ['in flight, with an execution that waits', seen(inFlight, { isRetiring: true }), []],
  ['AWSPENDING on AWSCURRENT’s version, a legal end state', seen({ v2: ['AWSCURRENT', 'AWSPENDING'] }), []],
  ['no version is AWSCURRENT', seen({ v1: ['AWSPREVIOUS'] }), ['CurrentMissing']],
  [
    'AWSCURRENT on a version that failed its checks',
    seen({ v2: ['AWSCURRENT', 'KEYTURN_FAILED'], v1: ['AWSPREVIOUS'] }),
    ['CurrentFailed'],
  ],
  [
    'the same, and the version before it is of no use',
    seen({ v2: ['AWSCURRENT', 'KEYTURN_FAILED'], v1: ['AWSPREVIOUS', 'KEYTURN_FAILED'] }),
    ['CurrentFailed'],
  ],
  [
    'the same while the execution rolls it back',
    seen({ v2: ['AWSCURRENT', 'KEYTURN_FAILED'], v1: ['AWSPREVIOUS'] }, { isRotating: true }),
    [],
  ],

  [
    'a candidate of ours that nobody is about',
    seen(pendingOf('v3', 'KEYTURN_IN_FLIGHT'), { pendingSince: ago(1) }),
    ['PendingStuck'],
  ],
  [
    'the workflow’s token, without a value yet',
    seen(pendingOf('keyturn-1'), { pendingSince: ago(1) }),
    ['PendingStuck'],
  ],
  [
    'a candidate whose execution runs',
    seen(pendingOf('v3', 'KEYTURN_IN_FLIGHT'), { pendingSince: ago(1), isRotating: true }),
    [],
  ],
  ['a candidate of a minute ago', seen(pendingOf('v3', 'KEYTURN_IN_FLIGHT'), { pendingSince: ago(1 / 60) }), []],
  [
    'a candidate whose rotation may take as long',
    seen(pendingOf('v3', 'KEYTURN_IN_FLIGHT'), { pendingSince: ago(1), set: { promotionTimeoutSeconds: 7_200 } }),
    [],
  ],
  ['a candidate without a date', seen(pendingOf('v3')), ['PendingForeign']],
  ['another tool’s candidate', seen(pendingOf('v3'), { pendingSince: ago(1) }), ['PendingForeign']],

  ['a value put by hand that was propagated', seen(atRest), []],
  ['a value of which no row tells', seen(atRest, { story: { believedVersionId: 'v1' } }), ['ValueUnpropagated']],
  [
    'the same a minute after it was put',
    seen(atRest, { story: { believedVersionId: 'v1' }, described: { lastChangedAt: ago(1 / 60) } }),
    [],
  ],
  [
    'no history at all, put in our time',
    seen(atRest, { story: {}, dates: { currentMadeAt: ago(3), managedSince: ago(100), lastRotatedAt: ago(5) } }),
    ['ValueUnpropagated'],
  ],
  [
    'no history at all, put before the secret was ours',
    seen(atRest, { story: {}, dates: { currentMadeAt: ago(300), managedSince: ago(100), lastRotatedAt: ago(5) } }),
    [],
  ],
  ['the first value of all', seen({ v2: ['AWSCURRENT'] }, { story: {} }), []],
  ['a rotation has it in hands', seen(inFlight, { isRetiring: true, story: { believedVersionId: 'v1' } }), []],

  ['in flight, and no execution waits', seen(inFlight), ['RetirementLost']],
  ['the same a minute after promotion', seen(inFlight, { described: { lastChangedAt: ago(1 / 60) } }), []],
  ['the same while it is propagated and checked', seen(inFlight, { isRotating: true }), []],
  [
    'still used a day after its grace period',
    seen(inFlight, { isRetiring: true, described: { lastChangedAt: ago(49) } }),
    ['RetirementOverdue'],
  ],
  [
    'still used an hour after its grace period',
    seen(inFlight, { isRetiring: true, described: { lastChangedAt: ago(25) } }),
    [],
  ],

  ['rotation turned off', seen(atRest, { described: { rotationEnabled: false } }), ['RotationOff']],
  ['no rotation function', seen(atRest, { described: { rotationFunctionArn: undefined } }), ['RotationOff']],
  [
    'a watched secret has neither',
    seen(atRest, { described: { rotationEnabled: false }, set: { rotated: false } }),
    [],
  ],

  [
    'due by the native schedule, a day and more ago',
    seen(atRest, { dates: { lastRotatedAt: ago(2_000), nextRotationAt: ago(25) } }),
    ['SecretOverdue'],
  ],
  [
    'due by the native schedule, an hour ago',
    seen(atRest, { dates: { lastRotatedAt: ago(2_000), nextRotationAt: ago(1) } }),
    [],
  ],
  [
    'due by the workflow’s schedule, while Secrets Manager’s is far off',
    seen(atRest, { set: { schedule: { expression: 'rate(1 day)', timeZone: 'Etc/UTC' } } }),
    ['SecretOverdue'],
  ],
  [
    'the same, in its tolerance',
    seen(atRest, {
      set: { schedule: { expression: 'rate(1 day)', timeZone: 'Etc/UTC' } },
      dates: { lastRotatedAt: ago(26), nextRotationAt: ago(-9) },
    }),
    [],
  ],
  [
    'the same, while it is being rotated',
    seen(atRest, { isRotating: true, set: { schedule: { expression: 'rate(1 day)', timeZone: 'Etc/UTC' } } }),
    [],
  ],
  [
    'never rotated since it is ours',
    seen(atRest, {
      set: { schedule: { expression: 'rate(1 day)', timeZone: 'Etc/UTC' } },
      dates: { managedSince: ago(50), createdAt: ago(9_000) },
    }),
    ['SecretOverdue'],
  ],
  [
    'a watched secret is never overdue',
    seen(atRest, { set: { rotated: false }, dates: { nextRotationAt: ago(999), lastRotatedAt: ago(2_000) } }),
    [],
  ],

  [
    'a credential that is refused',
    seen(atRest, { target: target({ current: { works: false, reason: 'refused' } }) }),
    ['CurrentRefused'],
  ],
  [
    'a previous credential that is refused too early',
    seen(inFlight, { isRetiring: true, target: target({ previous: { works: false, reason: 'refused' } }) }),
    ['PreviousRefused'],
  ],
  ['a target that does not answer', seen(atRest, { target: { unreachable: 'no route' } }), ['TargetUnreachable']],
  ['a target that cannot be asked', seen(atRest, { target: { supported: false } }), []],
  [
    'what the target has lost',
    seen(atRest, {
      target: target({
        findings: [
          { code: 'MembershipLost', message: 'm', isSafe: true },
          { code: 'DisabledLoginInUse', message: 'd', isSafe: false },
          { code: 'AdministratorGrantMissing', message: 'g', person: 'GRANT pg_monitor TO boss;' },
        ],
      }),
    }),
    ['MembershipLost', 'DisabledLoginInUse', 'AdministratorGrantMissing'],
  ],

  [
    'a parameter and a replica that are behind',
    seen(atRest, {
      mirrors: [
        { mirror: '/app/key', to: 'parameter', reason: 'another value' },
        { mirror: 'eu-west-1', to: 'replica', reason: 'behind', isOurs: true },
        { mirror: 'eu-west-2', to: 'replica', isOurs: true },
      ],
    }),
    ['MirrorBehind', 'ReplicaBehind'],
  ],
  [
    'a parameter that is behind a value put a minute ago, of which no row tells yet',
    seen(atRest, {
      story: { believedVersionId: 'v1' },
      described: { lastChangedAt: ago(1 / 60) },
      mirrors: [{ mirror: '/app/key', to: 'parameter', reason: 'another value' }],
    }),
    [],
  ],
  [
    'a parameter that is behind although the value of a minute ago was propagated',
    seen(atRest, {
      described: { lastChangedAt: ago(1 / 60) },
      mirrors: [{ mirror: '/app/key', to: 'parameter', reason: 'another value' }],
    }),
    ['MirrorBehind'],
  ],

  [
    'a consumer that has converged',
    seen(atRest, { consumers: [consumer({ state: 'converged', convergedAt: ago(1), evidence: 'bound' })] }),
    [],
  ],
  [
    'a consumer on its way',
    seen(atRest, { consumers: [consumer({ state: 'converging', expectedAt: ago(-1), isOverdue: false })] }),
    [],
  ],
  [
    'a consumer whose evidence is a moment late',
    seen(atRest, { consumers: [consumer({ state: 'converging', expectedAt: ago(1 / 60), isOverdue: true })] }),
    [],
  ],
  [
    'a consumer whose evidence does not come',
    seen(atRest, { consumers: [consumer({ state: 'converging', expectedAt: ago(1), isOverdue: true })] }),
    ['ConvergenceOverdue'],
  ],
  [
    'a consumer of which the history has nothing',
    seen(atRest, { consumers: [consumer({ state: 'unpublished' })] }),
    [],
  ],
  ['a consumer that lags', seen(atRest, { consumers: [consumer(lag)] }), ['ConsumerLagging']],
  ['the same while an execution propagates', seen(atRest, { consumers: [consumer(lag)], isRotating: true }), []],
];

test.each(rows)('%s', (_, observed, codes) => {
  expect(findDrift(observed, now).map(({ code }) => code)).toEqual(codes);
});

test('every finding says who, what it means and what to type; only what can hurt nobody is safe', () => {
  const found = rows.flatMap(([, observed]) => findDrift(observed, now));
  for (const { message, command, repair, isSafe } of found) {
    expect(message).toMatch(/^app\/db: \S/);
    // Looking once more is no way out.
    expect(command).not.toMatch(/^keyturn doctor \S+$/);
    expect(command).toMatch(/\S/);
    expect(isSafe && !repair).toBe(false);
    if (repair) expect(command).toMatch(isSafe ? / --repair$/ : / --repair --yes$/);
  }
});

const only = (observed: ObservedSecret) => findDrift(observed, now)[0];

test('another tool’s candidate is cleared without a second question only when it is abandoned', () => {
  expect(only(seen(pendingOf('v3'), { pendingSince: ago(2) }))).toMatchObject({
    isSafe: false,
    command: 'keyturn doctor app/db --repair --yes',
    repair: { action: 'detach-pending', versionId: 'v3' },
  });
  expect(only(seen(pendingOf('v3'), { pendingSince: ago(25) }))).toMatchObject({ isSafe: true });
});

test('our own candidate is given up by the function that made it', () => {
  expect(only(seen(pendingOf('v3', 'KEYTURN_IN_FLIGHT'), { pendingSince: ago(1) }))).toMatchObject({
    isSafe: true,
    repair: { action: 'abandon-candidate', rotationFunctionArn: FUNCTION_ARN, versionId: 'v3' },
  });
});

test('a lost value is adopted; one that the workflow would take for its own is propagated', () => {
  const story = { believedVersionId: 'v1' };
  expect(only(seen(atRest, { story }))?.repair).toEqual({ action: 'adopt-value', versionId: 'v2' });
  const token = 'keyturn-0123';
  expect(only(seen({ [token]: ['AWSCURRENT'], v1: ['AWSPREVIOUS'] }, { story }))?.repair).toEqual({
    action: 'propagate',
    versionId: token,
  });
});

test('a lost retirement is counted from the promotion that the history tells, and resumed from there', () => {
  const told = seen(inFlight, { story: { believedVersionId: 'v2', promotedAt: ago(30) } });
  expect(only(told)).toMatchObject({
    message: expect.stringContaining('promoted 30 hours ago'),
    repair: { action: 'resume-retirement', previousVersionId: 'v1', promotedAt: ago(30).toISOString() },
  });
});

test('an overdue retirement names who still uses the credential', () => {
  const observed = seen(inFlight, {
    isRetiring: true,
    described: { lastChangedAt: ago(100) },
    blockers: ['reports from 10.0.0.7'],
  });
  expect(only(observed)?.message).toMatch(/3 days ago\. It is used by reports from 10\.0\.0\.7\. End its use/);
});

test('while a credential is in flight, its repair says which one comes before it', () => {
  const refused = seen(inFlight, {
    isRetiring: true,
    target: target({ previous: { works: false, reason: 'it may not log in' } }),
  });
  expect(only(refused)).toMatchObject({
    versionId: 'v1',
    message: expect.stringContaining('slow consumers fail and a roll-back would too: it may not log in'),
    repair: { action: 'repair-target', versionId: 'v2', previousVersionId: 'v1', code: 'PreviousRefused' },
  });
});

test('a secret of the same name in a replica region is overwritten only when a person says so', () => {
  const mirrors = [{ mirror: 'eu-west-1', to: 'replica', reason: 'taken', isOurs: false } as const];
  expect(only(seen(atRest, { mirrors }))).toMatchObject({ isSafe: false, repair: { action: 'replicate' } });
});

test('a description without dates is not taken for a fresh one', () => {
  const secret = secretWith(inFlight, { lastChangedAt: undefined });
  expect(only({ ...seen(inFlight), secret })?.code).toBe('RetirementLost');
});

test('a lagging consumer is named with since when, because of what, until when, and a repair that notifies it again', () => {
  const [found] = findDrift(seen(atRest, { consumers: [consumer(lag)] }), now);
  expect(found).toMatchObject({
    code: 'ConsumerLagging',
    versionId: 'v2',
    repair: { action: 'propagate', versionId: 'v2' },
    isSafe: true,
    command: 'keyturn doctor app/db --repair',
  });
  expect(found?.message).toBe(
    'app/db: consumer shop is lagging since 2026-06-01T11:00:00Z because no pg. Its bound is the evidence at 2026-06-01T13:00:00Z; until then it may use the previous value. Correct what the reason names; the repair then notifies or recycles it again.',
  );
});
