import { findNetworkFault } from './network.ts';
import type { Verdict } from './verdict.ts';

/**
 * SQLSTATEs, and what the same SQLSTATE needs where it has several causes: words of the message, or the routine of the
 * server, which is the same in every language.
 */
type Rule = readonly [verdict: Verdict, codes: RegExp, words?: RegExp];

/**
 * The first rule that fits. https://www.postgresql.org/docs/18/errcodes-appendix.html
 * - 0A000 is what `BEGIN READ WRITE` answers in recovery (src/backend/commands/variable.c); 25006 is what a write answers
 *   there, and on a server with `default_transaction_read_only`.
 * - 28000 is also what a line in pg_hba.conf answers, before the password is looked at.
 * - Two sessions that change one role at once meet in the catalogue: XX000 "tuple concurrently updated", 23505.
 * - A statement that is out of place (25), a broken file (58P, XX001, XX002) or a foreign protocol (08P01, which poolers
 *   answer for almost anything) says nothing about the credential, so no check fails for it.
 */
const rules: readonly Rule[] = [
  ['not-now', /^0A000$/, /recovery|read-only| call_bool_check_hook$/],
  ['wrong', /^28000$/, /pg_hba| ClientAuthentication$/],
  ['refused', /^28(000|P01)$/],
  ['not-now', /^(XX000|23505)$/, /tuple concurrently|"pg_\w+"| simple_heap_(update|delete)$/],
  ['unknown', /^(08P01|40002|58P|XX|25(?!006|P03|P04))/],
  ['wrong', /^57P04$/],
  ['not-now', /^(08|25|40|53|57|58|55006|55P03|72000)/],
  ['wrong', /^(0A|0L|0P|2[1-36BDF]|28|34|3B|3D|3F|42|44|54|55|P0)/],
];

/** What `pg` says itself, without a code: an answer that did not come, a session that ended. */
const driver: readonly (readonly [Verdict, RegExp])[] = [
  ['wrong', /does not support SSL/],
  ['not-now', /timeout|timed out|terminated|not queryable|connection ended/i],
];

const sqlState = /^[0-9A-Z]{5}$/;

/** What a failure of a PostgreSQL server, of a proxy before it, or of the way there says. */
export function judgePostgres(error: unknown): Verdict {
  // EPIPE looks like a SQLSTATE.
  const network = findNetworkFault(error);
  if (network) return network.verdict;
  const { code, message = '', routine = '' } = Object(error) as { code?: unknown; message?: string; routine?: string };
  if (typeof code === 'string' && sqlState.test(code)) {
    const said = `${message} ${routine}`;
    return rules.find(([, codes, words]) => codes.test(code) && (words?.test(said) ?? true))?.[0] ?? 'unknown';
  }
  return driver.find(([, words]) => words.test(message))?.[0] ?? 'unknown';
}
