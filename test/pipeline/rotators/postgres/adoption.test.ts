import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { inTransaction } from '../../../../pipeline/rotators/postgres/transaction.ts';
import { writeVerifier } from '../../../../pipeline/rotators/postgres/write-verifier.ts';
import { newSecret, quote, startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget());
});
afterAll(() => stop());

test.each([
  'base',
  'second',
])('a secret that AWS’s function has rotated goes on from the %s login, and gets its clone’s tables back', async (from) => {
  const secret = await newSecret(server);
  const clone = `${secret.username}_clone`;
  const base = secret.state.current.payload;
  await secret.administer(`CREATE ROLE ${quote(clone)} LOGIN`);
  await secret.administer(`GRANT ${quote(secret.username)} TO ${quote(clone)}`);
  await secret.administer(`COMMENT ON ROLE ${quote(clone)} IS 'made by another tool'`);
  await server.setPassword(clone, 'Cloned-1');
  const cloned = { ...base, username: clone, password: 'Cloned-1' };
  await secret.as(cloned, (session) => session.query('CREATE TABLE lost (id int)'));
  if (from === 'second') secret.state.current = { ...secret.state.current, payload: cloned };
  await secret.rotate();
  await secret.rotate();
  for (const { payload } of [secret.state.current, secret.state.previous!]) {
    await secret.as(payload, (session) => session.query('ALTER TABLE lost ADD COLUMN IF NOT EXISTS name text'));
  }
  const { rows } = await server.query(
    "SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = $1",
    [clone],
  );
  expect(rows[0].comment).toMatch(/^made by another tool\nkeyturn:\{[^\n]*\}$/);
  for (const { payload } of [secret.state.current, secret.state.previous!])
    expect(rows[0].comment).not.toContain(payload.password);
});

test('a membership that the administrator had given itself is as before after a rotation that needed more', async () => {
  const secret = await newSecret(server);
  await secret.rotate();
  const clone = `${secret.username}_clone`;
  await secret.administer(`GRANT ${quote(clone)} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE`);
  await server.query(
    `GRANT CREATE ON SCHEMA public TO ${quote(clone)}; SET ROLE ${quote(clone)}; CREATE TABLE own (id int)`,
    undefined,
    secret.database,
  );
  await secret.rotate();
  const owner = await server.query(
    "SELECT tableowner::text AS name FROM pg_tables WHERE tablename = 'own'",
    [],
    secret.database,
  );
  expect(owner.rows).toEqual([{ name: secret.username }]);
  const { rows } = await server.query(
    `SELECT inherit_option, set_option FROM pg_auth_members
     WHERE roleid = $1::regrole AND member = 'postgres_admin'::regrole AND grantor = 'postgres_admin'::regrole`,
    [clone],
  );
  expect(rows).toEqual([{ inherit_option: false, set_option: true }]);
});

test('two processes that set one secret at the same moment wait for each other', async () => {
  const secret = await newSecret(server);
  const { step, pending } = await secret.prepare();
  const set = () => secret.rotator.set(step, { ...secret.state, pending });
  await Promise.all([set(), set(), set()]);
  await secret.rotator.test(step, { ...secret.state, pending });
});

test('two secrets of one server are rotated at the same moment', async () => {
  const secrets = await Promise.all([newSecret(server), newSecret(server), newSecret(server)]);
  await Promise.all(secrets.map((secret) => secret.rotate()));
  for (const { state, as } of secrets) await as(state.current.payload, async () => undefined);
});

test('limits of the login in use are those of the one that takes over', async () => {
  const secret = await newSecret(server);
  await secret.administer(`ALTER ROLE ${quote(secret.username)} CONNECTION LIMIT 7 VALID UNTIL '2999-01-01'`);
  await secret.rotate();
  const { rows } = await server.query(
    'SELECT rolconnlimit, rolvaliduntil::text LIKE $2 AS until FROM pg_roles WHERE rolname = $1',
    [`${secret.username}_clone`, '2999-01-01%'],
  );
  expect(rows).toEqual([{ rolconnlimit: 7, until: true }]);
});

test('a verifier that the server refuses is in no log either', async () => {
  const secret = await newSecret(server);
  const verifier = 'SCRAM-SHA-256$4096:c2FsdHNhbHQ=$bm90IHRvIGJlIHNlZW4gaW4gYW55IGxvZyBldmVyIQ=:bm90IHRvIGJl';
  const writing = secret.as(secret.state.current.payload, (session) =>
    inTransaction(
      session,
      { where: 'here', rotation: { secretArn: 'arn:any', assertNotOvertaken: async () => undefined } },
      (statements) => writeVerifier(statements, 'postgres_admin', verifier),
    ),
  );
  await expect(writing).rejects.toMatchObject({ code: 'TargetRefused', message: expect.stringContaining('42501') });
  expect(server.log()).not.toContain(verifier.slice(20));
});
