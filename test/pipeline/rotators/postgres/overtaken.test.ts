import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import type { FindingCode } from '../../../../pipeline/contracts/audit.ts';
import { RotationAbandoned } from '../../../../pipeline/rotators/errors.ts';
import { newSecret, type Pair, quote, startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget());
});
afterAll(() => stop());

/** All that a rotation writes: roles, memberships, settings, comments, owners and grants, and the secrets of a proxy's logins. */
async function written({ database, username, secrets }: Pair): Promise<unknown> {
  const ours = `${username}%`;
  const { rows } = await server.query(
    `SELECT r.rolname::text, r.rolcanlogin, r.rolpassword, r.rolconnlimit, r.rolvaliduntil, shobj_description(r.oid, 'pg_authid'),
       ARRAY(SELECT m.roleid::regrole::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1) AS memberships,
       ARRAY(SELECT s.setdatabase || ':' || s.setconfig::text FROM pg_db_role_setting s WHERE s.setrole = r.oid ORDER BY 1) AS settings
     FROM pg_authid r WHERE r.rolname::text LIKE $1 ORDER BY 1`,
    [ours],
  );
  const relations = await server.query(
    "SELECT relname, relowner::regrole::text, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
    [],
    database,
  );
  return { roles: rows, relations: relations.rows, secrets: [...secrets.values] };
}

/** The lock of a secret is the one advisory lock that is held. */
async function isLocked(): Promise<boolean> {
  const { rows } = await server.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted");
  return rows.length > 0;
}

/** Overtaken: nothing is written. Not overtaken: the same call writes, after one look under the lock. */
async function expectGuarded(
  secret: Pair,
  operation: () => Promise<unknown>,
  look: () => Promise<unknown> = () => written(secret),
): Promise<void> {
  const before = await look();
  const looks: boolean[] = [];
  secret.state.assertNotOvertaken = async () => {
    looks.push(await isLocked());
    throw new RotationAbandoned('overtaken');
  };
  await expect(operation()).rejects.toMatchObject({ code: 'RotationAbandoned' });
  expect(await look()).toEqual(before);
  secret.state.assertNotOvertaken = async () => void looks.push(await isLocked());
  await operation();
  expect(await look()).not.toEqual(before);
  expect(looks).toEqual([true, true]);
}

const candidateOf = async (secret: Pair) => {
  const step = secret.rotation(`candidate-${secret.id}`);
  const payload = await secret.rotator.create(step, { current: secret.state.current });
  return { step, pending: { versionId: step.token, payload } };
};

describe('alternating users', () => {
  const proxy = () => ({
    name: 'shop',
    endpoint: server.host,
    port: server.port,
    loginSecretArns: {
      base: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:base',
      second: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:second',
    },
  });

  test('set, with the secret of the proxy’s login', async () => {
    const secret = await newSecret(server, { settings: { proxy: proxy() } });
    const { step, pending } = await candidateOf(secret);
    await expectGuarded(secret, () => secret.rotator.set(step, { ...secret.state, pending }));
    expect(secret.secrets.values.get('arn:aws:secretsmanager:us-east-1:000000000000:secret:second')).toBeDefined();
  });

  test('set, and what a login owns in another database', async () => {
    const secret = await newSecret(server);
    await secret.rotate();
    const second = secret.state.current.payload.username;
    const other = `${secret.database}_other`;
    await server.createDatabase(other, { owner: 'postgres_admin' });
    await server.query(`CREATE TABLE apart (); ALTER TABLE apart OWNER TO ${quote(second)}`, [], other);
    const owner = async () =>
      (await server.query("SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'apart'", [], other))
        .rows;
    const { step, pending } = await candidateOf(secret);
    let looks = 0;
    secret.state.assertNotOvertaken = async () => {
      looks += 1;
      if (looks === 2) throw new RotationAbandoned('overtaken before the other database');
    };
    const setting = () => secret.rotator.set(step, { ...secret.state, pending });
    const before = await written(secret);
    await expect(setting()).rejects.toMatchObject({ code: 'RotationAbandoned' });
    expect(await written(secret)).toEqual(before);
    expect(await owner()).toEqual([{ owner: second }]);
    await setting();
    expect(await owner()).toEqual([{ owner: secret.username }]);
  });

  test('abandon', async () => {
    const secret = await newSecret(server);
    const { step, pending } = await secret.prepare();
    const versions = { current: secret.state.current, candidate: pending };
    await expectGuarded(secret, () => secret.rotator.abandon(step, versions));
  });

  test('restore and retire', async () => {
    const secret = await newSecret(server);
    const step = await secret.rotate();
    const { current, previous } = secret.state;
    const versions = { current, previous: previous!, promotedAt: new Date() };
    await expectGuarded(secret, () => secret.rotator.retire(step, versions));
    await expectGuarded(secret, () => secret.rotator.restore(step, { failed: current, previous: previous! }));
  });

  test.each<[FindingCode, (secret: Pair) => Promise<unknown>]>([
    ['CurrentRefused', ({ state }) => server.query(`ALTER ROLE ${quote(state.current.payload.username)} NOLOGIN`)],
    ['PreviousRefused', ({ state }) => server.query(`ALTER ROLE ${quote(state.previous!.payload.username)} NOLOGIN`)],
    [
      'MembershipLost',
      ({ username, state, administer }) =>
        administer(`REVOKE ${quote(username)} FROM ${quote(state.current.payload.username)}`),
    ],
  ])('the repair of %s', async (code, lose) => {
    const secret = await newSecret(server);
    const step = await secret.rotate();
    const { current, previous } = secret.state;
    await lose(secret);
    await expectGuarded(secret, async () => secret.rotator.repair!(step, { current, previous: previous! }, code));
  });

  test('the repair of DisabledLoginInUse: its sessions go on', async () => {
    const secret = await newSecret(server);
    const step = await secret.rotate();
    const { current, previous } = secret.state;
    const { username } = previous!.payload;
    // The repair ends the session, which then cannot be closed in order.
    await secret.as(previous!.payload, async () => {
      await server.query(`ALTER ROLE ${quote(username)} NOLOGIN`);
      const sessions = async () =>
        (await server.query('SELECT pid FROM pg_stat_activity WHERE usename::text = $1', [username])).rows;
      await expectGuarded(
        secret,
        async () => secret.rotator.repair!(step, { current }, 'DisabledLoginInUse'),
        sessions,
      );
    });
  });
});

describe('single user', () => {
  test('set, abandon and restore', async () => {
    const secret = await newSecret(server, { settings: { strategy: 'single-user' } });
    const { current } = secret.state;
    const { step, pending } = await candidateOf(secret);
    await expectGuarded(secret, () => secret.rotator.set(step, { current, pending }));
    await expectGuarded(secret, () => secret.rotator.abandon(step, { current, candidate: pending }));
    await expectGuarded(secret, () => secret.rotator.restore(step, { failed: current, previous: pending }));
  });
});
