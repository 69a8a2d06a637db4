import { describeDatabaseFault } from '../../../../pipeline/checks/database-faults.ts';
import { describeDatabaseError } from '../../../../pipeline/rotators/postgres/database-errors.ts';

const password = 'p&ss "word"';
const fault = (code: string, message: string) => Object.assign(new Error(message), { code });
const describers = { describeDatabaseError, describeDatabaseFault } as const;

/** Codes whose message is the server's own words. */
const quoting = ['42501', '08006', '53100', '22023', '42P01', '28000'];

describe.each(Object.entries(describers))('%s', (_name, describeFault) => {
  test.each(quoting)('%s: a server that repeats the password is not quoted, in message or cause', (code) => {
    for (const repeated of [password, JSON.stringify(password), encodeURIComponent(password)]) {
      const told = describeFault(fault(code, `wrong: ${repeated}`), 'app at db', [password]) as Error;
      expect(told.message).toMatch(/^app at db: /);
      expect([told.message, String(told.cause), String((told.cause as Error | undefined)?.stack)].join()).not.toContain(
        repeated,
      );
    }
  });

  test('what a fault means does not depend on whether its words may be quoted', () => {
    const told = describeFault(fault('', 'The server does not support SSL connections'), 'app at db', ['e']) as Error;
    expect(told.message).toMatch(/offers no TLS/);
  });

  test('the server’s words are one line without what a terminal obeys', () => {
    const told = describeFault(fault('22023', 'one\n\u001b[2Jtwo\u2066'), 'app at db', [password]) as Error;
    expect(told.message).toContain('app at db: one \ufffd[2Jtwo\ufffd (22023)');
  });
});
