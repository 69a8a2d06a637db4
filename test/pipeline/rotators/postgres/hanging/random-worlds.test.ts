import fc from 'fast-check';
import type { PostgresServer } from '../../../../../packages/laptop/postgres/server.ts';
import { newSecret, quote } from '../fixture.ts';
import { majorsHere } from '../other-servers.ts';
import { plan, type Secret, useServer } from './pair.ts';

/** What a person or a tool may have done as a superuser. `{app}` is a login: the base, or the second where there is one. */
const acts = [
  "CREATE TABLE IF NOT EXISTS t{n} (id int, who name DEFAULT session_user); ALTER TABLE t{n} OWNER TO {owner}; INSERT INTO t{n} VALUES (7, '{base}'), (7, 'another')",
  'GRANT {privilege} ON t{n} TO {app}',
  'GRANT {privilege} ON t{n} TO {app} WITH GRANT OPTION',
  'GRANT {privilege} ON t{n} TO PUBLIC',
  'GRANT SELECT (id) ON t{n} TO {app}',
  'GRANT {group} TO {app}; GRANT {privilege} ON t{n} TO {group}',
  'ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT {privilege} ON TABLES TO {app}',
  'ALTER DEFAULT PRIVILEGES FOR ROLE {app} GRANT {privilege} ON TABLES TO {group}',
  'ALTER TABLE t{n} ENABLE ROW LEVEL SECURITY; DROP POLICY IF EXISTS p ON t{n}; CREATE POLICY p ON t{n} TO {app} USING (true)',
  'ALTER TABLE t{n} ENABLE ROW LEVEL SECURITY; DROP POLICY IF EXISTS p ON t{n}; CREATE POLICY p ON t{n} USING (who IS NOT NULL)',
  'ALTER TABLE t{n} ENABLE ROW LEVEL SECURITY; DROP POLICY IF EXISTS p ON t{n}; CREATE POLICY p ON t{n} USING (session_user <> who)',
  'ALTER TABLE t{n} OWNER TO {app}',
  'CREATE SCHEMA IF NOT EXISTS s{n}; ALTER SCHEMA s{n} OWNER TO {owner}; GRANT USAGE, CREATE ON SCHEMA s{n} TO {app}',
  "ALTER ROLE {app} SET work_mem = '1{n}MB'",
  'ALTER ROLE {app} SET log_min_duration_statement = {n}00',
  'ALTER ROLE {app} CREATEDB',
  'ALTER ROLE {app} BYPASSRLS',
  "ALTER ROLE {app} VALID UNTIL '2100-01-01'",
  'GRANT SET ON PARAMETER log_min_duration_statement TO {app}',
  'CREATE OR REPLACE FUNCTION f{n}() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; REVOKE EXECUTE ON FUNCTION f{n}() FROM PUBLIC; ALTER FUNCTION f{n}() OWNER TO {owner}; GRANT EXECUTE ON FUNCTION f{n}() TO {app}',
  "CREATE SUBSCRIPTION sub{n}_{id} CONNECTION 'dbname=none password=none' PUBLICATION p WITH (connect = false, slot_name = NONE); UPDATE pg_subscription SET subowner = '{app}'::regrole WHERE subname = 'sub{n}_{id}'; UPDATE pg_shdepend SET refobjid = '{app}'::regrole WHERE classid = 'pg_subscription'::regclass AND objid = (SELECT oid FROM pg_subscription WHERE subname = 'sub{n}_{id}')",
];

/** What an application does; those that worked before a rotation work after it. Each is rolled back. */
const uses = [0, 1, 2].flatMap((n) => [
  `SELECT id FROM t${n}`,
  `INSERT INTO t${n} VALUES (1)`,
  `UPDATE t${n} SET id = 2`,
  `ALTER TABLE t${n} ADD COLUMN more int`,
  `GRANT SELECT ON t${n} TO pg_monitor`,
  `CREATE TABLE s${n}.made (id int)`,
  `SELECT f${n}()`,
  `SELECT count(*) FROM t${n} WHERE id = 7`,
]);
uses.push(
  'SHOW work_mem',
  'SHOW log_min_duration_statement',
  'SET log_min_duration_statement = 900',
  'CREATE TABLE fresh (id int)',
);

