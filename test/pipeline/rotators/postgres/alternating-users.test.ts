import { randomUUID } from 'node:crypto';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { newSecret, quote, SUPERUSER_ARN, startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget());
});
afterAll(() => stop());

const authenticationFailures = () => server.log().match(/authentication failed|is not permitted to log in/g) ?? [];

describe('rotation of alternating users', () => {
  test('the first rotation creates the second login; ten rotations alternate, and both logins always work', async () => {
    const secret = await newSecret(server);
    const before = authenticationFailures().length;
    const passwords = new Set<string>();
    for (let round = 1; round <= 10; round += 1) {
      await secret.rotate();
      const { current, previous } = secret.state;
      expect(current.payload.username).toBe(round % 2 === 1 ? `${secret.username}_clone` : secret.username);
      for (const version of [current, previous!]) {
        const who = await secret.as(version.payload, (session) =>
          session.query('SELECT session_user::text AS login, current_user::text AS role'),
        );
        expect(who.rows).toEqual([{ login: version.payload.username, role: secret.username }]);
      }
      passwords.add(current.payload.password);
    }
    expect(passwords.size).toBe(10);
    expect(authenticationFailures()).toHaveLength(before);
  });

  test('the superuser secret is read once for a set, and for nothing else', async () => {
    const secret = await newSecret(server);
    await secret.prepare();
    expect(secret.secrets.calls).toEqual([{ operation: 'GetSecretValue', secretId: SUPERUSER_ARN }]);
  });

  test('a table created by either login is readable, alterable and droppable by the other', async () => {
    const secret = await newSecret(server);
    await secret.as(secret.state.current.payload, (s) => s.query('CREATE TABLE before_rotation (id int)'));
    await secret.rotate();
    const [base, second] = [secret.state.previous!.payload, secret.state.current.payload];
    await secret.as(second, async (session) => {
      await session.query('ALTER TABLE before_rotation ADD COLUMN name text');
      await session.query('DROP TABLE before_rotation');
      await session.query('CREATE TABLE by_second (id int)');
    });
    await secret.as(base, async (session) => {
      await session.query('SELECT * FROM by_second');
      await session.query('ALTER TABLE by_second ADD COLUMN name text');
      await session.query('DROP TABLE by_second');
    });
  });

  test('neither password nor verifier appears in a log of all statements', async () => {
    const secret = await newSecret(server);
    const known = [secret.state.current.payload.password];
    for (let round = 0; round < 2; round += 1) {
      await secret.rotate();
      known.push(secret.state.current.payload.password);
    }
    const verifiers = await server.query<{ rolpassword: string }>(
      'SELECT rolpassword FROM pg_authid WHERE rolname = ANY($1)',
      [[secret.username, `${secret.username}_clone`]],
    );
    const log = server.log();
    expect(log).toContain('COPY pg_temp.keyturn_verifier FROM STDIN');
    for (const password of known) expect(log).not.toContain(password);
    for (const { rolpassword } of verifiers.rows) {
      expect(rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
      expect(log).not.toContain(rolpassword.slice(20));
    }
  });

  test('where temporary tables are denied the verifier travels as a parameter, the password still not at all', async () => {
    const secret = await newSecret(server);
    await server.query(`REVOKE ALL ON DATABASE ${secret.database} FROM PUBLIC, postgres_admin`);
    await server.query(`GRANT CONNECT ON DATABASE ${secret.database} TO PUBLIC`);
    await server.query(`ALTER DATABASE ${secret.database} OWNER TO rdsadmin`);
    await secret.rotate();
    expect(server.log()).not.toContain(secret.state.current.payload.password);
  });

  test('set may be called twice, and after a killed process', async () => {
    const secret = await newSecret(server);
    const { step, pending } = await secret.prepare();
    await secret.rotator.set(step, { ...secret.state, pending });
    await secret.rotator.test(step, { ...secret.state, pending });
  });
});

describe('names and passwords', () => {
  test('every printable character in a user name and a password', async () => {
    const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');
    const halves = [printable.slice(0, 48), printable.slice(48)];
    for (const name of halves) {
      const secret = await newSecret(server, {
        username: name,
        password: printable,
        settings: { excludeCharacters: '', passwordLength: 128 },
      });
      await secret.rotate();
      await secret.rotate();
      expect(secret.state.current.payload.username).toBe(name);
    }
  });

  test('Unicode in name and password, such as SASLprep maps and such as it prohibits', async () => {
    for (const [name, password] of [
      ['größe_数据库', 'Ⅸ\u00a0ﬁve\u00adÅ'],
      ['имя_😀', 'tab\u0007 and € and ü'],
    ] as const) {
      const secret = await newSecret(server, { username: name, password });
      await secret.rotate();
      await secret.rotate();
      const { rows } = await secret.as(secret.state.previous!.payload, (s) =>
        s.query('SELECT current_user::text AS role'),
      );
      expect(rows).toEqual([{ role: name }]);
    }
  });

  test('57 bytes and the suffix make 63: rotated; one more is refused before anything is touched', async () => {
    const fits = await newSecret(server, { username: `${'é'.repeat(28)}x` });
    await fits.rotate();
    const long = await newSecret(server, { username: `${'é'.repeat(28)}xy` });
    await expect(long.rotate()).rejects.toMatchObject({
      code: 'UnsafeRotation',
      message: expect.stringContaining('64 bytes'),
    });
    expect(long.secrets.calls).toEqual([]);
  });
});

describe('what was given between rotations', () => {
  test('settings of either login reach both, with the database they are for; removed ones go from both', async () => {
    const secret = await newSecret(server);
    const [base, second] = [quote(secret.username), quote(`${secret.username}_clone`)];
    await secret.administer(`ALTER ROLE ${base} SET statement_timeout = '7s'`);
    await secret.rotate();
    await secret.administer(`ALTER ROLE ${second} SET work_mem = '5MB'`);
    await secret.administer(
      `ALTER ROLE ${base} IN DATABASE ${secret.database} SET search_path = '$user', 'odd, "name', public`,
    );
    await secret.administer(`ALTER ROLE ${base} SET statement_timeout = '9s'`);
    await secret.rotate();
    const settings = async () => {
      const { rows } = await server.query<{ login: string; entry: string }>(
        `SELECT r.rolname::text AS login, unnest(setconfig) AS entry FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = setrole
         WHERE rolname LIKE $1 || '%' ORDER BY 2, 1`,
        [secret.username],
      );
      const of = (login: string) =>
        rows.filter((row) => row.login === login && !row.entry.startsWith('role=')).map((row) => row.entry);
      return { base: of(secret.username), second: of(`${secret.username}_clone`) };
    };
    const expected = ['search_path="$user", "odd, ""name", public', 'statement_timeout=9s', 'work_mem=5MB'];
    expect(await settings()).toEqual({ base: expected, second: expected });
    await secret.administer(`ALTER ROLE ${second} RESET work_mem`);
    await secret.rotate();
    expect((await settings()).base).toEqual(expected.slice(0, 2));
    expect((await settings()).second).toEqual(expected.slice(0, 2));
  });

  test('privileges and memberships given to the second login reach the owner role, and so both', async () => {
    const secret = await newSecret(server);
    await secret.rotate();
    const second = quote(`${secret.username}_clone`);
    const group = quote(`readers ${secret.id}`);
    await secret.administer(`CREATE ROLE ${group}`);
    await secret.administer(`GRANT ${group} TO ${second}`);
    await secret.administer(`CREATE SCHEMA "Odd Schema"`);
    await secret.administer(`CREATE TABLE "Odd Schema"."Orders ""x""" (id int, "Total Sum" int)`);
    await secret.administer(`CREATE FUNCTION "Odd Schema".twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2'`);
    await secret.administer('REVOKE ALL ON FUNCTION "Odd Schema".twice(int) FROM PUBLIC');
    await secret.administer(`GRANT USAGE ON SCHEMA "Odd Schema" TO ${second}`);
    await secret.administer(
      `GRANT SELECT ("Total Sum"), INSERT ON "Odd Schema"."Orders ""x""" TO ${second} WITH GRANT OPTION`,
    );
    await secret.administer(`GRANT EXECUTE ON FUNCTION "Odd Schema".twice(int) TO ${second}`);
    await secret.rotate();
    for (const version of [secret.state.current, secret.state.previous!]) {
      await secret.as(version.payload, async (session) => {
        await session.query('INSERT INTO "Odd Schema"."Orders ""x""" VALUES (1, 2)');
        await session.query('SELECT "Total Sum", "Odd Schema".twice(4) FROM "Odd Schema"."Orders ""x"""');
        const { rows } = await session.query("SELECT pg_has_role($1, 'USAGE') AS member", [`readers ${secret.id}`]);
        expect(rows).toEqual([{ member: true }]);
      });
    }
  });

  test('what the second login created in its own name, in this database and another, belongs to the owner role after a rotation', async () => {
    const secret = await newSecret(server, { settings: { proxy: undefined } });
    await secret.rotate();
    const other = `${secret.database}_other`;
    await server.createDatabase(other, { owner: 'postgres_admin' });
    for (const database of [secret.database, other]) {
      await server.query(`GRANT ALL ON SCHEMA public TO ${quote(`${secret.username}_clone`)}`, [], database);
      await server.query(
        `SET ROLE ${quote(`${secret.username}_clone`)}; CREATE TABLE own (id int)`,
        undefined,
        database,
      );
    }
    await secret.rotate();
    for (const database of [secret.database, other]) {
      const { rows } = await server.query(
        "SELECT tableowner::text FROM pg_tables WHERE tablename = 'own'",
        [],
        database,
      );
      expect(rows).toEqual([{ tableowner: secret.username }]);
    }
    const { rows } = await server.query(
      'SELECT FROM pg_auth_members WHERE member = $1::regrole AND roleid = ANY($2::regrole[]) AND (inherit_option OR set_option)',
      ['postgres_admin', [secret.username, `${secret.username}_clone`]],
    );
    expect(rows).toHaveLength(0);
  });

  test('a separate owner role owns what either creates', async () => {
    const owner = `owner_${randomUUID().slice(0, 8)}`;
    const secret = await newSecret(server, { settings: { ownerRole: owner } });
    await secret.administer(`CREATE ROLE ${owner} NOLOGIN`);
    await secret.as(secret.state.current.payload, (s) => s.query('CREATE TABLE early (id int)'));
    await secret.rotate();
    await secret.rotate();
    for (const version of [secret.state.current, secret.state.previous!]) {
      const { rows } = await secret.as(version.payload, (s) => s.query('SELECT current_user::text AS role'));
      expect(rows).toEqual([{ role: owner }]);
      await secret.as(version.payload, (s) => s.query('SELECT FROM early'));
    }
    const { rows } = await server.query(
      "SELECT tableowner::text FROM pg_tables WHERE tablename = 'early'",
      [],
      secret.database,
    );
    expect(rows).toEqual([{ tableowner: owner }]);
  });
});
