/** Failures of an AWS call that another try may mend: throttling, faults of the service, no answer. */
export function isPassing(error: unknown): boolean {
  const {
    name = '',
    $metadata,
    $retryable,
  } = error as {
    name?: string;
    $metadata?: { httpStatusCode?: number };
    $retryable?: unknown;
  };
  const status = $metadata?.httpStatusCode;
  if (status === undefined || $retryable !== undefined) return true;
  return status >= 500 || status === 429 || /Throttl|TooManyRequests|RequestLimitExceeded/.test(name);
}
