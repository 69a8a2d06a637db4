import { KeyturnError } from '../errors.ts';

/** A secret's value is not what its kind needs. */
export class PayloadInvalid extends KeyturnError {
  readonly code = 'PayloadInvalid';
}

/** Another writer took over: the candidate is no longer AWSPENDING. Nothing was changed. */
export class RotationAbandoned extends KeyturnError {
  readonly code = 'RotationAbandoned';
}

/** The target (database, vendor, IAM) refused the credential, or is not what it must be: another try finds the same. */
export class TargetRefused extends KeyturnError {
  readonly code = 'TargetRefused';
}

/** The target could not be reached, does not serve now, or answered what no table of verdicts knows: it is asked again. */
export class TargetUnavailable extends KeyturnError {
  readonly code = 'TargetUnavailable';
  override readonly retryable = true;
}

/** The candidate does not work, although the target accepted it. */
export class CandidateRejected extends KeyturnError {
  readonly code = 'CandidateRejected';
}

/** The secret's settings and its target do not fit together; says what to change. */
export class UnsafeRotation extends KeyturnError {
  readonly code = 'UnsafeRotation';
}
