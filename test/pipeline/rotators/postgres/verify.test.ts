import { randomUUID } from 'node:crypto';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import type { FindingCode } from '../../../../pipeline/contracts/audit.ts';
import { ADMINISTRATOR, newSecret, quote, SUPERUSER_ARN, startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget());
});
afterAll(() => stop());

type Secret = Awaited<ReturnType<typeof newSecret>>;

const versions = ({ state }: Secret) => ({
  current: state.current,
  ...(state.previous && { previous: state.previous }),
});
const verify = (secret: Secret) =>
  secret.rotator.verify!(secret.rotation(secret.state.current.versionId), versions(secret));
const repair = (secret: Secret, code: FindingCode) =>
  secret.rotator.repair!(secret.rotation(secret.state.current.versionId), versions(secret), code);
const codes = async (secret: Secret) => (await verify(secret)).findings.map(({ code }) => code);
const names = ({ username }: Secret) => ({ base: quote(username), second: quote(`${username}_clone`) });

/** A secret that was rotated once: the second login is current, the base one previous. */
async function rotated(options: Parameters<typeof newSecret>[1] = {}): Promise<Secret> {
  const secret = await newSecret(server, options);
  await secret.rotate();
  return secret;
}

const fine = { current: { works: true }, previous: { works: true }, findings: [] };

test('after a rotation both credentials work and nothing is to be found; nothing is changed by looking', async () => {
  const secret = await rotated();
  const before = server.log().length;
  expect(await verify(secret)).toMatchObject(fine);
  expect(server.log().slice(before)).not.toMatch(/(statement|execute [^:]*): (ALTER|GRANT|REVOKE|CREATE|BEGIN)|FATAL/);
});

test('a password that was changed outside: refused, described without it, and repaired', async () => {
  const secret = await rotated();
  await server.setPassword(secret.state.current.payload.username, 'Outside-1');
  const found = await verify(secret);
  expect(found).toMatchObject({
    current: { works: false, reason: expect.stringContaining('refused (28P01)') },
    repairable: ['CurrentRefused', 'PreviousRefused'],
  });
  expect(JSON.stringify(found)).not.toContain(secret.state.current.payload.password);
  await repair(secret, 'CurrentRefused');
  await repair(secret, 'CurrentRefused');
  expect(await verify(secret)).toMatchObject(fine);
}, 60_000);

test('a login that was disabled by hand, the current one and the one that is still needed', async () => {
  const secret = await rotated();
  await secret.administer(`ALTER ROLE ${names(secret).second} NOLOGIN`);
  await secret.administer(`ALTER ROLE ${names(secret).base} NOLOGIN`);
  expect(await verify(secret)).toMatchObject({ current: { works: false }, previous: { works: false } });
  await repair(secret, 'CurrentRefused');
  expect(await verify(secret)).toMatchObject({ current: { works: true }, previous: { works: false } });
  await repair(secret, 'PreviousRefused');
  expect(await verify(secret)).toMatchObject(fine);
}, 60_000);

test('a login that is retired this moment is not repaired, although its rotation is still open', async () => {
  const secret = await rotated();
  const { current, previous } = secret.state;
  const retired = { current, previous: previous!, promotedAt: new Date() };
  expect(await secret.rotator.retire(secret.rotation(current.versionId), retired)).toBe(true);
  await expect(repair(secret, 'PreviousRefused')).rejects.toMatchObject({
    code: 'RotationAbandoned',
    message: `app/${secret.id}: its previous login is retired meanwhile. Nothing was changed.`,
  });
  const { rows } = await server.query('SELECT rolcanlogin FROM pg_roles WHERE rolname = $1', [secret.username]);
  expect(rows).toEqual([{ rolcanlogin: false }]);
}, 60_000);

test('sessions that no longer act as the owner role', async () => {
  const secret = await rotated();
  await secret.administer(`ALTER ROLE ${names(secret).second} RESET role`);
  const found = await verify(secret);
  expect(found.current).toEqual({ works: true });
  expect(found.findings).toEqual([
    {
      code: 'OwnerRoleLost',
      message: expect.stringContaining(`expected the owner role ${secret.username}`),
      isSafe: true,
    },
  ]);
  await repair(secret, 'OwnerRoleLost');
  expect(await verify(secret)).toMatchObject(fine);
});

test('a membership that was revoked', async () => {
  const secret = await rotated();
  await secret.administer(`REVOKE ${names(secret).base} FROM ${names(secret).second}`);
  expect(await codes(secret)).toEqual(['OwnerRoleLost', 'MembershipLost']);
  await repair(secret, 'MembershipLost');
  expect(await verify(secret)).toMatchObject(fine);
});

