import type { InvocationEnding } from '../../environments/environment.ts';

export interface InvocationResult {
  readonly executedVersion: string;
  /** JSON text. */
  readonly payload: string;
  readonly functionError?: 'Unhandled';
  /** Base 64 of the last 4 KB of the log. */
  readonly logTail: string;
  readonly durationMilliseconds: number;
}

/** What Lambda answers when a function did not: the error as JSON, and for the log why its process ended. */
export function failureOf(
  ending: InvocationEnding,
  requestId: string,
  timeoutSeconds: number,
): { payload: string; exitReason?: string } | undefined {
  switch (ending.kind) {
    case 'answer':
      return undefined;
    case 'error':
      return { payload: JSON.stringify(ending.error) };
    case 'time-out':
      return {
        payload: JSON.stringify({
          errorType: 'Sandbox.Timedout',
          errorMessage: `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
        }),
      };
    case 'exit': {
      const exitReason = describeExit(ending.code, ending.signal);
      const errorMessage = `RequestId: ${requestId} Error: ${exitReason}`;
      return { payload: JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage }), exitReason };
    }
  }
}

const signals: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGABRT: 'aborted (core dumped)',
  SIGSEGV: 'segmentation fault (core dumped)',
  SIGTERM: 'terminated',
};

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal) return `Runtime exited with error: signal: ${signals[signal] ?? signal}`;
  if (code) return `Runtime exited with error: exit status ${code}`;
  return 'Runtime exited without providing a reason';
}

export function tooLargeResponse(mostBytes: number): string {
  return JSON.stringify({
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size exceeded maximum allowed payload size (${mostBytes} bytes).`,
  });
}
