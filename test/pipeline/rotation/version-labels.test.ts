import {
  candidateVersionId,
  currentVersionId,
  hasFailed,
  isAbandonmentOvertaken,
  isCurrent,
  isInFlight,
  isPending,
  isRepairOvertaken,
  isRetirementOvertaken,
  isRollBackOvertaken,
  isStepOvertaken,
  isSweepOvertaken,
  pendingBeside,
  spentVersionIds,
  unretiredVersionId,
  versionLabels,
  wasPromoted,
} from '../../../pipeline/rotation/version-labels.ts';

type Stages = Readonly<Record<string, string[]>>;

const C = 'AWSCURRENT';
const P = 'AWSPENDING';
const B = 'AWSPREVIOUS';
const FLIGHT = 'KEYTURN_IN_FLIGHT';
const FAILED = 'KEYTURN_FAILED';
const EMERGENCY = 'keyturn-emergency-1';

describe('one look', () => {
  test.each<[string, Stages, { current?: string; candidate?: string; unretired?: string }]>([
    ['a secret without a value', {}, {}],
    ['its first value', { v1: [C] }, { current: 'v1' }],
    ['an empty candidate of RotateSecret’s', { v1: [C], v2: [P] }, { current: 'v1', candidate: 'v2' }],
    ['a stored candidate', { v0: [B], v1: [C], v2: [P, FLIGHT] }, { current: 'v1', candidate: 'v2' }],
    ['a candidate before the first value', { v1: [P] }, { candidate: 'v1' }],
    ['AWSPENDING left on AWSCURRENT', { v1: [B], v2: [C, P] }, { current: 'v2' }],
    ['in grace', { v1: [B], v2: [C, FLIGHT] }, { current: 'v2', unretired: 'v1' }],
    ['in grace, and AWSPREVIOUS is gone', { v2: [C, FLIGHT] }, { current: 'v2' }],
    ['retired', { v1: [B], v2: [C] }, { current: 'v2' }],
    ['rolled back', { v1: [C], v2: [B, FAILED] }, { current: 'v1' }],
    ['a value put over a rotation in flight', { v2: [B, FLIGHT], v3: [C] }, { current: 'v3' }],
  ])('%s', (_case, stages, { current, candidate, unretired }) => {
    const secret = { name: 'app/db', ...versionLabels(stages) };
    if (current) expect(currentVersionId(secret)).toBe(current);
    else
      expect(() => currentVersionId(secret)).toThrow(
        expect.objectContaining({
          code: 'SecretUnusable',
          message: 'app/db has no AWSCURRENT version. Put a first value before it is rotated.',
        }),
      );
    expect(candidateVersionId(secret)).toBe(candidate);
    expect(unretiredVersionId(secret)).toBe(unretired);
  });

  test('what one version carries', () => {
    const labels = versionLabels({ old: [B, FAILED], now: [C, FLIGHT], next: [P, FLIGHT], lost: [FLIGHT] });
    const table = ['old', 'now', 'next', 'lost', 'unknown'].map((id) => [
      id,
      [isCurrent, isPending, isInFlight, hasFailed, wasPromoted]
        .filter((ask) => ask(labels, id))
        .map(({ name }) => name),
    ]);
    expect(Object.fromEntries(table)).toEqual({
      old: ['hasFailed', 'wasPromoted'],
      now: ['isCurrent', 'isInFlight', 'wasPromoted'],
      next: ['isPending', 'isInFlight'],
      lost: ['isInFlight'],
      unknown: [],
    });
  });

  test('a secret that DescribeSecret shows without versions has no labels', () => {
    expect(versionLabels(undefined).versionWith(C)).toBeUndefined();
    expect(versionLabels(undefined).stagesOf('v1')).toEqual([]);
  });

  test('AWSPENDING on another version than these', () => {
    const labels = versionLabels({ v1: [C], v2: [P] });
    expect(pendingBeside(labels)).toBe('v2');
    expect(pendingBeside(labels, 'v1')).toBe('v2');
    expect(pendingBeside(labels, undefined)).toBe('v2');
    expect(pendingBeside(labels, 'v1', 'v2')).toBeUndefined();
    expect(pendingBeside(versionLabels({ v1: [C] }), 'v1')).toBeUndefined();
  });
});

describe('a step of the rotation to v2, beside v1', () => {
  test.each<[string, Stages, boolean]>([
    ['nothing has changed', { v1: [C], v2: [P, FLIGHT] }, false],
    ['the in-flight label is not there yet', { v1: [C], v2: [P] }, false],
    ['it was given up', { v1: [C], v2: [FLIGHT] }, true],
    ['another rotation has begun', { v1: [C], v2: [FLIGHT], v3: [P] }, true],
    ['a value was put by hand, and AWSPENDING is still there', { v1: [B], v2: [P, FLIGHT], v3: [C] }, true],
    ['a roll-back has moved AWSCURRENT back', { v0: [C], v1: [B, FAILED], v2: [P, FLIGHT] }, true],
    ['a roll-back has begun: the age of its mark decides, not the label', { v1: [C, FAILED], v2: [P, FLIGHT] }, false],
    ['it was promoted', { v1: [B], v2: [C, FLIGHT] }, true],
  ])('%s', (_case, now, expected) => {
    expect(isStepOvertaken(versionLabels({ v1: [C], v2: [P] }), versionLabels(now), 'v2')).toBe(expected);
  });
});

