import { createServer } from 'node:net';
import { RDSClient } from '@aws-sdk/client-rds';
import { createCertificateAuthority } from '../../../packages/laptop/postgres/certificates.ts';
import { type Relay, startInstanceRelay } from '../../../packages/laptop/postgres/relay.ts';
import { clientOptions } from '../../packages/laptop/wire/probe.ts';
import { startDatabaseTarget } from './database-target.ts';

let target: Awaited<ReturnType<typeof startDatabaseTarget>>;
beforeAll(async () => {
  target = await startDatabaseTarget();
});
const doors: Relay[] = [];
afterAll(async () => {
  await Promise.all(doors.map((door) => door.close()));
  await target.cloud.close();
});
afterEach(() => {
  target.service.postgres('db').relay.clearFaults();
  target.service.postgres('db').relay.setDown(false);
  target.cloud.faults.clear();
});

const unable = (code: string, words: RegExp) => ({ code, retryable: false, message: expect.stringMatching(words) });
const reason = (code: string, words: RegExp) => ({ code, retryable: true, message: expect.stringMatching(words) });
const failure = (code: string, words: RegExp) => ({ outcome: 'failed', code, cause: expect.stringMatching(words) });

describe('a database that works', () => {
  test('is visited at the instance and through the proxy, read and written, and nothing stays', async () => {
    const relay = target.service.postgres('db').relay;
    relay.forget();
    const verdict = await target.check(target.payload(), { proxy: target.proxy, reads: ['items'], writes: ['items'] });
    expect(verdict).toMatchObject({
      outcome: 'passed',
      observed: expect.stringMatching(
        /^shop_clone logs in, reads and writes at instance in \d+ ms and proxy in \d+ ms; db available, proxy proxy AVAILABLE$/,
      ),
      measured: {
        login: 'shop_clone',
        instanceMilliseconds: expect.any(Number),
        proxyMilliseconds: expect.any(Number),
      },
    });
    const statements = relay.statements.filter(({ applicationName }) => applicationName === 'keyturn');
    expect(statements.map(({ text }) => text)).toEqual(expect.arrayContaining(['BEGIN', 'ROLLBACK']));
    expect(statements.some(({ text }) => /COMMIT(?! DROP)/.test(text))).toBe(false);
    expect(relay.connections.every(({ encrypted }) => encrypted)).toBe(true);
  });

  test('is found by its address where RDS knows nothing of it, and the check does not mind', async () => {
    const relay = await relayWith({ hosts: ['127.0.0.1'] });
    const value = target.payload(target.BASE, { host: relay.host, port: relay.port, dbInstanceIdentifier: undefined });
    const verdict = await target.check(value, {}, { ca: relay.ca });
    expect(verdict).toMatchObject({ outcome: 'passed', observed: expect.stringContaining('no database of RDS’s') });
  });

  test('that may use no temporary tables is written all the same', async () => {
    await target.sql('REVOKE TEMPORARY ON DATABASE app FROM PUBLIC');
    expect(await target.check(target.payload())).toMatchObject({ outcome: 'passed' });
    await target.sql('GRANT TEMPORARY ON DATABASE app TO PUBLIC');
  });

  test('is checked without a version too, on demand, and then whatever is current', async () => {
    const verdict = await target.check(target.payload(), {}, { versionId: async () => undefined as never });
    expect(verdict).toMatchObject({ outcome: 'passed' });
  });
});

describe('the login', () => {
  test('with a wrong password', async () => {
    const value = target.payload({ ...target.BASE, password: 'Wrong-1' });
    const verdict = await target.check(value);
    expect(verdict).toMatchObject(
      failure('WrongPassword', /^shop at instance [\d.]+:\d+\/app: the password was refused/),
    );
    expect(JSON.stringify(verdict)).not.toContain('Wrong-1');
  }, 60_000);

  test('with a password that only the proxy does not know', async () => {
    await target.put(target.registered.second.arn, { ...target.SECOND, password: 'Other-1' });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const verdict = await target.check(target.payload(), { proxy: { ...target.proxy, refreshBoundSeconds: 1 } });
    expect(verdict).toMatchObject(failure('WrongPassword', /^shop_clone at proxy/));
    await target.put(target.registered.second.arn, target.SECOND);
  });

  test('whose password reaches the proxy late is waited for', async () => {
    await target.put(target.registered.second.arn, { ...target.SECOND, password: 'Other-1' });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const running = target.check(target.payload(), { proxy: { ...target.proxy, refreshBoundSeconds: 30 } });
    await target.put(target.registered.second.arn, target.SECOND);
    expect(await running).toMatchObject({ outcome: 'passed' });
  }, 60_000);

  test('that may not log in', async () => {
    await target.sql('ALTER ROLE stranger NOLOGIN');
    const value = target.payload({ username: 'stranger', password: 'Stranger-1' });
    expect(await target.check(value)).toMatchObject(
      failure('LoginDisabled', /not permitted to log in.*keyturn doctor/),
    );
    await target.sql('ALTER ROLE stranger LOGIN');
  }, 60_000);

  test('that the proxy has no secret of', async () => {
    const value = target.payload({ username: 'stranger', password: 'Stranger-1' });
    const verdict = await target.check(value, { proxy: target.proxy });
    expect(verdict).toMatchObject(failure('LoginUnknownToProxy', /Register a secret of each of the two logins/));
  }, 60_000);

  test('that no longer acts as the owner role; through a proxy that loses the setting, it is not asked for', async () => {
    await target.sql('ALTER ROLE shop_clone RESET role');
    expect(await target.check(target.payload())).toMatchObject(
      failure('WrongOwnerRole', /current_user is shop_clone, expected the owner role shop/),
    );
    const proxied = target.payload(target.SECOND, { host: target.proxy.endpoint, port: target.proxy.port });
    expect(await target.check(proxied, { proxy: target.proxy })).toMatchObject({ outcome: 'passed' });
    const asks = { proxy: { ...target.proxy, ownership: 'init-query' } };
    expect(await target.check(proxied, asks)).toMatchObject(failure('WrongOwnerRole', /at proxy/));
    await target.sql('ALTER ROLE shop_clone SET role TO shop');
  });
});

