import { findNetworkFault, isCertificateFault } from '@keyturn/consumer/contracts/verdicts/network';
import { CheckInterrupted } from './errors.ts';

/**
 * Says what a failed connection means. It has sent no credential, so it is no verdict: not even where the certificate is
 * wrong. Undefined where the error is no matter of the network.
 */
export function describeNetworkFault(error: unknown, where: string): CheckInterrupted | undefined {
  const fault = findNetworkFault(error);
  if (!fault) return undefined;
  const { verdict, code } = fault;
  if (isCertificateFault(code)) return certificateRefused(where, code);
  if (verdict !== 'wrong' || !/SSL|TLS|EPROTO/.test(code)) return unreachable(where, code);
  return new CheckInterrupted('TlsMissing', `${where}: TLS could not be agreed on (${code}). Does it speak TLS there?`);
}

function certificateRefused(where: string, code: string): CheckInterrupted {
  return new CheckInterrupted(
    'TlsMismatch',
    `${where}: the certificate was not accepted (${code}). Use the host name that it carries, or add its authority to the CA bundle.`,
  );
}

export function unreachable(where: string, word: string): CheckInterrupted {
  return new CheckInterrupted(
    'NoRoute',
    `${where} cannot be reached (${word}). Look at its address, security groups and routes, and whether it runs.`,
  );
}
