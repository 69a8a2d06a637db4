import type * as v from 'valibot';
import type { CheckObservation, CheckRequest } from '../contracts/check.ts';

/** What is under test. */
export type CheckSubject = Omit<CheckRequest, 'check'>;

/**
 * One kind of check: it goes the way that a consumer goes, changes nothing that stays, and may be run as often as one
 * likes. It answers with what it observed, and throws `CheckFailed` for a verdict against the credential, `CheckInterrupted` for
 * what may pass, `CheckUnable` where it never gets to the credential.
 */
export interface Check<Parameters = unknown> {
  /** What the manifest says of it; parsed before `run`. */
  readonly parameters: v.GenericSchema<unknown, Parameters>;
  run(subject: CheckSubject, parameters: Parameters): Promise<CheckObservation>;
}
