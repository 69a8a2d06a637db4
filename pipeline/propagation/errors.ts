import { KeyturnError } from '../errors.ts';

/** Recycling this function would change more than our one variable. The consumer then converges by expiry. */
export class RecycleRefused extends KeyturnError {
  readonly code = 'RecycleRefused';
}

/** Another process changed the function at the same moment. This step wrote nothing. */
export class RecycleConflict extends KeyturnError {
  readonly code = 'RecycleConflict';
  override readonly retryable = true;
}

/** The function takes longer than functions take; a person must look at it. */
export class RecycleOverdue extends KeyturnError {
  readonly code = 'RecycleOverdue';
}

/** A mirror or a replica could not be brought along. */
export class MirrorFailed extends KeyturnError {
  readonly code = 'MirrorFailed';
}

/** A replica region does not have the version yet. */
export class ReplicaBehind extends KeyturnError {
  readonly code = 'ReplicaBehind';
  override readonly retryable = true;
}
