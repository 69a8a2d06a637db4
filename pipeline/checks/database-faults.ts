import { types } from 'node:util';
import { quote } from '@keyturn/consumer/contracts/quote';
import { judgePostgres } from '@keyturn/consumer/contracts/verdicts/postgres';
import type { CheckCode } from '../contracts/check.ts';
import { KeyturnError } from '../errors.ts';
import { CheckFailed, CheckInterrupted } from './errors.ts';
import { describeNetworkFault, unreachable } from './network-faults.ts';

/**
 * Says what a failure of the database means for a check. In this order:
 * 1. It has been judged already. 2. The login is refused, and why. 3. The endpoint takes no writes. 4. The network and TLS.
 * 5. The server does not serve now. 6. What the login or the database lacks. 7. Any other refusal, in the server's words.
 * Of these, 2, 6 and 7 are verdicts: the server has accepted the connection and looked at the login.
 */
export function describeDatabaseFault(error: unknown, where: string, secrets: readonly string[]): unknown {
  if (error instanceof KeyturnError || !types.isNativeError(error)) return error;
  const { code: given, message: said } = error as Error & { code?: unknown };
  const code = typeof given === 'string' ? quote(given, secrets) : '';
  const message = quote(said, secrets);
  const verdict = judgePostgres(error);
  if (verdict === 'refused') return refusedLogin(where, code, message);
  if (verdict === 'not-now' && /^(25006|0A000)$/.test(code)) return readOnly(where, `${message} (${code})`);
  const network = describeNetworkFault(error, where);
  if (network) return network;
  if (verdict === 'not-now') {
    // pg's own, without a code: an answer that did not come in time, a connection that ended in the middle.
    if (!code) return unreachable(where, message);
    return new CheckInterrupted('TargetBusy', `${where}: ${message} (${code}).`);
  }
  if (verdict === 'unknown') return new CheckInterrupted('Unexplained', `${where}: ${message} (${code || 'no code'}).`);
  if (code === '28000') return refusedAddress(where, message);
  const lack = lacks.get(code);
  if (lack) return new CheckFailed(lack.code, `${where}: ${message} (${code}). ${lack.advice}`);
  if (code) return new CheckFailed('StatementRefused', `${where}: ${message} (${code}).`);
  return new CheckInterrupted(
    'TlsMissing',
    `${where}: the server offers no TLS. Turn it on, or say "ssl": false in the secret if the network is trusted.`,
  );
}

/** A standby, a reader, or a server in recovery after a fail-over: the server may be promoted, or the name be moved to another one. */
export function readOnly(where: string, words: string): CheckInterrupted {
  return new CheckInterrupted(
    'ReadOnlyReplica',
    `${where}: the endpoint accepts no writes: ${words}. If it stays so, it is a replica or reader: name the writer’s, or say "access": "read".`,
  );
}

/** The server has not asked for the password yet. */
function refusedAddress(where: string, message: string): CheckInterrupted {
  if (/no encryption|SSL|TLS/.test(message)) {
    return new CheckInterrupted(
      'TlsMissing',
      `${where}: the server wants TLS, and the secret says "ssl": false. Remove it (28000).`,
    );
  }
  return new CheckInterrupted('AddressRefused', `${where}: ${message} (28000). Add a line for it to pg_hba.conf.`);
}

/** 28P01 and 28000 have several causes, and only the words differ. The words name roles, never passwords. */
function refusedLogin(where: string, code: string, message: string): CheckFailed {
  const failed = (failure: CheckCode, text: string) => new CheckFailed(failure, `${where}: ${text} (${code}).`);
  if (code === '28P01') {
    return failed(
      'WrongPassword',
      'the password was refused. Was it changed outside of a rotation? keyturn doctor says',
    );
  }
  if (/no credentials/.test(message)) {
    return failed(
      'LoginUnknownToProxy',
      'the proxy has no credentials for this login. Register a secret of each of the two logins with the proxy',
    );
  }
  return failed(
    'LoginDisabled',
    `the login was refused: ${message}. Was it disabled by hand? keyturn doctor --repair enables it again`,
  );
}

const lacks = new Map<string, { code: CheckCode; advice: string }>([
  ['42501', { code: 'MissingGrant', advice: 'Grant it to the owner role; keyturn doctor finds what was lost.' }],
  ['3D000', { code: 'DatabaseMissing', advice: 'Correct "dbname" in the secret, or create the database.' }],
  ['42P01', { code: 'TableMissing', advice: 'Correct the check’s "reads" and "writes".' }],
  ['3F000', { code: 'TableMissing', advice: 'Correct the check’s "reads" and "writes".' }],
]);
