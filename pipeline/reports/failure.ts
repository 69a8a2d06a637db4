import type { CheckResult, ReportedFailure } from '../contracts/report.ts';

/** A failure in words: the state's Cause is a Lambda error's JSON, that of a nested execution, or text. */
export function explainFailure(failure: ReportedFailure): { code: string; message: string } {
  const { code, cause, next } = failure;
  const then = next ? ` Then ${next.what}: ${explainCause(next.cause)} (${next.code})` : '';
  return { code: codeOf(cause) ?? code, message: `${explainCause(cause)}${then}` };
}

export function explainCause(cause: unknown): string {
  if (typeof cause !== 'string')
    return cause === null || cause === undefined ? 'no cause was given' : JSON.stringify(cause);
  const { errorMessage, Status, Error: code, Cause } = parseCause(cause);
  if (errorMessage !== undefined) return String(errorMessage);
  if (Status === undefined) return cause;
  return Cause === undefined ? `the execution ended ${Status}${code ? ` with ${code}` : ''}` : explainCause(Cause);
}

/**
 * Lambda's error payload `{"errorType": …, "errorMessage": …, "trace": […]}` (the trace is for logs, not for people), or
 * the description of a nested execution that failed: `{"Status": "FAILED", "Error": …, "Cause": …}`.
 */
function parseCause(cause: unknown): { errorMessage?: unknown; Status?: unknown; Error?: unknown; Cause?: unknown } {
  if (typeof cause !== 'string' || !cause.startsWith('{')) return {};
  try {
    const parsed: unknown = JSON.parse(cause);
    return typeof parsed === 'object' && parsed ? parsed : {};
  } catch {
    // Not JSON after all, only text that begins with a brace: the caller prints it as it is.
    return {};
  }
}

function codeOf(cause: unknown): string | undefined {
  const { Status, Error: code } = parseCause(cause);
  return Status !== undefined && code !== undefined ? String(code) : undefined;
}

/** `database: The login app_clone was refused …; http: …` */
export function explainChecks(checks: CheckResult[]): string {
  const failed = checks.filter((check) => !check.ok);
  return failed.map((check) => `${check.name}: ${explainCause(check.cause)}`).join('; ');
}
