import type { State } from './labelled-secret.ts';

const C = 'AWSCURRENT';
const P = 'AWSPENDING';
const B = 'AWSPREVIOUS';
const FLIGHT = 'KEYTURN_IN_FLIGHT';
const FAILED = 'KEYTURN_FAILED';

/** Every state that a rotation, a crash in it, or another writer leaves. Versions are named in the order in which they were made. */
export const states = {
  'a first value': { a: [C] },
  'a candidate': { a: [C], b: [P, FLIGHT] },
  'a candidate of another tool': { a: [C], b: [P] },
  'a candidate that lost AWSPENDING': { a: [C], b: [FLIGHT] },
  'promoted, AWSPENDING still there': { a: [B], b: [C, P, FLIGHT] },
  promoted: { a: [B], b: [C, FLIGHT] },
  retired: { a: [B], b: [C] },
  'a roll-back has begun': { a: [B], b: [C, FLIGHT, FAILED] },
  'a roll-back has moved AWSCURRENT': { a: [C], b: [B, P, FLIGHT, FAILED] },
  'rolled back': { a: [C], b: [B, FAILED] },
  'another value over a rotation in flight': { b: [B, FLIGHT], c: [C] },
  'another value, AWSPENDING still there': { b: [B, P, FLIGHT], c: [C] },
  'an emergency under way': { a: [B], b: [C], c: [P, FLIGHT] },
  'rolled back, and rotated since': { a: [B], b: [FAILED], c: [C, FLIGHT] },
  'a roll-back cut off, and rotated since': { a: [B], b: [P, FAILED], c: [C, FLIGHT] },
  'a label of a person’s': { a: [B], b: [C, FLIGHT], c: ['BLUE'] },
  'promoted, and moved back by hand': { a: [C], b: [B, FLIGHT] },
  'another value, and moved back by hand': { a: [C], b: [B] },
} as const satisfies Record<string, State>;

export type StateName = keyof typeof states;

/** The versions of a state, and x, which carries no label. */
export const versionsOf = (name: StateName): string[] => [...Object.keys(states[name]), 'x'];

/** `a: ! i | x: ! i`, by its rows. */
export function rowsOf(text: string): [string, string[]][] {
  return text.split(' | ').map((row) => {
    const [version = '', cells = ''] = row.split(': ');
    return [version, cells.split(' ')];
  });
}

/**
 * Operations with two versions. `b: R ! i` is the row of `versionId` b; its columns are `previousVersionId`, in the order of the
 * state's versions and then x, a version that carries no label.
 *
 *     R  it is rolled back, or retired      E  evidence is answered      V  verified      M  repaired
 *     s  superseded: another value is current, and the caller ends       m  StepRefused: AWSCURRENT has moved on, look again
 *     !  VersionsUnrelated                  i  RollBackImpossible
 *
 * After s, m, ! and i nothing has changed, neither a label nor the target.
 */
export type PairOperation = 'RollBack' | 'GatherEvidence' | 'Retire' | 'Verify' | 'Repair';

