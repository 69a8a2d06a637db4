import { randomUUID } from 'node:crypto';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { RotationAbandoned } from '../../../../pipeline/rotators/errors.ts';
import { ADMINISTRATOR, newSecret, SUPERUSER_ARN, startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget());
});
afterAll(() => stop());

/** RDS as far as it is asked here: descriptions as data, and a password that is applied a while after the answer. */
function rdsWith(databases: { instances?: Record<string, object>; clusters?: Record<string, object> }) {
  const calls: { operation: string; input: Record<string, any> }[] = [];
  let pending: { user: string; password: string; polls: number } | undefined;
  const send = async (command: { input: Record<string, any> }) => {
    const operation = command.constructor.name.replace('Command', '');
    calls.push({ operation, input: command.input });
    const {
      DBInstanceIdentifier: instance,
      DBClusterIdentifier: cluster,
      MasterUserPassword: password,
    } = command.input;
    const kind = operation.includes('Cluster') ? 'clusters' : 'instances';
    const id = String(cluster ?? instance)
      .split(':')
      .at(-1)!;
    const found = databases[kind]?.[id] as { MasterUsername: string } | undefined;
    const fault = kind === 'clusters' ? 'DBClusterNotFoundFault' : 'DBInstanceNotFound';
    if (!found) throw Object.assign(new Error(`${id} not found`), { name: fault });
    if (password) pending = { user: found.MasterUsername, password, polls: 2 };
    else if (pending && --pending.polls === 0) {
      await server.setPassword(pending.user, pending.password);
      pending = undefined;
    }
    const now = { ...found, ...(pending && { PendingModifiedValues: { MasterUserPassword: '****' } }) };
    return kind === 'clusters' ? { DBClusters: [now] } : { DBInstances: [now] };
  };
  return { calls, rds: () => ({ send }) as never };
}
const endpoint = () => ({ Address: server.host, Port: server.port });

describe('RDS-managed superuser secret', () => {
  const managed = (tags: { Key: string; Value: string }[]) =>
    JSON.stringify({ username: ADMINISTRATOR.user, password: ADMINISTRATOR.password, tags });

  test.each(['instance', 'cluster'])('user name and password only: the %s is found by its tag', async (kind) => {
    const { rds } = rdsWith({
      instances: { shop: { Engine: 'postgres', Endpoint: endpoint() } },
      clusters: { shop: { Engine: 'aurora-postgresql', Endpoint: server.host, Port: server.port } },
    });
    const secret = await newSecret(server, { dependencies: { rds } });
    const Key = kind === 'instance' ? 'aws:rds:primaryDBInstanceArn' : 'aws:rds:primaryDBClusterArn';
    secret.secrets.values.set(
      SUPERUSER_ARN,
      managed([{ Key, Value: 'arn:aws:rds:eu-central-1:111122223333:db:shop' }]),
    );
    await secret.rotate();
    expect(secret.secrets.calls.map(({ operation }) => operation)).toEqual(['GetSecretValue', 'DescribeSecret']);
  });

  test('another engine, or no tag: refused', async () => {
    const { rds } = rdsWith({ instances: { shop: { Engine: 'mysql', Endpoint: endpoint() } } });
    const secret = await newSecret(server, { dependencies: { rds } });
    secret.secrets.values.set(SUPERUSER_ARN, managed([{ Key: 'aws:rds:primaryDBInstanceArn', Value: 'a:b:shop' }]));
    await expect(secret.rotate()).rejects.toMatchObject({
      code: 'PayloadInvalid',
      message: expect.stringContaining('engine'),
    });
    secret.secrets.values.set(SUPERUSER_ARN, managed([]));
    await expect(secret.rotate()).rejects.toMatchObject({
      code: 'PayloadInvalid',
      message: expect.stringContaining('host'),
    });
  });
});

test('a replica of the superuser’s instance is rotated at its source; a replica of another is refused', async () => {
  const replica = { Endpoint: { Address: 'localhost' }, ReadReplicaSourceDBInstanceIdentifier: '127' };
  const { rds } = rdsWith({ instances: { localhost: replica } });
  const secret = await newSecret(server, { dependencies: { rds } });
  secret.state.current = { ...secret.state.current, payload: { ...secret.state.current.payload, host: 'localhost' } };
  await secret.rotate();
  expect(secret.state.current.payload.host).toBe('localhost');

  const { current, previous } = secret.state;
  const versions = { current, previous: previous!, promotedAt: new Date() };
  await secret.as(previous!.payload, async (session) => {
    await session.query("SET application_name = 'report'");
    const evidence = await secret.rotator.gatherEvidence(secret.rotation(current.versionId), versions);
    // One server plays both here: source and replica each report the session.
    expect(evidence.blockers).toHaveLength(2);
    expect(evidence.observed).toContain('on the replica');
  });

  replica.ReadReplicaSourceDBInstanceIdentifier = 'another';
  await expect(secret.rotate()).rejects.toMatchObject({ code: 'UnsafeRotation' });
});