async function tryAll(secret: Secret, login: { username: string; password: string }): Promise<Map<string, string>> {
  const results = new Map<string, string>();
  await secret.as(login, async (session) => {
    for (const use of uses) {
      await session.query('BEGIN');
      await session.query(use).then(
        // A setting that was changed on the login that is not in use comes to both: its value may be another.
        ({ rows }) => results.set(use, use.startsWith('SHOW') ? '' : JSON.stringify(rows ?? '')),
        () => undefined,
      );
      await session.query('ROLLBACK');
    }
  });
  return results;
}

const act = fc.record({
  act: fc.constantFrom(...acts),
  n: fc.integer({ min: 0, max: 2 }),
  owner: fc.constantFrom('admin', 'migrator', 'app'),
  app: fc.constantFrom('base', 'second'),
  privilege: fc.constantFrom('SELECT', 'INSERT', 'UPDATE', 'SELECT, INSERT'),
});
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

async function perform(secret: Secret, { act: statement, n, owner, app, privilege }: Act): Promise<void> {
  const hasSecond = secret.state.previous !== undefined;
  const login = quote(app === 'second' && hasSecond ? `${secret.username}_clone` : secret.username);
  const owners = { admin: 'postgres_admin', migrator: `migrator_${secret.id}`, app: login };
  const filled = statement
    .replaceAll('{n}', String(n))
    .replaceAll('{id}', secret.id)
    .replaceAll('{base}', secret.username)
    .replaceAll('{owner}', owners[owner])
    .replaceAll('{app}', login)
    .replaceAll('{group}', `group_${secret.id}`)
    .replaceAll('{privilege}', privilege);
  // A table that is not there, a subscription that is: another world, and no use of its.
  await secret.server.query(filled, [], secret.database).catch(({ code }) => {
    if (!['42P01', '42710', '42501', '3F000'].includes(code)) throw new Error(`${code}: ${filled}`);
  });
}

/** What plan refuses, a person puts right by the statements that it prints. */
async function putRight(secret: Secret): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const blocking = (await plan(secret)).filter(({ blocks }) => blocks);
    if (blocking.length === 0) return;
    for (const { statement } of blocking) await secret.server.query(statement!, [], secret.database);
  }
  expect(await plan(secret)).toEqual([]);
}

async function live(server: PostgresServer, rounds: Act[][], ownerRole: boolean): Promise<void> {
  const owner = `owner_${Math.random().toString(36).slice(2, 10)}`;
  const secret = await newSecret(server, { settings: ownerRole ? { ownerRole: owner } : {} });
  if (ownerRole) await secret.administer(`CREATE ROLE ${owner}`);
  await server.query(`CREATE ROLE migrator_${secret.id}; CREATE ROLE group_${secret.id}`);
  await server.query(
    `GRANT CREATE, USAGE ON SCHEMA public TO migrator_${secret.id}${ownerRole ? `, ${owner}` : ''}`,
    [],
    secret.database,
  );
  for (const round of rounds) {
    for (const one of round) await perform(secret, one);
    const before = await tryAll(secret, secret.state.current.payload);
    await putRight(secret);
    // What a policy hid may have come to light by a statement of plan's; nothing else may have changed by one.
    const repaired = await tryAll(secret, secret.state.current.payload);
    for (const [use, answer] of before) {
      if (answer === '[]' || answer === '[{"count":"0"}]') before.set(use, repaired.get(use) ?? answer);
    }
    await secret.rotate();
    for (const login of [secret.state.current.payload, secret.state.previous!.payload]) {
      const after = await tryAll(secret, login);
      const lost = [...before].filter(([use, answer]) => after.get(use) !== answer);
      expect({ login: login.username, lost }).toEqual({ login: login.username, lost: [] });
    }
  }
  await server.query(`REVOKE SET ON PARAMETER log_min_duration_statement FROM postgres_admin`);
  for (const { subname } of (
    await server.query(
      'SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = $1)',
      [secret.database],
    )
  ).rows) {
    await server.query(`DROP SUBSCRIPTION ${subname}`, [], secret.database);
  }
}

describe.each(majorsHere(15, 18))('random worlds, on PostgreSQL %i', (major) => {
  const target = useServer(major);

  test('what worked before a rotation works after each of three, as both logins, wherever plan does not refuse', async () => {
    const round = fc.array(act, { minLength: 2, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(round, round, round), fc.boolean(), (rounds, ownerRole) =>
        live(target.server, rounds, ownerRole),
      ),
      { numRuns: Number(process.env.KEYTURN_RANDOM_WORLDS ?? 12), endOnFailure: true },
    );
  });
});
