import { spentVersionIds } from '../../../pipeline/rotation/sweep.ts';

/** Labels in, ids of spent versions out. */
function spent(
  stages: Record<string, string[]>,
  rotation: Partial<{ token: string; emergency: boolean; isSettled: boolean }> = {},
): string[] {
  const stagesByVersion = new Map(Object.entries(stages));
  return spentVersionIds(
    {
      stagesByVersion,
      versionWith: (stage) => [...stagesByVersion].find(([, labels]) => labels.includes(stage))?.[0],
      stagesOf: (versionId) => stagesByVersion.get(versionId) ?? [],
    },
    { token: 'new', emergency: false, isSettled: true, ...rotation },
  );
}

describe('whose credential nobody is meant to use any more', () => {
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

  test('a label of somebody’s own keeps a version', () => {
    const labelled = { now: ['AWSCURRENT'], mine: ['BLUE'], new: ['AWSPENDING'] };
    expect(spent(labelled)).toEqual([]);
    expect(spent(labelled, { emergency: true })).toEqual(['mine']);
  });
});
