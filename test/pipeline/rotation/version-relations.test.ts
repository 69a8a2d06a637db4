import {
  isRepairOvertaken,
  isRetirementOvertaken,
  isRollBackOvertaken,
  versionLabels,
} from '../../../pipeline/rotation/version-labels.ts';
import {
  expectUnspent,
  previousOfAdopted,
  standingOfCandidate,
  standingOfRetirement,
  standingOfRollBack,
  standingOfVerification,
} from '../../../pipeline/rotation/version-relations.ts';
import { type PairOperation, pairs, rowsOf, type StateName, singles, states, versionsOf } from './label-states.ts';

const stateNames = Object.keys(states) as StateName[];
const lookAt = (stages: Readonly<Record<string, readonly string[]>>) => ({ name: 'app/db', ...versionLabels(stages) });
type Look = ReturnType<typeof lookAt>;

/** What an operation that looks once makes of it, in the letters of the table. */
const pairLetters: Record<PairOperation, (look: Look, version: string, previous: string) => string> = {
  RollBack: (look, failed, previous) => {
    // Versions are named in the order in which they were made.
    const standing = standingOfRollBack(look, { failed, previous }, failed > previous);
    if (standing === 'superseded') return 's';
    return standing === 'begin' && isRollBackOvertaken(look, { failed, previous }) ? 's' : 'R';
  },
  GatherEvidence: (look, current, previous) =>
    standingOfRetirement(look, { current, previous }) === 'retirable' ? 'E' : 's',
  Retire: (look, current, previous) =>
    standingOfRetirement(look, { current, previous }) === 'retirable' && !isRetirementOvertaken(look, look, current)
      ? 'R'
      : 's',
  Verify: (look, current, previous) => (standingOfVerification(look, { current, previous }) === 'current' ? 'V' : 'm'),
  Repair: (look, current, previous) => {
    if (standingOfVerification(look, { current, previous }) === 'moved-on') return 'm';
    return isRepairOvertaken(look, { current, previous }) ? 'm' : 'M';
  },
};

function lettersOf(ask: () => string): string {
  try {
    return ask();
  } catch (error) {
    expect(error).toMatchObject({ code: 'VersionsUnrelated', message: expect.stringMatching(/^app\/db: /) });
    expect(error).toMatchObject({ message: expect.stringMatching(/ Look at the labels again: keyturn status\.$/) });
    return '!';
  }
}

describe.each(Object.keys(pairs) as PairOperation[])('every pair of versions: %s', (operation) => {
  test.each(stateNames)('%s', (name) => {
    const look = lookAt(states[name]);
    const versions = versionsOf(name);
    for (const [version, cells] of rowsOf(pairs[operation][name])) {
      // What may not be gone back to at all is judged before (`RollBackImpossible`).
      const asked = cells.map((cell, at) =>
        cell === 'i' ? 'i' : lettersOf(() => pairLetters[operation](look, version, String(versions[at]))),
      );
      expect([version, asked]).toEqual([version, cells]);
    }
  });
});

describe('every version alone', () => {
  test.each(stateNames)('given up: %s', (name) => {
    const letter = (version: string) => (standingOfCandidate(lookAt(states[name]), version) === 'promoted' ? 'p' : 'A');
    for (const [version, [cell]] of rowsOf(singles.Abandon[name])) {
      expect([version, lettersOf(() => letter(version))]).toEqual([version, cell]);
    }
  });

  test.each(stateNames)('adopted: %s', (name) => {
    for (const [version, [cell]] of rowsOf(singles.native[name])) {
      const asked = lettersOf(() => `<${previousOfAdopted(lookAt(states[name]), version)}`);
      expect([version, asked]).toEqual([version, cell]);
    }
  });

  test('what was rolled back is told from what was promoted and replaced', () => {
    expect(standingOfCandidate(lookAt(states['rolled back']), 'b')).toBe('rolled-back');
    expect(standingOfCandidate(lookAt(states['a roll-back has begun']), 'b')).toBe('promoted');
    expect(standingOfCandidate(lookAt({ a: ['AWSCURRENT'], b: ['KEYTURN_FAILED'] }), 'b')).toBe('rolled-back');
    expect(standingOfCandidate(lookAt(states['a candidate']), 'b')).toBe('candidate');
  });
});