describe('the way there', () => {
  test('nothing listens: may pass, so it is thrown', async () => {
    const value = target.payload(target.BASE, { port: await closedPort() });
    await expect(target.check(value)).rejects.toMatchObject({ code: 'NoRoute', retryable: true });
  });

  test('the name resolves to nothing', async () => {
    const value = target.payload(target.BASE, { host: 'db.invalid' });
    await expect(target.check(value)).rejects.toMatchObject({
      code: 'NoRoute',
      name: 'NoRoute',
      message: expect.stringMatching(/db\.invalid:\d+\/app cannot be reached .*security groups/),
    });
  });

  test('the database goes down in the middle', async () => {
    const { relay } = target.service.postgres('db');
    relay.inject({ kind: 'cut-before', statement: /pg_is_in_recovery/ });
    await expect(target.check(target.payload())).rejects.toMatchObject({ code: 'NoRoute' });
  });

  test('the server has no connection left, or is starting', async () => {
    const { relay } = target.service.postgres('db');
    for (const code of ['53300', '57P03']) {
      relay.inject({ kind: 'refuse', error: { code, message: 'not now' } });
      await expect(target.check(target.payload())).rejects.toMatchObject({ code: 'TargetBusy', retryable: true });
    }
  });

  test('a certificate of an unknown authority', async () => {
    const { certificatePem } = await createCertificateAuthority('Somebody else');
    await expect(target.check(target.payload(), {}, { ca: certificatePem })).rejects.toMatchObject(
      reason('TlsMismatch', /UNABLE_TO_VERIFY_LEAF_SIGNATURE.*CA bundle/),
    );
  });

  test('a certificate for another name', async () => {
    const relay = await relayWith({ hosts: ['db.example'] });
    const value = target.payload(target.BASE, { host: relay.host, port: relay.port });
    await expect(target.check(value, {}, { ca: relay.ca })).rejects.toMatchObject(
      reason('TlsMismatch', /ERR_TLS_CERT_ALTNAME_INVALID/),
    );
  });

  test('a server that wants TLS, and a secret that says "ssl": false', async () => {
    const value = target.payload(target.BASE, { ssl: false });
    await expect(target.check(value)).rejects.toMatchObject(reason('TlsMissing', /"ssl": false/));
  });

  test('a server that offers no TLS', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.end('N')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const value = target.payload(target.BASE, { host: '127.0.0.1', port });
    await expect(target.check(value)).rejects.toMatchObject(reason('TlsMissing', /offers no TLS/));
    server.close();
  });
});

describe('what is there', () => {
  test('a replica takes no writes, which is no verdict: it may be promoted; read on purpose, it passes', async () => {
    const reader = target.service.postgres('reader');
    const value = target.payload(target.BASE, { host: reader.host, port: reader.port, dbInstanceIdentifier: 'reader' });
    await expect(target.check(value)).rejects.toMatchObject(
      reason('ReadOnlyReplica', /accepts no writes.*"access": "read"/),
    );
    expect(await target.check(value, { access: 'read', reads: ['items'] })).toMatchObject({
      outcome: 'passed',
      observed: expect.stringContaining('logs in and reads'),
    });
  });

  test('a missing grant to read, and one to write, each with the statement or the object', async () => {
    expect(await target.check(target.payload(), { reads: ['audit_log'] })).toMatchObject(
      failure('MissingGrant', /permission denied for table audit_log/),
    );
    await target.sql('REVOKE INSERT ON items FROM shop');
    expect(await target.check(target.payload(), { reads: ['items'], writes: ['items'] })).toMatchObject(
      failure('MissingGrant', /Run: GRANT INSERT ON items TO shop;/),
    );
    await target.sql('GRANT INSERT ON items TO shop');
  });

  test('a table, a database that does not exist', async () => {
    expect(await target.check(target.payload(), { reads: ['nothing'] })).toMatchObject(
      failure('TableMissing', /no table nothing/),
    );
    const value = target.payload(target.BASE, { dbname: 'nowhere' });
    expect(await target.check(value)).toMatchObject(failure('DatabaseMissing', /nowhere/));
  });

  test('two faults at once: both are told, and the one that does not pass decides', async () => {
    const value = target.payload({ username: 'stranger', password: 'Stranger-1' });
    const instance = { host: '127.0.0.1', port: await closedPort() };
    const verdict = await target.check(value, { instance, proxy: { ...target.proxy, refreshBoundSeconds: 0 } });
    expect(verdict).toMatchObject(failure('LoginUnknownToProxy', /instance .* cannot be reached.*proxy/));
  });
});