describe('the abandonment of v2, beside v1', () => {
  const open = { v1: [C], v2: [FLIGHT] };
  const closed = { v1: [C] };
  test.each<[string, Stages, Stages, boolean]>([
    ['open, and nothing has changed', open, open, false],
    ['open, and AWSPENDING has come back', open, { v1: [C], v2: [P, FLIGHT] }, false],
    ['open, and another candidate has come', open, { v1: [C], v2: [FLIGHT], v3: [P] }, false],
    ['open, and the first abandonment has closed it', open, closed, true],
    ['open, and it was promoted after all', open, { v1: [B], v2: [C, FLIGHT] }, true],
    ['not open, and nothing has changed', closed, closed, false],
    ['not open, and another candidate is under way', closed, { v1: [C], v3: [P] }, true],
    ['not open, and its own empty version is AWSPENDING', closed, { v1: [C], v2: [P] }, false],
    ['not open, and a value was put', closed, { v1: [B], v3: [C] }, true],
  ])('%s', (_case, before, now, expected) => {
    expect(isAbandonmentOvertaken(versionLabels(before), versionLabels(now), 'v2')).toBe(expected);
  });
});

describe('the retirement of v1, after v2', () => {
  const open = { v1: [B], v2: [C, FLIGHT] };
  const closed = { v1: [B], v2: [C] };
  test.each<[string, Stages, Stages, boolean]>([
    ['open, and nothing has changed', open, open, false],
    ['open, and a rotation waits for the grace period', open, { ...open, v3: [P] }, false],
    ['open, and an emergency is under way', open, { ...open, [EMERGENCY]: [P] }, true],
    ['open, and AWSPENDING was left on AWSCURRENT', open, { v1: [B], v2: [C, FLIGHT, P] }, false],
    ['open, and a roll-back has begun', open, { v1: [B], v2: [C, FLIGHT, FAILED] }, true],
    ['open, and it was rolled back', open, { v1: [C], v2: [B, FAILED] }, true],
    ['open, and the first retirement has closed it', open, closed, true],
    ['open, and a value was put', open, { v2: [B, FLIGHT], v3: [C] }, true],
    ['not open, and nothing has changed', closed, closed, false],
    ['not open, and any rotation is under way', closed, { ...closed, v3: [P] }, true],
  ])('%s', (_case, before, now, expected) => {
    expect(isRetirementOvertaken(versionLabels(before), versionLabels(now), 'v2')).toBe(expected);
  });
});

describe('the roll-back from v2 to v1', () => {
  test.each<[string, Stages, boolean]>([
    ['it has begun', { v1: [B], v2: [C, FLIGHT, FAILED] }, false],
    ['a rotation waits for the grace period', { v1: [B], v2: [C, FLIGHT, FAILED], v3: [P] }, false],
    ['an emergency is under way', { v1: [B], v2: [C, FLIGHT, FAILED], [EMERGENCY]: [P] }, true],
    ['a value put by hand, and a rotation is under way', { v1: [B], v2: [C, FAILED], v3: [P] }, true],
    ['a value put by hand, and AWSPENDING was left on it', { v1: [B], v2: [C, FAILED, P] }, false],
    ['a value put by hand, and AWSPENDING is on the one before', { v1: [B, P], v2: [C, FAILED] }, false],
    ['AWSCURRENT is back', { v1: [C], v2: [B, FAILED] }, true],
    ['another value was put', { v2: [B, FAILED], v3: [C] }, true],
  ])('%s', (_case, now, expected) => {
    expect(isRollBackOvertaken(versionLabels(now), { failed: 'v2', previous: 'v1' })).toBe(expected);
  });
});

describe('the repair of what v2 says', () => {
  test.each<[string, Stages, string | undefined, boolean]>([
    ['in grace', { v1: [B], v2: [C, FLIGHT] }, 'v1', false],
    ['in grace, and the previous credential was retired since', { v1: [B], v2: [C] }, 'v1', true],
    ['retired when it was found', { v1: [B], v2: [C] }, undefined, false],
    ['a candidate is under way', { v1: [B], v2: [C, FLIGHT], v3: [P] }, 'v1', true],
    ['AWSPENDING was left on AWSCURRENT', { v2: [C, P] }, undefined, false],
    ['a roll-back has begun', { v1: [B], v2: [C, FLIGHT, FAILED] }, 'v1', true],
    ['AWSCURRENT has moved', { v2: [B], v3: [C] }, undefined, true],
  ])('%s', (_case, now, previous, expected) => {
    expect(isRepairOvertaken(versionLabels(now), { current: 'v2', previous })).toBe(expected);
  });
});

