/**
 * What a failure says, for every caller: rotator, check, audit or pool.
 * - `refused`: the credential is not accepted.
 * - `wrong`: the target, a permission or a value is not what it must be; the same question gets the same answer.
 * - `not-now`: the target does not serve at the moment; it is asked again.
 * - `unknown`: no table knows the failure; it is asked again until a deadline, and then named.
 */
export type Verdict = 'refused' | 'wrong' | 'not-now' | 'unknown';
