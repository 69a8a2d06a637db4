import { firesOnTables } from './inspect-roles.ts';
import type { Statements } from './transaction.ts';

/**
 * Gives a login a verifier without any log showing it. `log_statement = all` writes statements and their parameters,
 * but neither the rows of a COPY nor what a DO block executes; an error inside is raised again without its statement,
 * which the log would carry as context. Where temporary tables are not allowed, or event triggers would fire on one, the verifier travels as a parameter:
 * then a log of all statements holds it (never the password).
 */
export async function writeVerifier(statements: Statements, login: string, verifier: string): Promise<void> {
  const [may] = await statements.query<{ temporary: boolean }>(
    `SELECT has_database_privilege(current_database(), 'TEMPORARY')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE ${firesOnTables}) AS temporary`,
  );
  await statements.query("SELECT set_config('keyturn.login', $1, true)", [login]);
  if (may!.temporary) {
    await statements.query('CREATE TEMPORARY TABLE keyturn_verifier (verifier text) ON COMMIT DROP');
    await statements.session.copy('COPY pg_temp.keyturn_verifier FROM STDIN', verifier);
  } else {
    await statements.query("SELECT set_config('keyturn.verifier', $1, true)", [verifier]);
  }
  await statements.query(alterRole(may!.temporary));
  if (may!.temporary) await statements.query('DROP TABLE pg_temp.keyturn_verifier');
  const [state] = await statements.query<{ state: string }>("SELECT current_setting('keyturn.refused', true) AS state");
  const [, code, words] = /^(\w{5}) (.*)$/s.exec(state?.state ?? '') ?? [];
  // Another session may have changed the role at the same moment: the caller of the transaction says what the code means.
  if (code) throw Object.assign(new Error(`the verifier of ${login} was not taken: ${words}`), { code });
}

const alterRole = (fromTable: boolean) => `DO $keyturn$
DECLARE
  verifier text := ${fromTable ? '(SELECT v.verifier FROM pg_temp.keyturn_verifier AS v)' : "current_setting('keyturn.verifier')"};
BEGIN
  PERFORM set_config('keyturn.refused', '', true);
  EXECUTE format('ALTER ROLE %I PASSWORD %L', current_setting('keyturn.login'), verifier);
EXCEPTION WHEN OTHERS THEN
  PERFORM set_config('keyturn.refused', SQLSTATE || ' ' || SQLERRM, true);
END
$keyturn$`;
