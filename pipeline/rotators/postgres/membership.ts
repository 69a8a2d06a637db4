import { quote } from '@keyturn/consumer/contracts/quote';
import { TargetRefused } from '../errors.ts';
import type { Statements } from './transaction.ts';

/**
 * Lends the administrator the rights of roles for a piece of a transaction. An administrator that is no superuser has
 * ADMIN on the roles it made, but not their rights; no other session sees the loan, since it is given back before the commit.
 * https://www.postgresql.org/docs/current/role-membership.html
 */
export async function withMemberships(
  statements: Statements,
  roles: readonly string[],
  advice: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const returns: string[] = [];
  for (const role of new Set(roles)) {
    if (await hasRightsOf(statements, role)) continue;
    returns.push(await statementOfReturn(statements, role));
    await lend(statements, role, advice);
  }
  await work();
  for (const statement of returns) await statements.query(statement);
}

async function hasRightsOf(statements: Statements, role: string): Promise<boolean> {
  const settable = statements.serverVersion >= 160_000 ? "pg_has_role(current_user, oid, 'SET')" : 'true';
  const [row] = await statements.query<{ has: boolean }>(
    `SELECT pg_has_role(current_user, oid, 'USAGE') AND ${settable} AS has FROM pg_roles WHERE rolname::text = $1`,
    [role],
  );
  return row?.has ?? false;
}

/** A membership that the administrator has given itself before is put back as it was; otherwise the loan is revoked. */
async function statementOfReturn(statements: Statements, role: string): Promise<string> {
  if (statements.serverVersion < 160_000) return quoted(statements, 'REVOKE %I FROM %I', role);
  const [own] = await statements.query<{ options: string }>(
    `SELECT format(' WITH INHERIT %s, SET %s', m.inherit_option::text, m.set_option::text) AS options
     FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles self ON self.rolname = current_user
     WHERE g.rolname::text = $1 AND m.member = self.oid AND m.grantor = self.oid`,
    [role],
  );
  if (own) return (await quoted(statements, 'GRANT %I TO %I', role)) + own.options;
  return quoted(statements, 'REVOKE %I FROM %I', role);
}

async function lend(statements: Statements, role: string, advice: readonly string[]): Promise<void> {
  const options = statements.serverVersion >= 160_000 ? ' WITH INHERIT TRUE, SET TRUE' : '';
  try {
    await statements.query((await quoted(statements, 'GRANT %I TO %I', role)) + options);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code !== '42501' && code !== '0LP01') throw error;
    const remedy =
      advice.length > 0 ? `Have ${role} run: ${advice.join('; ')};` : `Give the administrator ADMIN on ${role}.`;
    throw new TargetRefused(`The administrator cannot act for role ${role}: ${quote(message, [])}. ${remedy}`);
  }
}

async function quoted(statements: Statements, template: string, role: string): Promise<string> {
  const [row] = await statements.query<{ statement: string }>(
    'SELECT format($1, $2::text, current_user) AS statement',
    [template, role],
  );
  return row!.statement;
}
