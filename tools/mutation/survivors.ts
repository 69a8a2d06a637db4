import { readFileSync } from 'node:fs';

/** Why no test notices a mutant. A mutant is known by its line's text, so that it may move inside of its file. */
export interface Reason {
  readonly file: string;
  /** The whole line on which what is replaced begins, without the spaces around it. */
  readonly line: string;
  readonly mutator: string;
  readonly replacement: string;
  readonly reason: string;
}

/** A mutant as a run of Stryker found it. */
export interface FoundMutant {
  readonly file: string;
  readonly lineNumber: number;
  /** Where it is, as Stryker takes it: `10:4-10:20`, columns from nought. */
  readonly range: string;
  readonly line: string;
  readonly mutator: string;
  readonly replacement: string;
  readonly isNoticed: boolean;
}

export interface Judgement {
  readonly mutants: number;
  readonly noticed: number;
  readonly excused: number;
  /** Of the mutants without a reason, how many of a hundred were noticed. 100 where there is none. */
  readonly scorePercent: number;
  readonly survivors: readonly FoundMutant[];
  /** Reasons for a mutant of these files that was noticed, or that is no mutant of them. */
  readonly unusedReasons: readonly Reason[];
}

export function readReasons(): Reason[] {
  return JSON.parse(readFileSync(new URL('./survivors.json', import.meta.url), 'utf8')) as Reason[];
}

function isAbout(reason: Reason, mutant: FoundMutant): boolean {
  return (['file', 'line', 'mutator', 'replacement'] as const).every((part) => reason[part] === mutant[part]);
}

/** @param files those that were mutated: reasons for others are not judged */
export function judge(found: readonly FoundMutant[], reasons: readonly Reason[], files: readonly string[]): Judgement {
  const unnoticed = found.filter((mutant) => !mutant.isNoticed);
  const survivors = unnoticed.filter((mutant) => !reasons.some((reason) => isAbout(reason, mutant)));
  const noticed = found.length - unnoticed.length;
  const inQuestion = noticed + survivors.length;
  return {
    mutants: found.length,
    noticed,
    excused: unnoticed.length - survivors.length,
    scorePercent: inQuestion === 0 ? 100 : Math.floor((noticed / inQuestion) * 1000) / 10,
    survivors,
    unusedReasons: reasons
      .filter((reason) => files.includes(reason.file))
      .filter((reason) => !unnoticed.some((mutant) => isAbout(reason, mutant))),
  };
}
