import { type Operation, operations } from './life.ts';

/** How an operation may end: done, or refused by one of these codes. Which of two depends on the call before which the process died. */
export type Endings = readonly ('done' | 'StepRefused' | 'VersionsUnrelated')[];

const done: Endings = ['done'];
const unrelated: Endings = ['VersionsUnrelated'];
const notCurrent: Endings = ['StepRefused'];
const isStep = (operation: Operation) => operations.indexOf(operation) < 4;

/**
 * What each operation answers where the process of another one died. The same for every rotator. Each column is the operation
 * whose process died, each entry the next one:
 * - A step that was not finished is followed by itself and by those before it: Secrets Manager begins anew, and never goes on.
 * - Nothing is rolled back or retired on behalf of a candidate, and Verify is about AWSCURRENT.
 * - A step for a version that was given up or rolled back changes nothing.
 * - `Retire` is not followed by `RollBack`: the credential to go back to may be gone for good. test/proof/races has that pair.
 */
export function endingsAfter(died: Operation, next: Operation): Endings | undefined {
  switch (died) {
    case 'createSecret':
    case 'setSecret':
    case 'testSecret':
      if (isStep(next)) return operations.indexOf(next) <= operations.indexOf(died) ? done : undefined;
      if (next === 'Abandon') return done;
      return next === 'Verify' ? notCurrent : unrelated;
    case 'finishSecret':
      if (isStep(next) || next === 'Abandon') return done;
      return next === 'Verify' ? ['done', 'StepRefused'] : ['done', 'VersionsUnrelated'];
    case 'Abandon':
      if (next === 'Abandon') return done;
      if (isStep(next)) return ['done', 'StepRefused'];
      if (next === 'RollBack') return unrelated;
      return next === 'Verify' ? notCurrent : ['done', 'VersionsUnrelated'];
    case 'RollBack':
      return isStep(next) || next === 'Verify' ? ['done', 'StepRefused'] : done;
    case 'Retire':
      return next === 'RollBack' ? undefined : done;
    case 'GatherEvidence':
    case 'Verify':
      return done;
  }
}
