import { types } from 'node:util';
import { quote } from '@keyturn/consumer/contracts/quote';
import { CheckFailed, CheckInterrupted } from './errors.ts';
import { describeNetworkFault } from './network-faults.ts';

const denied = /^(AccessDenied|UnauthorizedOperation|NotAuthorized)/;
const throttled = /Throttl|TooManyRequests|RequestLimitExceeded|LimitExceededException$/;

/** Says what a refused or failed call to AWS means for a check. What it does not know is handed back as it is. */
export function describeAwsFault(error: unknown, what: string): unknown {
  if (!types.isNativeError(error)) return error;
  // AWS was sent no secret with the call, so its words hold none: they name principal, action and resource.
  if (denied.test(error.name)) {
    return new CheckFailed(
      'MissingGrant',
      `${what}: ${quote(error.message, [])} Grant it to the role of the check function.`,
      {
        cause: error,
      },
    );
  }
  if (throttled.test(error.name)) {
    return new CheckInterrupted('Throttled', `${what}: ${quote(error.name, [])}, the calls are too many.`, {
      cause: error,
    });
  }
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (status !== undefined && status >= 500) {
    return new CheckInterrupted('Unavailable', `${what}: ${quote(error.name, [])} (${status}).`, { cause: error });
  }
  return describeNetworkFault(error, what) ?? error;
}
