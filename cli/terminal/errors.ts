import { KeyturnError } from '../../pipeline/errors.ts';

/** The arguments do not say what to do. */
export class UsageError extends KeyturnError {
  readonly code = 'UsageError';
}

/** The pipeline, or the thing that was named, is not there. */
export class NotFound extends KeyturnError {
  readonly code = 'NotFound';
}

/** The port of the laptop's cloud is taken. */
export class PortTaken extends KeyturnError {
  readonly code = 'PortTaken';
}

/** The assembly cannot be made or loaded. */
export class AssemblyUnusable extends KeyturnError {
  readonly code = 'AssemblyUnusable';
}

/** A file that holds the key of a run of the laptop's cloud cannot be made. */
export class FileUnusable extends KeyturnError {
  readonly code = 'FileUnusable';
}

/** No run of the laptop's cloud has left its key where it belongs. */
export class LaptopNotRunning extends KeyturnError {
  readonly code = 'LaptopNotRunning';
}

/** The package with the laptop's cloud is not installed. */
export class LaptopMissing extends KeyturnError {
  readonly code = 'LaptopMissing';
}

/** The person said no. */
export class NotConfirmed extends KeyturnError {
  readonly code = 'NotConfirmed';
}