describe('a refusal names the labels that it saw', () => {
  const promoted = { a: ['AWSPREVIOUS'], b: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], c: ['BLUE', 'GREEN'], d: [] };
  const look = lookAt(promoted);
  const end = ' Look at the labels again: keyturn status.';
  const refusals: [string, () => unknown, string][] = [
    [
      'a label of a person’s is no candidate',
      () => standingOfCandidate(look, 'c'),
      'version c carries BLUE, GREEN and is no candidate.',
    ],
    [
      'a roll-back to another version than AWSPREVIOUS',
      () => standingOfRollBack(look, { failed: 'b', previous: 'c' }, false),
      'version c carries BLUE, GREEN; AWSPREVIOUS is on a. Nothing else is put back.',
    ],
    [
      'a roll-back to what is current already, and none has begun',
      () => standingOfRollBack(look, { failed: 'a', previous: 'b' }, false),
      'version a carries AWSPREVIOUS; AWSCURRENT is on b. No roll-back of it has begun.',
    ],
    [
      'a roll-back whose mark is there, and whose version is not AWSPREVIOUS',
      () =>
        standingOfRollBack(
          lookAt({ a: ['AWSCURRENT'], b: ['KEYTURN_FAILED'], c: ['AWSPREVIOUS'] }),
          { failed: 'b', previous: 'a' },
          true,
        ),
      'version b carries KEYTURN_FAILED; AWSCURRENT is on a. No roll-back of it has begun.',
    ],
    [
      'one version twice',
      () => standingOfRetirement(look, { current: 'b', previous: 'b' }),
      'the request names version b twice, and needs two versions.',
    ],
    [
      'a retirement of another version than AWSPREVIOUS',
      () => standingOfRetirement(look, { current: 'b', previous: 'd' }),
      'version d carries no label; AWSPREVIOUS is on a. Nothing else is retired.',
    ],
    [
      'a retirement where there is no AWSPREVIOUS',
      () => standingOfRetirement(lookAt({ b: ['AWSCURRENT'] }), { current: 'b', previous: 'a' }),
      'version a carries no label; AWSPREVIOUS is on no version. Nothing else is retired.',
    ],
    [
      'a retirement on behalf of a candidate',
      () => standingOfRetirement(lookAt(states['a candidate']), { current: 'b', previous: 'a' }),
      'version b is AWSPENDING and was not promoted. Nothing is retired on its behalf.',
    ],
    [
      'a verification of another version than AWSPREVIOUS',
      () => standingOfVerification(look, { current: 'b', previous: 'c' }),
      'version c carries BLUE, GREEN; AWSPREVIOUS is on a. It is not asked about.',
    ],
    [
      'the adoption of the workflow’s own token',
      () => previousOfAdopted(lookAt({ a: ['AWSCURRENT'], 'keyturn-b': ['AWSPENDING'] }), 'keyturn-b'),
      'version keyturn-b is a rotation of the workflow’s own. Its own execution has it in hands.'.replace('’', "'"),
    ],
    [
      'the adoption of AWSCURRENT without a rotation',
      () => previousOfAdopted(lookAt(states.retired), 'b'),
      'version b is AWSCURRENT, and no rotation to it is under way.',
    ],
    [
      'the adoption of what was replaced',
      () => previousOfAdopted(look, 'a'),
      'version a carries AWSPREVIOUS; AWSCURRENT is on b. It was current before and is no rotation under way.',
    ],
    [
      'a token that is spent',
      () => expectUnspent(look, 'a'),
      'the rotation a of this execution is over. Start another execution.',
    ],
  ];

  test.each(refusals)('%s', (_case, ask, message) => {
    expect(ask).toThrow(expect.objectContaining({ code: 'VersionsUnrelated', message: `app/db: ${message}${end}` }));
  });
});

test.each([
  ['promoted, while AWSPENDING is still on it', { a: ['AWSCURRENT'], b: ['AWSPREVIOUS', 'AWSPENDING'] }],
  ['failed, while AWSPENDING is still on it', { a: ['AWSCURRENT'], b: ['KEYTURN_FAILED', 'AWSPENDING'] }],
])('a retirement on behalf of a version that was %s is superseded', (_case, stages) => {
  expect(standingOfRetirement(lookAt(stages), { current: 'b', previous: 'a' })).toBe('superseded');
});

test.each<[string, Record<string, string[]>, boolean]>([
  ['is nowhere', { a: ['AWSCURRENT'] }, true],
  ['is a candidate', { a: ['AWSCURRENT'], t: ['AWSPENDING'] }, true],
  ['has lost AWSPENDING', { a: ['AWSCURRENT'], t: ['KEYTURN_IN_FLIGHT'] }, true],
  ['is current', { a: ['AWSPREVIOUS'], t: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'] }, true],
  ['is current, and failed', { a: ['AWSPREVIOUS'], t: ['AWSCURRENT', 'KEYTURN_FAILED'] }, false],
  ['was rolled back', { a: ['AWSCURRENT'], t: ['AWSPREVIOUS', 'KEYTURN_FAILED'] }, false],
  ['was replaced', { a: ['AWSCURRENT'], t: ['AWSPREVIOUS'] }, false],
])('an execution whose token %s may go on: %#', (_case, stages, mayGoOn) => {
  const ask = () => expectUnspent(lookAt(stages), 't');
  if (mayGoOn) expect(ask).not.toThrow();
  else expect(ask).toThrow(expect.objectContaining({ code: 'VersionsUnrelated' }));
});

test('a verification without a previous version asks about AWSCURRENT alone', () => {
  const look = lookAt(states.promoted);
  expect(standingOfVerification(look, { current: 'b', previous: undefined })).toBe('current');
  expect(standingOfVerification(look, { current: 'a', previous: undefined })).toBe('moved-on');
});