export const pairs: Record<PairOperation, Record<StateName, string>> = {
  RollBack: {
    'a first value': 'a: ! i | x: ! i',
    'a candidate': 'a: ! ! i | b: ! ! i | x: ! s i',
    'a candidate of another tool': 'a: ! ! i | b: ! ! i | x: ! s i',
    'a candidate that lost AWSPENDING': 'a: ! ! i | b: ! ! i | x: ! s i',
    'promoted, AWSPENDING still there': 'a: ! ! i | b: R ! i | x: s ! i',
    promoted: 'a: ! ! i | b: R ! i | x: s ! i',
    retired: 'a: ! ! i | b: R ! i | x: s ! i',
    'a roll-back has begun': 'a: ! i i | b: R i i | x: s i i',
    'a roll-back has moved AWSCURRENT': 'a: ! i i | b: R i i | x: ! i i',
    'rolled back': 'a: ! i i | b: R i i | x: ! i i',
    'another value over a rotation in flight': 'b: ! ! i | c: R ! i | x: s ! i',
    'another value, AWSPENDING still there': 'b: ! ! i | c: R ! i | x: s ! i',
    'an emergency under way': 'a: ! ! s i | b: s ! ! i | c: s ! ! i | x: s ! s i',
    'rolled back, and rotated since': 'a: ! i ! i | b: s i ! i | c: R i ! i | x: s i ! i',
    'a roll-back cut off, and rotated since': 'a: ! i ! i | b: s i ! i | c: R i ! i | x: s i ! i',
    'a label of a person’s': 'a: ! ! s i | b: R ! ! i | c: s ! ! i | x: s ! s i',
    'promoted, and moved back by hand': 'a: ! R i | b: R ! i | x: ! s i',
    'another value, and moved back by hand': 'a: ! R i | b: R ! i | x: ! s i',
  },
  GatherEvidence: {
    'a first value': 'a: ! ! | x: s !',
    'a candidate': 'a: ! ! ! | b: ! ! ! | x: s s !',
    'a candidate of another tool': 'a: ! ! ! | b: ! ! ! | x: s s !',
    'a candidate that lost AWSPENDING': 'a: ! ! ! | b: s ! s | x: s s !',
    'promoted, AWSPENDING still there': 'a: ! s s | b: E ! ! | x: s s !',
    promoted: 'a: ! s s | b: E ! ! | x: s s !',
    retired: 'a: ! s s | b: E ! ! | x: s s !',
    'a roll-back has begun': 'a: ! s s | b: E ! ! | x: s s !',
    'a roll-back has moved AWSCURRENT': 'a: ! E ! | b: s ! s | x: s s !',
    'rolled back': 'a: ! E ! | b: s ! s | x: s s !',
    'another value over a rotation in flight': 'b: ! s s | c: E ! ! | x: s s !',
    'another value, AWSPENDING still there': 'b: ! s s | c: E ! ! | x: s s !',
    'an emergency under way': 'a: ! s s s | b: E ! ! ! | c: ! ! ! ! | x: s s s !',
    'rolled back, and rotated since': 'a: ! s s s | b: s ! s s | c: E ! ! ! | x: s s s !',
    'a roll-back cut off, and rotated since': 'a: ! s s s | b: s ! s s | c: E ! ! ! | x: s s s !',
    'a label of a person’s': 'a: ! s s s | b: E ! ! ! | c: s s ! s | x: s s s !',
    'promoted, and moved back by hand': 'a: ! E ! | b: s ! s | x: s s !',
    'another value, and moved back by hand': 'a: ! E ! | b: s ! s | x: s s !',
  },
  Retire: {
    'a first value': 'a: ! ! | x: s !',
    'a candidate': 'a: ! ! ! | b: ! ! ! | x: s s !',
    'a candidate of another tool': 'a: ! ! ! | b: ! ! ! | x: s s !',
    'a candidate that lost AWSPENDING': 'a: ! ! ! | b: s ! s | x: s s !',
    'promoted, AWSPENDING still there': 'a: ! s s | b: R ! ! | x: s s !',
    promoted: 'a: ! s s | b: R ! ! | x: s s !',
    retired: 'a: ! s s | b: R ! ! | x: s s !',
    'a roll-back has begun': 'a: ! s s | b: s ! ! | x: s s !',
    'a roll-back has moved AWSCURRENT': 'a: ! s ! | b: s ! s | x: s s !',
    'rolled back': 'a: ! R ! | b: s ! s | x: s s !',
    'another value over a rotation in flight': 'b: ! s s | c: R ! ! | x: s s !',
    'another value, AWSPENDING still there': 'b: ! s s | c: s ! ! | x: s s !',
    'an emergency under way': 'a: ! s s s | b: s ! ! ! | c: ! ! ! ! | x: s s s !',
    'rolled back, and rotated since': 'a: ! s s s | b: s ! s s | c: R ! ! ! | x: s s s !',
    'a roll-back cut off, and rotated since': 'a: ! s s s | b: s ! s s | c: R ! ! ! | x: s s s !',
    'a label of a person’s': 'a: ! s s s | b: R ! ! ! | c: s s ! s | x: s s s !',
    'promoted, and moved back by hand': 'a: ! R ! | b: s ! s | x: s s !',
    'another value, and moved back by hand': 'a: ! R ! | b: s ! s | x: s s !',
  },
  Verify: {
    'a first value': 'a: ! ! | x: m !',
    'a candidate': 'a: ! ! ! | b: m ! m | x: m m !',
    'a candidate of another tool': 'a: ! ! ! | b: m ! m | x: m m !',
    'a candidate that lost AWSPENDING': 'a: ! ! ! | b: m ! m | x: m m !',
    'promoted, AWSPENDING still there': 'a: ! m m | b: V ! ! | x: m m !',
    promoted: 'a: ! m m | b: V ! ! | x: m m !',
    retired: 'a: ! m m | b: V ! ! | x: m m !',
    'a roll-back has begun': 'a: ! m m | b: V ! ! | x: m m !',
    'a roll-back has moved AWSCURRENT': 'a: ! V ! | b: m ! m | x: m m !',
    'rolled back': 'a: ! V ! | b: m ! m | x: m m !',
    'another value over a rotation in flight': 'b: ! m m | c: V ! ! | x: m m !',
    'another value, AWSPENDING still there': 'b: ! m m | c: V ! ! | x: m m !',
    'an emergency under way': 'a: ! m m m | b: V ! ! ! | c: m m ! m | x: m m m !',
    'rolled back, and rotated since': 'a: ! m m m | b: m ! m m | c: V ! ! ! | x: m m m !',
    'a roll-back cut off, and rotated since': 'a: ! m m m | b: m ! m m | c: V ! ! ! | x: m m m !',
    'a label of a person’s': 'a: ! m m m | b: V ! ! ! | c: m m ! m | x: m m m !',
    'promoted, and moved back by hand': 'a: ! V ! | b: m ! m | x: m m !',
    'another value, and moved back by hand': 'a: ! V ! | b: m ! m | x: m m !',
  },
  Repair: {
    'a first value': 'a: ! ! | x: m !',
    'a candidate': 'a: ! ! ! | b: m ! m | x: m m !',
    'a candidate of another tool': 'a: ! ! ! | b: m ! m | x: m m !',
    'a candidate that lost AWSPENDING': 'a: ! ! ! | b: m ! m | x: m m !',
    'promoted, AWSPENDING still there': 'a: ! m m | b: M ! ! | x: m m !',
    promoted: 'a: ! m m | b: M ! ! | x: m m !',
    retired: 'a: ! m m | b: m ! ! | x: m m !',
    'a roll-back has begun': 'a: ! m m | b: m ! ! | x: m m !',
    'a roll-back has moved AWSCURRENT': 'a: ! m ! | b: m ! m | x: m m !',
    'rolled back': 'a: ! m ! | b: m ! m | x: m m !',
    'another value over a rotation in flight': 'b: ! m m | c: m ! ! | x: m m !',
    'another value, AWSPENDING still there': 'b: ! m m | c: m ! ! | x: m m !',
    'an emergency under way': 'a: ! m m m | b: m ! ! ! | c: m m ! m | x: m m m !',
    'rolled back, and rotated since': 'a: ! m m m | b: m ! m m | c: M ! ! ! | x: m m m !',
    'a roll-back cut off, and rotated since': 'a: ! m m m | b: m ! m m | c: m ! ! ! | x: m m m !',
    'a label of a person’s': 'a: ! m m m | b: M ! ! ! | c: m m ! m | x: m m m !',
    'promoted, and moved back by hand': 'a: ! m ! | b: m ! m | x: m m !',
    'another value, and moved back by hand': 'a: ! m ! | b: m ! m | x: m m !',
  },
};

