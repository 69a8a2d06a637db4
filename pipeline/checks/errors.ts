import type { CheckCode, SettledCheckCode } from '../contracts/check.ts';
import { KeyturnError } from '../errors.ts';

/** The check reached the credential, and this is its verdict: the target refuses it, or is not what it must be. */
export class CheckFailed extends KeyturnError {
  readonly code: CheckCode;

  constructor(code: CheckCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** The check did not get to a verdict, for a reason that may pass or that no table knows. */
export class CheckInterrupted extends KeyturnError {
  readonly code: CheckCode;
  override readonly retryable = true;

  constructor(code: CheckCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** The check cannot reach the credential, and another try finds the same: nothing is known of the credential. */
export class CheckUnable extends KeyturnError {
  readonly code: SettledCheckCode;

  constructor(code: SettledCheckCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
