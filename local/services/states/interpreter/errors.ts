/** An error in ASL's words: a name that Retry and Catch match, and a cause. */
export class StatesError extends Error {
  readonly error: string;
  readonly causeText: string;

  constructor(error: string, cause: string) {
    super(`${error}: ${cause}`);
    this.name = error;
    this.error = error;
    this.causeText = cause;
  }
}

/** The execution was stopped from outside. */
export class ExecutionStopped extends Error {
  readonly error: string | undefined;
  readonly causeText: string | undefined;

  constructor(error?: string, cause?: string) {
    super('the execution was stopped');
    this.name = 'ExecutionStopped';
    this.error = error;
    this.causeText = cause;
  }
}

/** Errors that no wildcard catches. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
const uncatchable = new Set(['States.DataLimitExceeded', 'States.Runtime']);

export function matchesError(names: readonly string[], error: string): boolean {
  if (names.includes(error)) return true;
  if (uncatchable.has(error)) return false;
  if (names.includes('States.ALL')) return true;
  return names.includes('States.TaskFailed') && error !== 'States.Timeout';
}
