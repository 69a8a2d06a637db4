import { types } from 'node:util';
import { quote } from '@keyturn/consumer/contracts/quote';
import type { CheckCode } from '../contracts/check.ts';
import { KeyturnError } from '../errors.ts';
import { CheckFailed, CheckInterrupted } from './errors.ts';
import { describeNetworkFault, unreachable } from './network-faults.ts';

/** What passes by itself. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const passing = /^(08|53|57P0|55P03|57014|40)/;

/**
 * Says what a failure of the database means for a check. In this order:
 * 1. It has been judged already. 2. The login was refused, and why. 3. What the endpoint or its objects lack. 4. It
 * passes by itself. 5. TLS and the network. 6. Any other refusal, in the server's words.
 */
export function describeDatabaseFault(error: unknown, where: string, secrets: readonly string[]): unknown {
  if (error instanceof KeyturnError || !types.isNativeError(error)) return error;
  const { code: given, message: said } = error as Error & { code?: unknown };
  const code = typeof given === 'string' ? quote(given, secrets) : '';
  const message = quote(said, secrets);
  const refusal = describeRefusedLogin(code, { said, message });
  if (refusal) return new CheckFailed(refusal.code, `${where}: ${refusal.text} (${code}).`);
  const lack = lacks.get(code);
  if (lack) return new CheckFailed(lack.code, `${where}: ${message} (${code}). ${lack.advice}`);
  if (passing.test(code)) return new CheckInterrupted('TargetBusy', `${where}: ${message} (${code}).`);
  if (/does not support SSL/.test(said)) {
    return new CheckFailed(
      'TlsMissing',
      `${where}: the server offers no TLS. Turn it on, or say "ssl": false in the secret if the network is trusted.`,
    );
  }
  const network = describeNetworkFault(error, where);
  if (network) return network;
  // pg's own: an answer that did not come in time, a connection that ended in the middle.
  if (/timeout|Connection terminated/i.test(said)) return unreachable(where, message);
  if (/^[0-9A-Z]{5}$/.test(code)) return new CheckFailed('StatementRefused', `${where}: ${message} (${code}).`);
  return error;
}

/** 28P01 and 28000 have several causes, which only the words tell apart. */
function describeRefusedLogin(
  code: string,
  { said, message }: { readonly said: string; readonly message: string },
): { code: CheckCode; text: string } | undefined {
  if (code === '28P01') {
    return {
      code: 'WrongPassword',
      text: 'the password was refused. Was it changed outside of a rotation? keyturn doctor tells',
    };
  }
  if (code !== '28000') return undefined;
  if (/no credentials/.test(said)) {
    return {
      code: 'LoginUnknownToProxy',
      text: 'the proxy has no credentials for this login. Register a secret of each of the two logins with the proxy',
    };
  }
  if (/no encryption|SSL|TLS/.test(said)) {
    return { code: 'TlsMissing', text: 'the server wants TLS, and the secret says "ssl": false. Remove it' };
  }
  return {
    code: 'LoginDisabled',
    text: `the login was refused: ${message}. Was it disabled by hand? keyturn doctor --repair enables it again`,
  };
}

const lacks = new Map<string, { code: CheckCode; advice: string }>([
  ['42501', { code: 'MissingGrant', advice: 'Grant it to the owner role; keyturn doctor finds what was lost.' }],
  ['3D000', { code: 'DatabaseMissing', advice: 'Correct "dbname" in the secret, or create the database.' }],
  ['42P01', { code: 'TableMissing', advice: 'Correct the check’s "reads" and "writes".' }],
  ['3F000', { code: 'TableMissing', advice: 'Correct the check’s "reads" and "writes".' }],
  [
    '25006',
    {
      code: 'ReadOnlyReplica',
      advice: 'The endpoint is a replica or reader: name the writer’s, or say "access": "read".',
    },
  ],
]);
