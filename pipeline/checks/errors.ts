import type { CheckCode } from '../contracts/check.ts';
import { KeyturnError } from '../errors.ts';

/** The check ran, and this is its verdict: trying again would find the same. */
export class CheckFailed extends KeyturnError {
  readonly code: CheckCode;

  constructor(code: CheckCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** The check could not be run to its end, for a reason that may pass. */
export class CheckInterrupted extends KeyturnError {
  readonly code: CheckCode;
  override readonly retryable = true;

  constructor(code: CheckCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
