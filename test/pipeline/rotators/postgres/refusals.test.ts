import { randomUUID } from 'node:crypto';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { preflightPostgres } from '../../../../pipeline/rotators/postgres/preflight.ts';
import { ADMINISTRATOR, newSecret, quote, SUPERUSER_ARN, startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget());
});
afterAll(() => stop());

type Secret = Awaited<ReturnType<typeof newSecret>>;
const roles = async () => (await server.query('SELECT * FROM pg_authid ORDER BY oid')).rows;
const preflight = async (secret: Secret) =>
  (await preflightPostgres(secret.dependencies, secret.rotation('any'), secret.state.current.payload)).findings;

/** Refused with this code and text, and no role of the server is other than before. */
async function expectRefused(secret: Secret, code: string, text: string | RegExp): Promise<void> {
  const before = await roles();
  const failure = await secret.rotate().then(
    () => undefined,
    (error) => error,
  );
  expect(failure).toMatchObject({ code, message: expect.stringMatching(text) });
  expect(failure.message).toContain(secret.rotation('').secretName);
  expect(failure.message).not.toContain(secret.state.current.payload.password);
  expect(await roles()).toEqual(before);
}

describe('refused with nothing changed', () => {
  test('a login that another role created: ADMIN is missing, and preflight prints the GRANT that mends it', async () => {
    const secret = await newSecret(server, { createdBy: 'superuser', username: `Odd "name" ${randomUUID()}` });
    await expectRefused(secret, 'TargetRefused', /no ADMIN on Odd "name".* Run: GRANT/);
    const [finding] = await preflight(secret);
    expect(finding).toMatchObject({ code: 'AdminOptionMissing', blocks: true });
    await server.query(finding!.statement!);
    expect(await preflight(secret)).toEqual([]);
    await secret.rotate();
  });

  test('a role with the second login’s name that is a stranger', async () => {
    const secret = await newSecret(server);
    await secret.administer(`CREATE ROLE ${quote(`${secret.username}_clone`)} LOGIN`);
    await expectRefused(secret, 'UnsafeRotation', /is no member of .* Run: GRANT/);
  });

  test('a user that merely ends in _clone does not take the other user over', async () => {
    const victim = await newSecret(server);
    const secret = await newSecret(server, { username: `${victim.username}_clone` });
    await expectRefused(secret, 'UnsafeRotation', /is no member of/);
  });

  test('an administrator without CREATEROLE', async () => {
    const secret = await newSecret(server);
    await server.query('ALTER ROLE postgres_admin NOCREATEROLE');
    try {
      await expectRefused(secret, 'TargetRefused', 'ALTER ROLE postgres_admin CREATEROLE');
    } finally {
      await server.query('ALTER ROLE postgres_admin CREATEROLE');
    }
  });

  test('a superuser secret of another host', async () => {
    const secret = await newSecret(server);
    const elsewhere = {
      engine: 'postgres',
      host: 'elsewhere.example',
      port: server.port,
      username: ADMINISTRATOR.user,
      password: ADMINISTRATOR.password,
    };
    secret.secrets.values.set(SUPERUSER_ARN, JSON.stringify(elsewhere));
    await expectRefused(
      secret,
      'UnsafeRotation',
      /host is 127\.0\.0\.1:\d+, but the superuser secret is for elsewhere\.example/,
    );
  });

  test('no superuser secret at all', async () => {
    const secret = await newSecret(server, { settings: { superuserSecretArn: undefined } });
    await expectRefused(secret, 'UnsafeRotation', 'need an administrator');
  });

  test('a superuser secret whose password is wrong is named', async () => {
    const secret = await newSecret(server);
    const wrong = JSON.stringify({ ...JSON.parse(secret.secrets.values.get(SUPERUSER_ARN)!), password: 'wrong' });
    secret.secrets.values.set(SUPERUSER_ARN, wrong);
    await expectRefused(secret, 'TargetRefused', SUPERUSER_ARN);
  });

  test('a current credential that cannot log in', async () => {
    const secret = await newSecret(server);
    secret.state.current = { ...secret.state.current, payload: { ...secret.state.current.payload, password: 'other' } };
    const step = secret.rotation(randomUUID());
    const pending = { versionId: step.token, payload: await secret.rotator.create(step, secret.state) };
    await expect(secret.rotator.set(step, { ...secret.state, pending })).rejects.toMatchObject({
      code: 'TargetRefused',
    });
    expect(secret.secrets.calls.map(({ operation }) => operation)).toEqual(['GetSecretValue', 'GetSecretValue']);
  });

  test('a candidate for another host or another user', async () => {
    const secret = await newSecret(server);
    const step = secret.rotation(randomUUID());
    const payload = await secret.rotator.create(step, secret.state);
    for (const [change, field] of [
      [{ host: 'other' }, 'host'],
      [{ username: 'postgres' }, 'username'],
    ] as const) {
      const pending = { versionId: step.token, payload: { ...payload, ...change } };
      await expect(secret.rotator.set(step, { ...secret.state, pending })).rejects.toMatchObject({
        code: 'UnsafeRotation',
        message: expect.stringContaining(`${field} of the candidate`),
      });
    }
  });
});

/** The superuser's secret is of the same database as the login's. */
function moveSuperuser(secret: Awaited<ReturnType<typeof newSecret>>, to: { host?: string; port?: number }): void {
  const { values } = secret.secrets;
  values.set(SUPERUSER_ARN, JSON.stringify({ ...JSON.parse(values.get(SUPERUSER_ARN) as string), ...to }));
}

describe('the connection', () => {
  test('a certificate of an unknown authority is refused, without a fallback', async () => {
    const { createCertificateAuthority } = await import('../../../../packages/laptop/postgres/certificates.ts');
    const stranger = await createCertificateAuthority('Stranger');
    const secret = await newSecret(server, { dependencies: { caBundle: stranger.certificatePem } });
    await expect(secret.rotate()).rejects.toMatchObject({
      code: 'TargetRefused',
      message: expect.stringContaining('certificate'),
    });
  });

  test('a host name that the certificate does not carry is refused', async () => {
    const secret = await newSecret(server);
    secret.state.current = { ...secret.state.current, payload: { ...secret.state.current.payload, host: '127.0.0.2' } };
    moveSuperuser(secret, { host: '127.0.0.2' });
    await expect(secret.rotate()).rejects.toMatchObject({ code: expect.stringMatching(/^Target/) });
  });

  test('a database that is down is worth another try', async () => {
    const secret = await newSecret(server);
    secret.state.current = { ...secret.state.current, payload: { ...secret.state.current.payload, port: 1 } };
    moveSuperuser(secret, { port: 1 });
    await expect(secret.rotate()).rejects.toMatchObject({ code: 'TargetUnavailable', retryable: true });
  });
});

test('an RDS-managed superuser secret that was rotated since it was read is read again', async () => {
  const secret = await newSecret(server);
  const right = secret.secrets.values.get(SUPERUSER_ARN)!;
  const stale = JSON.stringify({ ...JSON.parse(right), password: 'yesterday' });
  let reads = 0;
  const get = secret.secrets.values.get.bind(secret.secrets.values);
  secret.secrets.values.get = (key) => {
    reads += 1;
    return reads === 1 ? stale : get(key);
  };
  await secret.rotate();
  expect(reads).toBe(2);
});
