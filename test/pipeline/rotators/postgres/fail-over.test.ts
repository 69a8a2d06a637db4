import { setTimeout as wait } from 'node:timers/promises';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { databaseCheck } from '../../../../pipeline/checks/database.ts';
import { runCheck } from '../../../../pipeline/checks/run-check.ts';
import { type FailOverServer, startFailOverServer } from './fail-over-server.ts';
import { ADMINISTRATOR, newSecret, type Pair, quote } from './fixture.ts';

let server: FailOverServer;
beforeAll(async () => {
  server = await startFailOverServer();
  await server.createAdministrator(ADMINISTRATOR);
}, 60_000);
afterAll(() => server.stop());

const notNow = { code: 'TargetUnavailable', retryable: true };
const secretOn = (options: Parameters<typeof newSecret>[1] = {}) =>
  newSecret(server as unknown as PostgresServer, options);

/** The database check as its function runs it, of what is AWSCURRENT. */
async function check(secret: Pair, parameters: Record<string, unknown> = {}) {
  const { versionId, payload } = secret.state.current;
  const answer = { SecretString: JSON.stringify(payload), VersionId: versionId };
  const database = databaseCheck({
    secretsManager: { send: async () => answer } as unknown as SecretsManagerClient,
    rds: () => ({ send: async () => ({}) }) as never,
    now: () => new Date(),
    sleep: (milliseconds) => wait(milliseconds),
    caBundle: server.caPem,
  });
  const settings = {
    name: 'database',
    type: 'database',
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:check',
    parameters: { health: false, ...parameters },
  };
  const request = { check: settings, secretArn: 'arn:aws:secretsmanager:x', secretName: 'app/db', versionId };
  return runCheck({ database }, request, () => new Date());
}

const logsIn = (secret: Pair) =>
  secret.as(secret.state.current.payload, (session) => session.query('SELECT 1')).then(() => true);

test.each([
  ['alternating users', {}],
  ['a single user', { settings: { strategy: 'single-user' } }],
])(
  '%s: a set on a server in recovery passes, changes nothing, and goes through after the promotion',
  async (_, options) => {
    const secret = await secretOn(options);
    const step = secret.rotation('00000000-0000-4000-8000-000000000001');
    const pending = {
      versionId: step.token,
      payload: await secret.rotator.create(step, { current: secret.state.current }),
    };
    const versions = { ...secret.state, pending };
    await server.demote();
    try {
      await expect(secret.rotator.set(step, versions)).rejects.toMatchObject(notNow);
      expect(await logsIn(secret)).toBe(true);
    } finally {
      await server.promote();
    }
    await secret.rotator.set(step, versions);
    await secret.rotator.test(step, versions);
  },
  120_000,
);

test('a restore, a retirement and a giving up on a server in recovery pass, and go through after the promotion', async () => {
  const secret = await secretOn();
  await secret.rotate();
  const { current, previous } = secret.state as Required<Pair['state']>;
  const { step, pending } = await secret.prepare();
  const promotedAt = new Date(0);
  const restore = () => secret.rotator.restore(secret.rotation(current.versionId), { failed: current, previous });
  const retire = () => secret.rotator.retire(secret.rotation(current.versionId), { current, previous, promotedAt });
  const abandon = () => secret.rotator.abandon(step, { current, candidate: pending });
  await server.demote();
  try {
    for (const operation of [restore, retire, abandon]) await expect(operation()).rejects.toMatchObject(notNow);
    expect(await logsIn(secret)).toBe(true);
  } finally {
    await server.promote();
  }
  await abandon();
  await restore();
  await expect(secret.as(previous.payload, (session) => session.query('SELECT 1'))).resolves.toBeDefined();
  expect(await retire()).toBe(true);
  await expect(secret.as(previous.payload, async () => undefined)).rejects.toMatchObject({ name: 'TargetRefused' });
}, 120_000);

test('a check on a server in recovery has no verdict; a credential that is refused there fails all the same', async () => {
  const secret = await secretOn();
  await server.demote();
  try {
    await expect(check(secret)).rejects.toMatchObject({ code: 'ReadOnlyReplica', retryable: true });
    expect(await check(secret, { access: 'read' })).toMatchObject({ outcome: 'passed' });
    const { current } = secret.state;
    secret.state.current = { ...current, payload: { ...current.payload, password: 'Wrong-1' } };
    expect(await check(secret)).toMatchObject({ outcome: 'failed', code: 'WrongPassword' });
    secret.state.current = current;
  } finally {
    await server.promote();
  }
  expect(await check(secret)).toMatchObject({ outcome: 'passed' });
}, 120_000);

test('a check on a server whose transactions are read-only by default has no verdict', async () => {
  const secret = await secretOn();
  await server.query(`ALTER DATABASE ${secret.database} SET default_transaction_read_only = on`);
  await expect(check(secret)).rejects.toMatchObject({ code: 'ReadOnlyReplica', retryable: true });
  await server.query(`ALTER DATABASE ${secret.database} RESET default_transaction_read_only`);
  expect(await check(secret)).toMatchObject({ outcome: 'passed' });
});

test('an audit of a server in recovery finds nothing against the credentials', async () => {
  const secret = await secretOn();
  await secret.rotate();
  const { current, previous } = secret.state;
  const verify = () =>
    secret.rotator.verify!(secret.rotation(current.versionId), { current, ...(previous && { previous }) });
  await server.demote();
  try {
    expect(await verify()).toMatchObject({ current: { works: true }, previous: { works: true }, findings: [] });
  } finally {
    await server.promote();
  }
}, 120_000);

test('while the server is down: set, check and audit pass, and it is the same after it has come back', async () => {
  const secret = await secretOn();
  const { step, pending } = await secret.prepare();
  const versions = { ...secret.state, pending };
  await server.shutDown();
  try {
    await expect(secret.rotator.set(step, versions)).rejects.toMatchObject(notNow);
    await expect(
      secret.rotator.restore(step, { failed: pending, previous: secret.state.current }),
    ).rejects.toMatchObject(notNow);
    await expect(secret.rotator.verify!(step, { current: secret.state.current })).rejects.toMatchObject(notNow);
    await expect(check(secret)).rejects.toMatchObject({ code: 'NoRoute', retryable: true });
  } finally {
    await server.start();
  }
  await secret.rotator.set(step, versions);
  expect(await check(secret)).toMatchObject({ outcome: 'passed' });
}, 120_000);

test('a login that another session changes at the same moment is worth another try', async () => {
  const secret = await secretOn({ settings: { strategy: 'single-user' } });
  const step = secret.rotation('00000000-0000-4000-8000-000000000002');
  const pending = {
    versionId: step.token,
    payload: await secret.rotator.create(step, { current: secret.state.current }),
  };
  const versions = { ...secret.state, pending };
  const other = new pg.Client(server.superuser);
  await other.connect();
  await other.query(`BEGIN; ALTER ROLE ${quote(secret.username)} CONNECTION LIMIT 7`);
  const setting = secret.rotator.set(step, versions).catch((error) => error);
  for (let waiting = 0; waiting === 0; await wait(50)) {
    const { rows } = await server.query(
      "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    );
    waiting = rows[0].waiting;
  }
  await other.query('COMMIT');
  await other.end();
  expect(await setting).toMatchObject({
    ...notNow,
    message: expect.stringContaining('tuple concurrently updated (XX000)'),
  });
  await secret.rotator.set(step, versions);
  await secret.rotator.test(step, versions);
}, 60_000);
