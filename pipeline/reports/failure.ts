import { oneLine } from '@keyturn/consumer/contracts/quote';
import type { CheckResult, ReportedFailure } from '../contracts/report.ts';

/** A failure in words: the state's Cause is a Lambda error's JSON, that of a nested execution, or text. */
export function explainFailure(failure: ReportedFailure): { code: string; message: string } {
  const { code, cause, checks, next } = failure;
  const what = checks ? explainChecks(checks) : explainCause(cause);
  const then = next ? ` Then ${next.what}: ${explainCause(next.cause)} (${next.code})` : '';
  return { code: codeOf(cause) ?? code, message: `${what}${then}` };
}

/** A cause as one line. It may be the text of a check of one's own, so what a terminal would obey is replaced. */
export function explainCause(cause: unknown): string {
  return oneLine(textOfCause(cause));
}

function textOfCause(cause: unknown): string {
  if (typeof cause !== 'string')
    return cause === null || cause === undefined ? 'no cause was given' : JSON.stringify(cause);
  const { errorMessage, Status, Error: code, Cause } = parseCause(cause);
  if (errorMessage !== undefined) return String(errorMessage);
  if (Status === undefined) return withoutTraces(cause);
  return Cause === undefined ? `the execution ended ${Status}${code ? ` with ${code}` : ''}` : textOfCause(Cause);
}

/** A text may hold the causes of several checks: `http: NoRoute {"errorType":…,"errorMessage":…,"trace":[…]}; jwks: …`. */
function withoutTraces(text: string): string {
  let plain = '';
  let at = 0;
  for (let start = text.indexOf('{"'); start >= 0; start = text.indexOf('{"', at)) {
    const end = endOfObject(text, start);
    if (end === undefined) break;
    const { errorMessage } = parseCause(text.slice(start, end));
    plain += text.slice(at, start) + (errorMessage === undefined ? text.slice(start, end) : String(errorMessage));
    at = end;
  }
  return plain + text.slice(at);
}

/** Where the JSON object that begins at `start` ends; braces inside its strings do not count. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let isQuoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === '\\') at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === '{') depth++;
    else if (!isQuoted && character === '}' && --depth === 0) return at + 1;
  }
  return undefined;
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
export function explainChecks(checks: readonly CheckResult[]): string {
  const failed = checks.filter((check) => check.outcome === 'failed');
  return failed.map((check) => `${check.name}: ${explainCause(check.cause)}`).join('; ');
}