describe('superuser', () => {
  const instanceSecret = async (found: object = {}) => {
    const user = `root_${randomUUID().slice(0, 8)}`;
    const { rds, calls } = rdsWith({
      instances: { shop: { Engine: 'postgres', MasterUsername: user, Endpoint: endpoint(), ...found } },
    });
    const secret = await newSecret(server, {
      username: user,
      settings: { strategy: 'superuser', excludeCharacters: '' },
      dependencies: { rds, sleep: async () => undefined },
    });
    secret.state.current = {
      ...secret.state.current,
      payload: { ...secret.state.current.payload, dbInstanceIdentifier: 'shop' },
    };
    return { secret, calls };
  };

  test('the password is changed through RDS, and waited for until it works; restore puts the previous one back', async () => {
    const { secret, calls } = await instanceSecret();
    const first = secret.state.current;
    const step = await secret.rotate();
    expect(calls.filter(({ operation }) => operation === 'ModifyDBInstance')).toEqual([
      {
        operation: 'ModifyDBInstance',
        input: {
          DBInstanceIdentifier: 'shop',
          ApplyImmediately: true,
          MasterUserPassword: secret.state.current.payload.password,
        },
      },
    ]);
    expect(secret.state.current.payload.password).not.toMatch(/[/"@ ]/);
    await secret.rotator.restore(step, { failed: secret.state.current, previous: first });
    await secret.as(first.payload, async () => undefined);
  });

  test('abandon gives the superuser AWSCURRENT’s password again', async () => {
    const { secret } = await instanceSecret();
    const { step, pending } = await secret.prepare();
    await secret.rotator.abandon(step, { current: secret.state.current, candidate: pending });
    await secret.as(secret.state.current.payload, async () => undefined);
  });

  test('set, abandon and restore that were overtaken ask RDS for no change, and otherwise look once', async () => {
    const { secret, calls } = await instanceSecret();
    const { current } = secret.state;
    const { step, pending } = await secret.prepare();
    const modified = () => calls.filter(({ operation }) => operation.startsWith('Modify')).length;
    const operations = [
      () => secret.rotator.restore(step, { failed: pending, previous: current }),
      () => secret.rotator.set(step, { current, pending }),
      () => secret.rotator.abandon(step, { current, candidate: pending }),
    ];
    for (const operation of operations) {
      const before = modified();
      let looks = 0;
      secret.state.assertNotOvertaken = async () => {
        looks += 1;
        throw new RotationAbandoned('overtaken');
      };
      await expect(operation()).rejects.toMatchObject({ code: 'RotationAbandoned' });
      expect([modified(), looks]).toEqual([before, 1]);
      secret.state.assertNotOvertaken = async () => {
        looks += 1;
      };
      await operation();
      expect([modified(), looks]).toEqual([before + 1, 2]);
    }
  });

  test.each([
    [{ MasterUserSecret: { SecretArn: 'arn:managed' } }, 'RDS manages'],
    [{ MasterUsername: 'somebody' }, 'username is'],
    [{ Endpoint: { Address: 'elsewhere' } }, 'host is'],
  ])('%j is refused before anything is changed', async (found, text) => {
    const { secret, calls } = await instanceSecret(found);
    await expect(secret.rotate()).rejects.toMatchObject({
      code: 'UnsafeRotation',
      message: expect.stringContaining(text),
    });
    expect(calls.some(({ operation }) => operation.startsWith('Modify'))).toBe(false);
  });
});

describe('behind a proxy with password authentication', () => {
  const proxy = () => ({
    name: 'shop',
    endpoint: server.host,
    port: server.port,
    loginSecretArns: {
      base: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:base',
      second: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:second',
    },
  });

  test('the secret of the login that takes over is put before promotion, once, under the rotation’s token', async () => {
    const secret = await newSecret(server, { settings: { proxy: proxy() } });
    for (const [round, arn] of [
      [1, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:second'],
      [2, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:base'],
    ] as const) {
      const { step, pending } = await secret.prepare();
      const { username, password } = pending.payload;
      expect(JSON.parse(secret.secrets.values.get(arn)!)).toEqual({ username, password });
      const puts = secret.secrets.calls.filter(({ operation }) => operation === 'PutSecretValue');
      expect(puts).toHaveLength(round);
      expect(puts.at(-1)).toMatchObject({ secretId: arn, token: step.token });
      secret.state.current = pending;
    }
  });

  test('Secrets Manager refuses the login’s secret: the database is left as it was, and the refusal keeps its name', async () => {
    const secret = await newSecret(server, { settings: { proxy: proxy() } });
    const { send } = secret.dependencies.secretsManager;
    const refusal = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } };
    secret.dependencies.secretsManager.send = async (command: object) => {
      if (command.constructor.name !== 'PutSecretValueCommand') return send(command as never);
      throw Object.assign(new Error('not authorized'), refusal);
    };
    await expect(secret.prepare()).rejects.toMatchObject(refusal);
    const { rows } = await server.query('SELECT FROM pg_roles WHERE rolname = $1', [`${secret.username}_clone`]);
    expect(rows).toHaveLength(0);
  });

  test('a proxy that learns late is waited for, until its bound', async () => {
    const settings = { proxy: { ...proxy(), endpoint: 'localhost', refreshBoundSeconds: 5 } };
    const secret = await newSecret(server, { settings });
    await secret.rotate();
    const { current } = secret.state;
    await server.query(`ALTER ROLE "${current.payload.username}" NOLOGIN`);
    const step = { ...secret.rotation(current.versionId) };
    const direct = secret.rotator.test(
      { ...step, settings: { ...step.settings, proxy: { ...step.settings.proxy!, endpoint: server.host } } },
      { current, pending: current },
    );
    setTimeout(() => void server.query(`ALTER ROLE "${current.payload.username}" LOGIN`), 700);
    await direct;
  });
});
