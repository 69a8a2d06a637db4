/** An error in ASL's words: a name that Retry and Catch match, and a cause. Either may be missing, as in a Fail state. */
export class StatesError extends Error {
  readonly error: string | undefined;
  readonly causeText: string | undefined;
  /** A second name that Retry and Catch match. */
  readonly alias: string | undefined;

  constructor(error?: string, cause?: string, alias?: string) {
    super(`${error ?? 'no error'}: ${cause ?? 'no cause'}`);
    this.name = error ?? 'StatesError';
    this.error = error;
    this.causeText = cause;
    this.alias = alias;
  }
}

/** AWS names both time-outs the same in histories; Retry and Catch may distinguish them. */
export const timedOut = () => new StatesError('States.Timeout');
export const heartbeatTimedOut = () => new StatesError('States.Timeout', undefined, 'States.HeartbeatTimeout');

/** An expression or a field has no value that can be used; the state that it belongs to makes a StatesError of it. */
export class EvaluationFault extends Error {
  readonly location: string | undefined;
  /** Whether the state had begun its work, as a Wait has when its timestamp is read. */
  readonly hasBegun: boolean;

  constructor(reason: string, location?: string, hasBegun = false) {
    super(reason);
    this.name = 'EvaluationFault';
    this.location = location;
    this.hasBegun = hasBegun;
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
const TERMINAL = ['States.Runtime', 'States.DataLimitExceeded'];

export function matchesError(names: readonly string[], error: StatesError): boolean {
  if (error.error !== undefined && names.includes(error.error)) return true;
  if (error.alias !== undefined && names.includes(error.alias)) return true;
  if (TERMINAL.includes(error.error ?? '')) return false;
  if (names.includes('States.ALL')) return true;
  return names.includes('States.TaskFailed') && error.error !== 'States.Timeout';
}

/** `$states.errorOutput`, and what a Catch without Output passes on. */
export function errorOutput(error: StatesError): Record<string, string | null> {
  const cause = error.causeText ?? (error.error === 'States.Timeout' ? '' : null);
  return { Error: error.error ?? null, Cause: cause };
}