describe('a sweep before the candidate v2 is made, beside v1', () => {
  test.each<[string, Stages, boolean]>([
    ['its own empty version', { v1: [C], v2: [P] }, false],
    ['nothing is AWSPENDING', { v1: [C] }, false],
    ['AWSPENDING was left on AWSCURRENT', { v1: [C, P] }, false],
    ['another rotation may be making its candidate', { v1: [C], v3: [P] }, true],
    ['AWSCURRENT has moved', { v1: [B], v2: [P], v3: [C] }, true],
  ])('%s', (_case, now, expected) => {
    expect(isSweepOvertaken(versionLabels(now), { token: 'v2', current: 'v1' })).toBe(expected);
  });
});

/** Labels in, ids of spent versions out. */
function spent(
  stages: Stages,
  rotation: Partial<{ token: string; emergency: boolean; isSettled: boolean }> = {},
): string[] {
  return spentVersionIds(versionLabels(stages), { token: 'new', emergency: false, isSettled: true, ...rotation });
}

describe('whose credential has no rightful user any more', () => {
  test('never that of AWSCURRENT, nor the rotation’s own candidate, nor another candidate', () => {
    const stages = { now: ['AWSCURRENT'], new: ['AWSPENDING', 'KEYTURN_IN_FLIGHT'] };
    expect(spent(stages)).toEqual([]);
    expect(spent(stages, { emergency: true })).toEqual([]);
    expect(spent({ now: ['AWSCURRENT', 'KEYTURN_FAILED'] })).toEqual([]);
    expect(spent({ now: ['AWSCURRENT'], other: ['AWSPENDING'] }, { emergency: true })).toEqual([]);
  });

  test('AWSPREVIOUS while its retirement is under way: spared, however long it takes', () => {
    const inFlight = { now: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], old: ['AWSPREVIOUS'], new: ['AWSPENDING'] };
    expect(spent(inFlight)).toEqual([]);
    expect(spent(inFlight, { emergency: true })).toEqual(['old']);
  });

  test('AWSPREVIOUS without one (a value put by hand, a secret that is new to us): when its grace is over', () => {
    const byHand = { hand: ['AWSCURRENT'], old: ['AWSPREVIOUS'], new: ['AWSPENDING'] };
    expect(spent(byHand, { isSettled: false })).toEqual([]);
    expect(spent(byHand)).toEqual(['old']);
    // A value was put over a rotation in flight: the in-flight label is on AWSPREVIOUS now.
    const over = { hand: ['AWSCURRENT'], old: ['AWSPREVIOUS', 'KEYTURN_IN_FLIGHT'], new: ['AWSPENDING'] };
    expect(spent(over, { isSettled: false })).toEqual([]);
  });

  test('AWSPREVIOUS while AWSCURRENT, which failed, is about to go back to it: spared, in an emergency too', () => {
    const rollingBack = {
      bad: ['AWSCURRENT', 'KEYTURN_FAILED', 'KEYTURN_IN_FLIGHT'],
      old: ['AWSPREVIOUS'],
      new: ['AWSPENDING'],
    };
    expect(spent(rollingBack)).toEqual([]);
    expect(spent(rollingBack, { emergency: true })).toEqual([]);
  });

  test('what failed its checks and was rolled back', () => {
    const rolledBack = { now: ['AWSCURRENT'], bad: ['AWSPREVIOUS', 'KEYTURN_FAILED'], new: ['AWSPENDING'] };
    expect(spent(rolledBack, { isSettled: false })).toEqual(['bad']);
  });

  test('a candidate that was overtaken and has only the in-flight label left', () => {
    expect(spent({ hand: ['AWSCURRENT'], lost: ['KEYTURN_IN_FLIGHT'], new: ['AWSPENDING'] })).toEqual(['lost']);
  });

  test('never the rotation’s own candidate, which has lost AWSPENDING', () => {
    expect(spent({ now: ['AWSCURRENT'], new: ['KEYTURN_IN_FLIGHT'] })).toEqual([]);
    expect(spent({ now: ['AWSCURRENT'], new: ['KEYTURN_IN_FLIGHT'] }, { emergency: true })).toEqual([]);
  });

  test('a candidate that was overtaken and that carries a label of a person’s is kept', () => {
    expect(spent({ now: ['AWSCURRENT'], lost: ['KEYTURN_IN_FLIGHT', 'BLUE'], new: ['AWSPENDING'] })).toEqual([]);
  });

  test('a label that is not ours keeps a version', () => {
    const labelled = { now: ['AWSCURRENT'], mine: ['BLUE'], new: ['AWSPENDING'] };
    expect(spent(labelled)).toEqual([]);
    expect(spent(labelled, { emergency: true })).toEqual(['mine']);
  });
});