test('a grant that only one login was given, which nobody has the use of; and an object of its own', async () => {
  const secret = await rotated();
  const { second } = names(secret);
  await server.query('CREATE TABLE reports (id int)', [], secret.database);
  await server.query(`GRANT SELECT ON reports TO ${second}`, [], secret.database);
  await server.query(`CREATE TABLE stray (id int); ALTER TABLE stray OWNER TO ${second}`, [], secret.database);
  const found = await verify(secret);
  expect(found.findings).toEqual([
    expect.objectContaining({
      code: 'LoginEntangled',
      person: expect.stringContaining('GRANT SELECT ON TABLE public.reports'),
    }),
    expect.objectContaining({
      code: 'GrantsApart',
      message: expect.stringMatching(/GRANT SELECT ON TABLE public\.reports TO \w+.* owns objects that belong to/),
    }),
  ]);
  // The administrator is no superuser: what it does not own, its owner has to give.
  await server.query(`ALTER TABLE reports OWNER TO ${names(secret).base}`, [], secret.database);
  await repair(secret, 'GrantsApart');
  expect(await verify(secret)).toMatchObject(fine);
});

test('default privileges of one login alone: the owner role gets them, the login keeps none, and nothing is found again', async () => {
  const secret = await rotated();
  const { second } = names(secret);
  await server.query(
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${second} GRANT SELECT ON TABLES TO pg_monitor;
     ALTER DEFAULT PRIVILEGES FOR ROLE ${second} IN SCHEMA public GRANT USAGE ON SEQUENCES TO pg_monitor WITH GRANT OPTION;
     ALTER DEFAULT PRIVILEGES FOR ROLE ${second} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
     ALTER DEFAULT PRIVILEGES FOR ROLE ${second} REVOKE USAGE ON TYPES FROM PUBLIC`,
    [],
    secret.database,
  );
  const found = await verify(secret);
  expect(found.findings).toEqual([
    { code: 'GrantsApart', message: expect.stringContaining('ALTER DEFAULT PRIVILEGES FOR ROLE'), isSafe: true },
  ]);
  await repair(secret, 'GrantsApart');
  await repair(secret, 'GrantsApart');
  expect(await verify(secret)).toMatchObject(fine);
  const { rows } = await server.query(
    `SELECT DISTINCT pg_get_userbyid(defaclrole)::text AS role FROM pg_default_acl`,
    [],
    secret.database,
  );
  expect(rows).toEqual([{ role: secret.username }]);
  // What the second login creates, as the owner role, has the defaults.
  await secret.as(secret.state.current.payload, async (session) => {
    await session.query('CREATE TABLE fresh (id int); CREATE FUNCTION one() RETURNS int RETURN 1');
    const { rows: rights } = await session.query(
      `SELECT has_table_privilege('pg_monitor', 'fresh', 'SELECT') AS read, has_function_privilege('pg_monitor', 'one()', 'EXECUTE') AS call`,
    );
    expect(rights).toEqual([{ read: true, call: false }]);
  });
});

test('default privileges that another role gives to one login alone: the owner role gets the same', async () => {
  const secret = await rotated();
  const { second } = names(secret);
  const reporter = `${secret.username}_reporter`;
  await secret.administer(`CREATE ROLE ${reporter}`);
  await server.query(
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${reporter} GRANT SELECT ON TABLES TO ${second}`,
    [],
    secret.database,
  );
  expect((await verify(secret)).findings).toEqual([
    {
      code: 'GrantsApart',
      message: expect.stringContaining(
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${reporter} GRANT SELECT ON TABLES TO ${secret.username}`,
      ),
      isSafe: true,
    },
  ]);
  await repair(secret, 'GrantsApart');
  expect(await verify(secret)).toMatchObject(fine);
});

test('a user mapping of one login alone: a person runs the statement, and nothing is found again', async () => {
  const secret = await rotated();
  const { second } = names(secret);
  await server.query(
    `CREATE FOREIGN DATA WRAPPER legacy; CREATE SERVER "Archive" FOREIGN DATA WRAPPER legacy;
     CREATE USER MAPPING FOR ${second} SERVER "Archive" OPTIONS (password 'Foreign-1')`,
    [],
    secret.database,
  );
  const { findings } = await verify(secret);
  expect(findings).toMatchObject([{ code: 'UserMappingApart', message: expect.stringContaining('server Archive') }]);
  expect(JSON.stringify(findings)).not.toContain('Foreign-1');
  const { person } = findings[0] as { person: string };
  await server.query(person.replace('…', "password 'Foreign-1'"), [], secret.database);
  expect(await verify(secret)).toMatchObject(fine);
});

test('an owner role that was renamed: a person runs the statement, and then the repair succeeds', async () => {
  const owner = `ledger_${randomUUID().slice(0, 8)}`;
  await server.query(`SET ROLE ${ADMINISTRATOR.user}; CREATE ROLE ${owner} NOLOGIN; RESET ROLE`);
  const secret = await rotated({ settings: { ownerRole: owner } });
  await secret.administer(`ALTER ROLE ${owner} RENAME TO ${owner}_gone`);
  const found = await verify(secret);
  expect(found).toMatchObject({ repairable: [] });
  const missing = found.findings.find(({ code }) => code === 'RoleMissing') as { person: string };
  expect(missing.person).toBe(`CREATE ROLE ${owner} NOLOGIN;`);
  await secret.administer(missing.person);
  for (const { code } of (await verify(secret)).findings) await repair(secret, code);
  expect(await verify(secret)).toMatchObject(fine);
}, 60_000);

test('a retired login that still has a session: who, from where; ending it is left to a person', async () => {
  const secret = await rotated();
  const { current, previous } = secret.state;
  let isOpen = true;
  const session = secret.as(previous!.payload, async (open) => {
    await open.query("SET application_name = 'old-report'");
    await secret.administer(`ALTER ROLE ${names(secret).base} NOLOGIN`);
    secret.state.previous = undefined;
    expect((await verify(secret)).findings).toEqual([
      {
        code: 'DisabledLoginInUse',
        message: `${secret.username} may not log in any more, but still has sessions: old-report from 127.0.0.1 (1).`,
        isSafe: false,
      },
    ]);
    await repair(secret, 'DisabledLoginInUse');
    await open.query('SELECT 1').catch(() => {
      isOpen = false;
    });
  });
  await session.catch(() => undefined);
  expect(isOpen).toBe(false);
  expect(await codes(secret)).toEqual([]);
  expect(secret.state.current).toBe(current);
});

test('a login that may log in is never cut off', async () => {
  const secret = await rotated();
  await secret.as(secret.state.previous!.payload, async (open) => {
    await repair(secret, 'DisabledLoginInUse');
    expect((await open.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

test('what the administrator lacks comes with the GRANT, which a person runs', async () => {
  const secret = await rotated();
  await server.query('REVOKE pg_monitor FROM postgres_admin, rds_superuser CASCADE');
  const found = await verify(secret);
  await server.query('GRANT pg_monitor TO postgres_admin, rds_superuser WITH ADMIN OPTION');
  expect(found.findings).toEqual([
    expect.objectContaining({
      code: 'AdministratorGrantMissing',
      person: 'GRANT pg_monitor TO postgres_admin;',
    }),
  ]);
  await expect(repair(secret, 'AdministratorGrantMissing')).rejects.toMatchObject({ code: 'UnsafeRotation' });
});

test('a superuser secret that does not open the database', async () => {
  const secret = await rotated();
  const superuser = JSON.parse(secret.secrets.values.get(SUPERUSER_ARN)!);
  secret.secrets.values.set(SUPERUSER_ARN, JSON.stringify({ ...superuser, password: 'Wrong-1' }));
  const found = await verify(secret);
  expect(found).toMatchObject({ current: { works: true }, findings: [{ code: 'AdministratorRefused' }] });
  expect(JSON.stringify(found)).not.toContain('Wrong-1');
});

test('a database that does not answer is no verdict', async () => {
  const secret = await rotated();
  const { payload } = secret.state.current;
  secret.state.current = { ...secret.state.current, payload: { ...payload, host: 'db.invalid' } };
  await expect(verify(secret)).rejects.toMatchObject({ code: 'TargetUnavailable' });
});

test('a database that is gone is no verdict of the credential either: to give it its password again would not help', async () => {
  const secret = await rotated();
  const { versionId, payload } = secret.state.current;
  secret.state.current = { versionId, payload: { ...payload, dbname: 'nowhere' } };
  await expect(verify(secret)).rejects.toMatchObject({
    code: 'TargetRefused',
    message: expect.stringMatching(/3D000/),
  });
});

test('a single user: only AWSCURRENT is meant to work, and without an administrator it cannot be repaired from here', async () => {
  const secret = await rotated({ settings: { strategy: 'single-user' } });
  expect(await verify(secret)).toEqual({ current: { works: true }, findings: [], repairable: [] });
  await server.setPassword(secret.username, 'Outside-1');
  expect(await verify(secret)).toMatchObject({ current: { works: false } });
  await expect(repair(secret, 'OwnerRoleLost')).rejects.toMatchObject({ code: 'UnsafeRotation' });
}, 60_000);
