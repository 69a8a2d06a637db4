import type { CheckResult, ReportedFailure } from '../contracts/report.ts';

/** A failure in words: the state's Cause is a Lambda error's JSON, or text. */
export function explainFailure(failure: ReportedFailure): { code: string; message: string } {
  return { code: failure.code, message: explainCause(failure.cause) };
}

export function explainCause(cause: unknown): string {
  if (typeof cause !== 'string')
    return cause === null || cause === undefined ? 'no cause was given' : JSON.stringify(cause);
  const message = lambdaErrorMessage(cause);
  return message ?? cause;
}

/** Lambda's error payload: `{"errorType": …, "errorMessage": …, "trace": […]}`. The trace is for logs, not for people. */
function lambdaErrorMessage(cause: string): string | undefined {
  if (!cause.startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === 'object' && parsed && 'errorMessage' in parsed) return String(parsed.errorMessage);
    return undefined;
  } catch {
    // Not JSON after all, only text that begins with a brace: the caller prints it as it is.
    return undefined;
  }
}

/** `database: The login app_clone was refused …; http: …` */
export function explainChecks(checks: CheckResult[]): string {
  const failed = checks.filter((check) => !check.ok);
  return failed.map((check) => `${check.name}: ${explainCause(check.cause)}`).join('; ');
}
