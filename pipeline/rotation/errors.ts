import { KeyturnError } from '../errors.ts';

/** The secret is not in a state in which it can be rotated at all: deleted, binary, without a value, owned by a service. */
export class SecretUnusable extends KeyturnError {
  readonly code = 'SecretUnusable';
}

/** No settings of this pipeline exist for the secret. */
export class SecretNotManaged extends KeyturnError {
  readonly code = 'SecretNotManaged';
}

/** Secrets Manager's contract for a step was not met: rotation disabled, token unknown, not AWSPENDING, unknown step. */
export class StepRefused extends KeyturnError {
  readonly code = 'StepRefused';
}

/** The previous credential has not been retired yet: another rotation would reset what roll-back and slow consumers need. */
export class RotationInGrace extends KeyturnError {
  readonly code = 'RotationInGrace';
}

/** Another rotation of this secret is under way. */
export class RotationInProgress extends KeyturnError {
  readonly code = 'RotationInProgress';
}

/** A rotation that Secrets Manager began by itself could not be given to the workflow. Secrets Manager tries again. */
export class AdoptionFailed extends KeyturnError {
  readonly code = 'AdoptionFailed';
  override readonly retryable = true;
}

/** The versions of a request do not stand in the relation that its operation needs. Nothing was changed. */
export class VersionsUnrelated extends KeyturnError {
  readonly code = 'VersionsUnrelated';
}

/** An emergency's step came while a roll-back puts the credential back into use that it replaces. Secrets Manager tries again. */
export class RollBackUnderWay extends KeyturnError {
  readonly code = 'RollBackUnderWay';
  override readonly retryable = true;
}