/**
 * Operations with one version, and what its state becomes where it changes.
 *
 *     Abandon     A  nothing is left of it    p  promoted: the target keeps it    !  VersionsUnrelated
 *     testSecret  T  tested      d  done: it is AWSCURRENT           r  StepRefused
 *     native      <a adopted, and a roll-back goes back to a         !  VersionsUnrelated
 *     hand        <a propagated and checked, likewise                -  nothing to do
 *     roll-back   <a rolled back to a                                i  RollBackImpossible
 */
export type SingleOperation = 'Abandon' | 'testSecret' | 'native' | 'hand' | 'roll-back';

export const singles: Record<SingleOperation, Record<StateName, string>> = {
  Abandon: {
    'a first value': 'a: p | x: A',
    'a candidate': 'a: p | b: A | x: A',
    'a candidate of another tool': 'a: p | b: A | x: A',
    'a candidate that lost AWSPENDING': 'a: p | b: A | x: A',
    'promoted, AWSPENDING still there': 'a: p | b: p | x: A',
    promoted: 'a: p | b: p | x: A',
    retired: 'a: p | b: p | x: A',
    'a roll-back has begun': 'a: p | b: p | x: A',
    'a roll-back has moved AWSCURRENT': 'a: p | b: A | x: A',
    'rolled back': 'a: p | b: A | x: A',
    'another value over a rotation in flight': 'b: p | c: p | x: A',
    'another value, AWSPENDING still there': 'b: p | c: p | x: A',
    'an emergency under way': 'a: p | b: p | c: A | x: A',
    'rolled back, and rotated since': 'a: p | b: A | c: p | x: A',
    'a roll-back cut off, and rotated since': 'a: p | b: A | c: p | x: A',
    'a label of a person’s': 'a: p | b: p | c: ! | x: A',
    'promoted, and moved back by hand': 'a: p | b: p | x: A',
    'another value, and moved back by hand': 'a: p | b: p | x: A',
  },
  testSecret: {
    'a first value': 'a: d | x: r',
    'a candidate': 'a: d | b: T | x: r',
    'a candidate of another tool': 'a: d | b: T | x: r',
    'a candidate that lost AWSPENDING': 'a: d | b: r | x: r',
    'promoted, AWSPENDING still there': 'a: r | b: d | x: r',
    promoted: 'a: r | b: d | x: r',
    retired: 'a: r | b: d | x: r',
    'a roll-back has begun': 'a: r | b: d | x: r',
    'a roll-back has moved AWSCURRENT': 'a: d | b: r | x: r',
    'rolled back': 'a: d | b: r | x: r',
    'another value over a rotation in flight': 'b: r | c: d | x: r',
    'another value, AWSPENDING still there': 'b: r | c: d | x: r',
    'an emergency under way': 'a: r | b: d | c: T | x: r',
    'rolled back, and rotated since': 'a: r | b: r | c: d | x: r',
    'a roll-back cut off, and rotated since': 'a: r | b: r | c: d | x: r',
    'a label of a person’s': 'a: r | b: d | c: r | x: r',
    'promoted, and moved back by hand': 'a: d | b: r | x: r',
    'another value, and moved back by hand': 'a: d | b: r | x: r',
  },
  native: {
    'a first value': 'a: ! | x: <a',
    'a candidate': 'a: ! | b: <a | x: <a',
    'a candidate of another tool': 'a: ! | b: <a | x: <a',
    'a candidate that lost AWSPENDING': 'a: ! | b: <a | x: <a',
    'promoted, AWSPENDING still there': 'a: ! | b: <a | x: <b',
    promoted: 'a: ! | b: <a | x: <b',
    retired: 'a: ! | b: ! | x: <b',
    'a roll-back has begun': 'a: ! | b: ! | x: <b',
    'a roll-back has moved AWSCURRENT': 'a: ! | b: ! | x: <a',
    'rolled back': 'a: ! | b: ! | x: <a',
    'another value over a rotation in flight': 'b: ! | c: ! | x: <c',
    'another value, AWSPENDING still there': 'b: ! | c: ! | x: <c',
    'an emergency under way': 'a: ! | b: ! | c: <b | x: <b',
    'rolled back, and rotated since': 'a: ! | b: ! | c: <a | x: <c',
    'a roll-back cut off, and rotated since': 'a: ! | b: ! | c: <a | x: <c',
    'a label of a person’s': 'a: ! | b: <a | c: ! | x: <b',
    'promoted, and moved back by hand': 'a: ! | b: ! | x: <a',
    'another value, and moved back by hand': 'a: ! | b: ! | x: <a',
  },
  hand: {
    'a first value': 'a: - | x: -',
    'a candidate': 'a: - | b: - | x: -',
    'a candidate of another tool': 'a: - | b: - | x: -',
    'a candidate that lost AWSPENDING': 'a: - | b: - | x: -',
    'promoted, AWSPENDING still there': 'a: - | b: - | x: -',
    promoted: 'a: - | b: - | x: -',
    retired: 'a: - | b: <a | x: -',
    'a roll-back has begun': 'a: - | b: - | x: -',
    'a roll-back has moved AWSCURRENT': 'a: - | b: - | x: -',
    'rolled back': 'a: - | b: - | x: -',
    'another value over a rotation in flight': 'b: - | c: <b | x: -',
    'another value, AWSPENDING still there': 'b: - | c: <b | x: -',
    'an emergency under way': 'a: - | b: <a | c: - | x: -',
    'rolled back, and rotated since': 'a: - | b: - | c: - | x: -',
    'a roll-back cut off, and rotated since': 'a: - | b: - | c: - | x: -',
    'a label of a person’s': 'a: - | b: - | c: - | x: -',
    'promoted, and moved back by hand': 'a: <b | b: - | x: -',
    'another value, and moved back by hand': 'a: <b | b: - | x: -',
  },
  'roll-back': {
    'a first value': 'a: i | x: i',
    'a candidate': 'a: i | b: i | x: i',
    'a candidate of another tool': 'a: i | b: i | x: i',
    'a candidate that lost AWSPENDING': 'a: i | b: i | x: i',
    'promoted, AWSPENDING still there': 'a: i | b: <a | x: i',
    promoted: 'a: i | b: <a | x: i',
    retired: 'a: i | b: <a | x: i',
    'a roll-back has begun': 'a: i | b: <a | x: i',
    'a roll-back has moved AWSCURRENT': 'a: i | b: i | x: i',
    'rolled back': 'a: i | b: i | x: i',
    'another value over a rotation in flight': 'b: i | c: <b | x: i',
    'another value, AWSPENDING still there': 'b: i | c: <b | x: i',
    'an emergency under way': 'a: i | b: <a | c: i | x: i',
    'rolled back, and rotated since': 'a: i | b: i | c: <a | x: i',
    'a roll-back cut off, and rotated since': 'a: i | b: i | c: <a | x: i',
    'a label of a person’s': 'a: i | b: <a | c: i | x: i',
    'promoted, and moved back by hand': 'a: <b | b: i | x: i',
    'another value, and moved back by hand': 'a: <b | b: i | x: i',
  },
};
