import { types } from 'node:util';
import { quote } from '@keyturn/consumer/contracts/quote';
import { judgeAws } from '@keyturn/consumer/contracts/verdicts/aws';
import { KeyturnError } from '../errors.ts';
import { CheckInterrupted } from './errors.ts';
import { describeNetworkFault } from './network-faults.ts';

const denied = /Denied|Unauthorized|NotAuthorized|AuthorizationError|OptInRequired/;
const throttled = /Throttl|TooMany|SlowDown|LimitExceeded|QuotaExceeded/;

/**
 * Says what a failed call to AWS means for a check whose own role made it: it did not get to the credential, so it has no
 * verdict. AWS's words name principal, action and resource, never a value.
 */
export function describeAwsFault(error: unknown, what: string): unknown {
  if (error instanceof KeyturnError || !types.isNativeError(error)) return error;
  // AWS was sent no secret with the call, so its words hold none. They are text from outside all the same.
  const name = quote(error.name, []);
  const message = quote(error.message, []);
  const verdict = judgeAws(error);
  const interrupted = (code: CheckInterrupted['code'], words: string) =>
    new CheckInterrupted(code, `${what}: ${words}`, { cause: error });
  if (verdict === 'refused') {
    return interrupted('CheckNotPermitted', `${name}: AWS refuses the credentials of the check function.`);
  }
  if (verdict === 'wrong' && denied.test(error.name)) {
    return interrupted('CheckNotPermitted', `${message} Grant it to the role of the check function.`);
  }
  if (verdict === 'not-now' && throttled.test(error.name))
    return interrupted('Throttled', `${name}, the calls are too many.`);
  const network = describeNetworkFault(error, what);
  if (network) return network;
  if (verdict !== 'not-now') return interrupted('Unexplained', `${name}: ${message}`);
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return interrupted('Unavailable', `${name}${status === undefined ? '' : ` (${status})`}.`);
}
