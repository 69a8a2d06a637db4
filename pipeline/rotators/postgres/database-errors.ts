import { quote } from '@keyturn/consumer/contracts/quote';
import { isCertificateFault } from '@keyturn/consumer/contracts/verdicts/network';
import { judgePostgres } from '@keyturn/consumer/contracts/verdicts/postgres';
import { KeyturnError } from '../../errors.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';

/** A login was refused: its password is wrong, it may not log in, or a proxy does not know it. */
export class LoginRefused extends TargetRefused {}

const advice = new Map([
  ['42501', ' The login that ran the statement lacks a privilege.'],
  ['28000', ' Add a line for this login and address to pg_hba.conf.'],
]);

/**
 * Says what a failure of the database means for a rotation, by the table of verdicts. A server in recovery, or one that is
 * read-only after a fail-over, passes. A statement's text is dropped, since it may hold a verifier.
 *
 * @param secrets what the server may have seen of its login, and must not repeat in the message
 */
export function describeDatabaseError(error: unknown, where: string, secrets: readonly string[]): KeyturnError {
  if (error instanceof KeyturnError) return error;
  const { code: given, message: said } = error as Error & { code?: unknown };
  const code = typeof given === 'string' ? quote(given, secrets) : '';
  const message = quote(said, secrets);
  const text = `${where}: ${message}${code && ` (${code})`}.`;
  switch (judgePostgres(error)) {
    case 'refused':
      return new LoginRefused(`${where}: the login was refused (${code}).`);
    case 'wrong':
      return new TargetRefused(describeWrong(where, error) ?? `${text}${advice.get(code) ?? ''}`);
    default:
      return new TargetUnavailable(text, { cause: withoutStatement(error, message) });
  }
}

/** A server that was not even asked to log in. */
function describeWrong(where: string, error: unknown): string | undefined {
  const { code = '', message } = error as Error & { code?: string };
  if (isCertificateFault(code)) {
    return `${where}: the server's certificate was not accepted (${code}). Add its authority to the CA bundle, or use the host name that the certificate carries.`;
  }
  return /does not support SSL/.test(message)
    ? `${where}: the server offers no TLS. Turn it on, or say "ssl": false in the secret if the network is trusted.`
    : undefined;
}

function withoutStatement(error: unknown, message: string): Error {
  const { name } = error as Error;
  return Object.assign(new Error(message), { name });
}
