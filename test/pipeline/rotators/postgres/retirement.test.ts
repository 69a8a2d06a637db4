import { randomUUID } from 'node:crypto';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { newSecret, quote, startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget());
});
afterAll(() => stop());

type Secret = Awaited<ReturnType<typeof newSecret>>;
const retirement = (secret: Secret, promotedAt = new Date()) => ({
  current: secret.state.current,
  previous: secret.state.previous!,
  promotedAt,
});
const logsIn = (secret: Secret, login: { username: string; password: string }) =>
  secret.as(login, async () => true).catch((error) => (error as { code: string }).code);

describe('retirement', () => {
  test('an open session of the previous login is named by application and address, and blocks until it ends', async () => {
    const secret = await newSecret(server);
    const first = secret.state.current.payload;
    const step = secret.rotation(randomUUID());
    await secret.rotate();
    await secret.as(first, async (session) => {
      await session.query("SET application_name = 'billing-worker'");
      const evidence = await secret.rotator.gatherEvidence(step, retirement(secret));
      expect(evidence.blockers).toEqual([{ name: 'billing-worker', address: '127.0.0.1', since: expect.any(Date) }]);
    });
    const evidence = await secret.rotator.gatherEvidence(step, retirement(secret));
    expect(evidence.blockers).toEqual([]);
  });

  test('retire disables the previous login and nothing else: base retired, its tables live on; then it rotates on', async () => {
    const secret = await newSecret(server);
    const first = secret.state.current.payload;
    await secret.as(first, (session) => session.query('CREATE TABLE kept (id int)'));
    const step = await secret.rotate();
    await secret.rotator.retire(step, retirement(secret));
    await secret.rotator.retire(step, retirement(secret));
    expect(await logsIn(secret, first)).toBe('TargetRefused');
    await secret.as(secret.state.current.payload, async (session) => {
      await session.query('ALTER TABLE kept ADD COLUMN name text');
      await session.query('CREATE TABLE later (id int)');
    });
    const { rows } = await server.query(
      'SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = $1',
      ['public'],
      secret.database,
    );
    expect(rows).toEqual([{ tableowner: secret.username }]);
    await secret.rotate();
    await secret.as(secret.state.current.payload, (session) => session.query('DROP TABLE kept, later'));
  });

  test('without pg_monitor nobody is assumed to have gone: the blocker names the GRANT', async () => {
    const secret = await newSecret(server);
    const step = await secret.rotate();
    await server.query('REVOKE pg_monitor FROM postgres_admin, rds_superuser CASCADE');
    try {
      const { blockers } = await secret.rotator.gatherEvidence(step, retirement(secret));
      expect(blockers).toEqual([{ name: expect.stringContaining('GRANT pg_monitor TO postgres_admin;') }]);
    } finally {
      await server.query('GRANT pg_monitor TO postgres_admin, rds_superuser WITH ADMIN OPTION');
    }
  });

  test('a check or an audit of ours that tries the login in that moment is nobody’s use', async () => {
    const secret = await newSecret(server);
    const first = secret.state.current.payload;
    const step = await secret.rotate();
    await secret.as(first, async (probe) => {
      await probe.query('SELECT 1');
      const { blockers } = await secret.rotator.gatherEvidence(step, retirement(secret));
      expect(blockers).toEqual([]);
    });
  });

  test('what a proxy left idle beyond the convergence bound is not counted, and is ended; a busy session is counted', async () => {
    const settings = {
      convergenceBoundSeconds: 0,
      proxy: { name: 'proxy', endpoint: server.host, port: server.port, ownership: 'init-query' },
    };
    const secret = await newSecret(server, { settings });
    const first = secret.state.current.payload;
    const step = await secret.rotate();
    const long = new Date(Date.now() - 60_000);
    await secret.as(first, async (idle) => {
      await idle.query("SELECT 'left by a client'");
      await secret.as(first, async (busy) => {
        await busy.query("SET application_name = 'busy'; BEGIN; SELECT 1");
        const { blockers } = await secret.rotator.gatherEvidence(step, retirement(secret, long));
        expect(blockers.map(({ name }) => name)).toEqual(['busy']);
      });
      const { blockers } = await secret.rotator.gatherEvidence(step, retirement(secret, long));
      expect(blockers).toEqual([]);
      await secret.rotator.retire(step, retirement(secret, long));
      await expect(idle.query('SELECT 1')).rejects.toThrow();
    });
  });

  test('an emergency ends every session of the previous login', async () => {
    const secret = await newSecret(server);
    const first = secret.state.current.payload;
    await secret.rotate();
    await secret.as(first, async (session) => {
      await session.query('BEGIN');
      await secret.rotator.retire(secret.rotation(randomUUID(), true), retirement(secret));
      await expect(session.query('SELECT 1')).rejects.toThrow();
    });
  });

  test('a value put by hand for the same login leaves nothing to retire', async () => {
    const secret = await newSecret(server);
    const versions = { current: secret.state.current, previous: secret.state.current, promotedAt: new Date() };
    const step = secret.rotation(randomUUID());
    expect((await secret.rotator.gatherEvidence(step, versions)).blockers).toEqual([]);
    await secret.rotator.retire(step, versions);
    expect(await logsIn(secret, secret.state.current.payload)).toBe(true);
  });
});