describe('the secret', () => {
  test('has moved on from the version under test', async () => {
    const moved = target.check(target.payload(), {}, { versionId: async () => 'v'.repeat(36) });
    await expect(moved).rejects.toMatchObject(unable('VersionMoved', /not on v+, which was to be checked/));
  });

  test('is no database secret: the field is named, the value is not', async () => {
    const verdict = await target.check({ ...target.payload(), host: undefined, password: 'Hidden-1' });
    expect(verdict).toMatchObject(failure('PayloadInvalid', /host/));
    expect(JSON.stringify(verdict)).not.toContain('Hidden-1');
  });

  test('cannot be read just now, and the parameters cannot be read at all: neither is a verdict', async () => {
    target.cloud.faults.add({
      kind: 'throttle',
      service: 'secretsmanager',
      operation: 'GetSecretValue',
      role: '*administrator*',
    });
    await expect(target.check(target.payload())).rejects.toMatchObject({ code: 'Throttled', retryable: true });
    await expect(target.check(target.payload(), { raeds: ['items'] })).rejects.toMatchObject(
      unable('InputInvalid', /raeds/),
    );
  });
});

describe('what RDS says', () => {
  test('an instance in trouble and a proxy without an available target may pass, and are thrown', async () => {
    const instance = target.service.state.instance('us-east-1', 'db');
    instance.status = 'storage-full' as never;
    await expect(target.check(target.payload())).rejects.toMatchObject({
      code: 'InstanceUnhealthy',
      message: expect.stringContaining('db is storage-full'),
    });
    instance.status = 'available';
    await expect(
      target.check(target.payload(), { proxy: target.proxy }, { rds: withoutTargets() }),
    ).rejects.toMatchObject({
      code: 'ProxyTargetUnhealthy',
      message: expect.stringContaining('db UNAVAILABLE AUTH_FAILURE'),
    });
  });

  test('nothing, since its API does not answer: the logins have proved enough, and it says so', async () => {
    target.cloud.faults.add({ kind: 'error', service: 'rds', code: 'InternalFailure', httpStatus: 503, times: 9 });
    expect(await target.check(target.payload())).toMatchObject({
      outcome: 'passed',
      observed: expect.stringContaining('health unknown (Unavailable of the RDS API)'),
    });
  });

  test('that the check may not ask: a missing grant, with the way out', async () => {
    target.cloud.faults.add({
      kind: 'error',
      service: 'rds',
      code: 'AccessDenied',
      message: 'no rds:DescribeDBInstances',
      httpStatus: 403,
    });
    await expect(target.check(target.payload())).rejects.toMatchObject(
      reason('CheckNotPermitted', /rds:DescribeDBInstances.*role of the check/),
    );
    expect(await target.check(target.payload(), { health: false })).toMatchObject({ outcome: 'passed' });
  });

  test('that it knows no such instance, although the manifest names it', async () => {
    await expect(target.check(target.payload(), { databaseIdentifier: 'nothing' })).rejects.toMatchObject(
      reason('InstanceUnhealthy', /knows no instance or cluster nothing/),
    );
  });
});

/** RDS as it answers when a proxy cannot use its target. */
function withoutTargets(): RDSClient {
  const client = new RDSClient(clientOptions(target.cloud));
  const send = client.send.bind(client);
  const TargetHealth = { State: 'UNAVAILABLE', Reason: 'AUTH_FAILURE', Description: 'Proxy could not log in' };
  const answer = { Targets: [{ RdsResourceId: 'db', Type: 'RDS_INSTANCE', Role: 'READ_WRITE', TargetHealth }] };
  client.send = ((command: object) =>
    command.constructor.name === 'DescribeDBProxyTargetsCommand' ? answer : send(command as never)) as never;
  return client;
}

/** Another door to the same server, with a certificate for other names. */
async function relayWith(subject: { hosts: string[] }) {
  const authority = await createCertificateAuthority('Test CA');
  const relay = await startInstanceRelay({
    host: '127.0.0.1',
    certificate: await authority.issue(subject),
    clock: target.cloud.clock,
    upstream: { host: '127.0.0.1', port: target.service.postgres('db').adminConnection().port! },
  });
  doors.push(relay);
  return { host: relay.host, port: relay.port, ca: authority.certificatePem };
}

/** A port at which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
