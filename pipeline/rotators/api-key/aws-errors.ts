import type { KeyturnError } from '../../errors.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';

/** What another try may mend: throttling, faults of the service, no answer. */
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

/** Says what a failure of an AWS call means for a rotation. AWS's messages name users, actions and ids, never keys. */
export function describeAwsError(error: unknown, what: string): KeyturnError {
  const { name, message } = error as Error;
  if (isPassing(error)) return new TargetUnavailable(`${what}: ${name}: ${message}`, { cause: error });
  const advice = /AccessDenied/.test(name)
    ? ' Deploy the pipeline’s stack again: it grants what this provider needs.'
    : '';
  return new TargetRefused(`${what}: ${name}: ${message}${advice}`, { cause: error });
}

export function isNamed(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.some((name) => error.name === name || error.name === `${name}Exception`);
}
