import { quote } from '@keyturn/consumer/contracts/quote';
import { KeyturnError } from '../../errors.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';

/** A login was refused: its password is wrong, it may not log in, or a proxy does not know it. */
export class LoginRefused extends TargetRefused {}

/** What another try may mend. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const passing = new Map([
  ['55P03', 'a lock was not free in time'],
  ['57014', 'the statement took too long'],
  ['40001', 'a concurrent transaction came between'],
  ['40P01', 'a deadlock was resolved'],
  ['53300', 'the server has no connection left'],
  ['57P01', 'the server ended the session'],
  ['57P02', 'the server crashed'],
  ['57P03', 'the server is starting or stopping'],
]);
const certificateFault = /^(ERR_TLS|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_SSL)/;

/**
 * Says what a failure of the database means for a rotation. In this order:
 * 1. It has been judged already. 2. The login was refused. 3. A privilege is missing. 4. It passes by itself.
 * 5. The certificate does not convince, or the server speaks no TLS. 6. The network. 7. Any other refusal.
 * A statement's text is dropped, since it may hold a verifier.
 *
 * @param secrets what the server may have seen of its login, and must not repeat in the message
 */
export function describeDatabaseError(error: unknown, where: string, secrets: readonly string[]): KeyturnError {
  if (error instanceof KeyturnError) return error;
  const { code: given, message: said } = error as Error & { code?: unknown };
  const code = typeof given === 'string' ? quote(given, secrets) : '';
  const message = quote(said, secrets);
  if (code === '28P01' || code === '28000') return new LoginRefused(`${where}: the login was refused (${code}).`);
  if (code === '42501') {
    return new TargetRefused(
      `${where}: ${message} (42501). The administrator lacks a privilege; keyturn plan prints the GRANT.`,
    );
  }
  const reason = /^tuple concurrently/.test(said) ? 'the role was altered at the same moment' : passing.get(code);
  if (reason || code.startsWith('08') || code.startsWith('53')) {
    return new TargetUnavailable(`${where}: ${reason ?? message} (${code}).`, {
      cause: withoutStatement(error, message),
    });
  }
  if (certificateFault.test(code)) {
    return new TargetRefused(
      `${where}: the server's certificate was not accepted (${code}). Add its authority to the CA bundle, or use the host name that the certificate carries.`,
    );
  }
  if (/does not support SSL/.test(said)) {
    return new TargetRefused(
      `${where}: the server offers no TLS. Turn it on, or say "ssl": false in the secret if the network is trusted.`,
    );
  }
  if (/^[0-9A-Z]{5}$/.test(code)) return new TargetRefused(`${where}: ${message} (${code}).`);
  return new TargetUnavailable(`${where}: ${message}`, { cause: withoutStatement(error, message) });
}

function withoutStatement(error: unknown, message: string): Error {
  const { name } = error as Error;
  return Object.assign(new Error(message), { name });
}
