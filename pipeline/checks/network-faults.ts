import { types } from 'node:util';
import type { KeyturnError } from '../errors.ts';
import { CheckFailed, CheckInterrupted } from './errors.ts';

/** OpenSSL's and Node's codes of a certificate that does not convince. https://nodejs.org/docs/latest-v20.x/api/tls.html#x509-certificate-error-codes */
const certificateFault = /^(ERR_TLS|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA)/;
const protocolFault = /^(ERR_SSL|EPROTO)/;
const noRoute =
  /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|EPIPE|ETIMEDOUT|ESOCKET|UND_ERR|ERR_HTTP2|TimeoutError|AbortError|ABORT_ERR)/;

/**
 * Says what a failed connection means, wherever it failed: the fault may be the cause of an error that only says
 * "fetch failed". Undefined where the error is no matter of the network.
 */
export function describeNetworkFault(error: unknown, where: string): KeyturnError | undefined {
  for (let fault: unknown = error, depth = 0; types.isNativeError(fault) && depth < 5; fault = fault.cause, depth++) {
    const { code, name } = fault as Error & { code?: unknown };
    const word = typeof code === 'string' ? code : name;
    if (certificateFault.test(word)) return certificateRefused(where, word);
    if (protocolFault.test(word)) {
      return new CheckFailed('TlsMissing', `${where}: TLS could not be agreed on (${word}). Does it speak TLS there?`);
    }
    if (noRoute.test(word)) return unreachable(where, word);
    // An AggregateError of several addresses holds its faults beside each other.
    if ('errors' in fault && Array.isArray(fault.errors)) return describeNetworkFault(fault.errors[0], where);
  }
  return undefined;
}

export function certificateRefused(where: string, word: string): CheckFailed {
  return new CheckFailed(
    'TlsMismatch',
    `${where}: the certificate was not accepted (${word}). Use the host name that it carries, or add its authority to the CA bundle.`,
  );
}

export function unreachable(where: string, word: string): CheckInterrupted {
  return new CheckInterrupted(
    'NoRoute',
    `${where} cannot be reached (${word}). Look at its address, security groups and routes, and whether it runs.`,
  );
}