describe('putting things back', () => {
  test('abandon: the candidate no longer logs in, current does, and a later rotation succeeds', async () => {
    const secret = await newSecret(server);
    const { step, pending } = await secret.prepare();
    await secret.rotator.abandon(step, { current: secret.state.current, candidate: pending });
    await secret.rotator.abandon(step, { current: secret.state.current, candidate: pending });
    expect(await logsIn(secret, pending.payload)).toBe('TargetRefused');
    expect(await logsIn(secret, secret.state.current.payload)).toBe(true);
    await secret.rotate();
    expect(await logsIn(secret, secret.state.current.payload)).toBe(true);
  });

  test('abandon of a candidate that never reached the database leaves the login before current alone', async () => {
    const secret = await newSecret(server);
    await secret.rotate();
    const step = secret.rotation(randomUUID());
    const payload = await secret.rotator.create(step, { current: secret.state.current });
    await secret.rotator.abandon(step, {
      current: secret.state.current,
      candidate: { versionId: step.token, payload },
    });
    await secret.rotator.abandon(step, { current: secret.state.current });
    expect(await logsIn(secret, secret.state.previous!.payload)).toBe(true);
  });

  test('restore: the previous login works again, even after it was retired', async () => {
    const secret = await newSecret(server);
    const step = await secret.rotate();
    await secret.rotator.retire(step, retirement(secret));
    const versions = { failed: secret.state.current, previous: secret.state.previous! };
    await secret.rotator.restore(step, versions);
    await secret.rotator.restore(step, versions);
    expect(await logsIn(secret, secret.state.previous!.payload)).toBe(true);
  });
});

describe('single user', () => {
  const settings = { strategy: 'single-user', superuserSecretArn: undefined };

  test('the password is changed in place, by the login itself; a second set finds it done', async () => {
    const secret = await newSecret(server, { settings });
    const first = secret.state.current;
    const { step, pending } = await secret.prepare();
    await secret.rotator.set(step, { current: first, pending });
    expect(await logsIn(secret, pending.payload)).toBe(true);
    expect(await logsIn(secret, first.payload)).toBe('TargetRefused');
    expect(secret.secrets.calls).toEqual([]);
    expect(server.log()).not.toContain(pending.payload.password);
  });

  test('abandon repairs the login to AWSCURRENT; restore gives it the previous password', async () => {
    const secret = await newSecret(server, { settings });
    const first = secret.state.current;
    const { step, pending } = await secret.prepare();
    await secret.rotator.abandon(step, { current: first, candidate: pending });
    expect(await logsIn(secret, first.payload)).toBe(true);
    const again = await secret.rotate();
    await secret.rotator.restore(again, { failed: secret.state.current, previous: first });
    expect(await logsIn(secret, first.payload)).toBe(true);
  });

  test('when AWSCURRENT does not work it falls back to AWSPREVIOUS; when none works it says so', async () => {
    const secret = await newSecret(server, { settings });
    const works = secret.state.current;
    const broken = { versionId: randomUUID(), payload: { ...works.payload, password: 'never-set' } };
    const step = secret.rotation(randomUUID());
    const pending = { versionId: step.token, payload: await secret.rotator.create(step, { current: broken }) };
    await expect(secret.rotator.set(step, { current: broken, pending })).rejects.toMatchObject({
      code: 'TargetRefused',
      message: expect.stringContaining(`${secret.rotation('').secretName}: password: none of the versions`),
    });
    await secret.rotator.set(step, { current: broken, pending, previous: works });
    expect(await logsIn(secret, pending.payload)).toBe(true);
  });

  test('a login that the cluster makes read-only by default and act as another role is rotated too', async () => {
    const secret = await newSecret(server, { settings });
    const name = quote(secret.username);
    await server.query(
      `ALTER ROLE ${name} SET default_transaction_read_only = on; GRANT pg_monitor TO ${name}; ALTER ROLE ${name} SET role = pg_monitor`,
    );
    await secret.rotate();
    expect(await logsIn(secret, secret.state.current.payload)).toBe(true);
  });
});
