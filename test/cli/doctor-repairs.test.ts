import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  ReplicateSecretToRegionsCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { ListExecutionsCommand, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { jest } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { grantsOf, unusedGrants } from '../proof/privileges/grants.ts';
import { Desk } from './desk.ts';

// Each command is a process of its own, and rotations take their time.
jest.setTimeout(120_000);

const login = {
  kind: 'postgres',
  superuserSecret: 'shop/superuser',
  evidenceIntervalSeconds: 5,
  gracePeriodSeconds: 30,
};
const reader = { function: 'reader', maxAgeSeconds: 1, longestInvocationSeconds: 1 };
const manifest = {
  secrets: {
    database: { ...login, secret: { name: 'shop/database' }, consumers: [reader] },
    orders: { ...login, secret: { name: 'shop/orders' }, mirrors: [{ replica: 'eu-west-1' }] },
    // An hour of the machines is 36 seconds here: long enough to stay in its grace period.
    reports: {
      ...login,
      secret: { name: 'shop/reports' },
      gracePeriodSeconds: 80_000,
      mirrors: [{ parameter: '/shop/reports' }],
    },
    payment: { kind: 'watched', secret: { name: 'shop/payment' }, mirrors: [{ replica: 'eu-west-2' }] },
  },
};

let desk: Desk;
let states: SFNClient;
beforeAll(async () => {
  desk = await Desk.open();
  states = new SFNClient(connection());
  for (const name of ['database', 'orders', 'reports']) await desk.createLogin(`shop/${name}`, name);
  await desk.createSecret('shop/payment', { key: 'first' });
  await desk.createGate('reader');
  // Somebody has a secret of that name in eu-west-2 already.
  await inRegion('eu-west-2', new CreateSecretCommand({ Name: 'shop/payment', SecretString: 'of somebody else' }));
  await replicate('shop/orders', 'eu-west-1');
  await replicate('shop/payment', 'eu-west-2');
  await desk.deploy(manifest);
  for (const name of ['shop/database', 'shop/orders', 'shop/reports']) await rest(name);
}, 240_000);
afterAll(async () => {
  states?.destroy();
  await desk?.close();
});

const connection = (region = desk.cloud.region) => ({
  endpoint: desk.cloud.endpointUrl,
  region,
  credentials: desk.cloud.administrator,
});

async function inRegion(region: string, command: CreateSecretCommand | DescribeSecretCommand): Promise<any> {
  const client = new SecretsManagerClient(connection(region));
  try {
    return await client.send(command as DescribeSecretCommand);
  } finally {
    client.destroy();
  }
}

const replicate = (SecretId: string, Region: string) =>
  desk.secrets.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions: [{ Region }] }));

/** Nothing under AWSPENDING and nothing in flight. */
const rest = (secretId: string) =>
  eventually(`${secretId} at rest`, async () => {
    const { AWSCURRENT, AWSPENDING, KEYTURN_IN_FLIGHT } = await desk.labels(secretId);
    return [undefined, AWSCURRENT].includes(AWSPENDING) && KEYTURN_IN_FLIGHT === undefined ? true : undefined;
  });

async function rotate(secretId: string): Promise<void> {
  expect(await desk.keyturn(['rotate', secretId, '--wait'])).toMatchObject({ code: 0 });
}

/** What doctor says of one secret, as a program reads it. */
async function examine(secretId: string, ...words: string[]) {
  const told = await desk.keyturn(['doctor', secretId, ...words, '--json']);
  const { findings } = JSON.parse(told.stdout) as { findings: any[] };
  return { code: told.code, findings, codes: findings.map(({ code }) => code) };
}

const well = { code: 0, codes: [] };
const untilWell = (secretId: string) =>
  eventually(`nothing to be found of ${secretId}`, async () =>
    (await examine(secretId)).code === 0 ? true : undefined,
  );

async function executions(statusFilter: 'ABORTED' | 'RUNNING'): Promise<string[]> {
  const stateMachineArn = `arn:aws:states:us-east-1:${desk.cloud.accountId}:stateMachine:keyturn-rotate-secret`;
  const answer = await states.send(new ListExecutionsCommand({ stateMachineArn, statusFilter }));
  return (answer.executions ?? []).map(({ executionArn }) => executionArn!);
}

async function stopRunning(): Promise<void> {
  for (const executionArn of await executions('RUNNING')) await states.send(new StopExecutionCommand({ executionArn }));
}

/** Each time that the consumer was told by the pipeline. */
const timesTold = () => desk.cloud.recorder.calls({ operation: 'Invoke', resource: ':function:reader', outcome: 'ok' });

describe('a version that became current and was never propagated', () => {
  test('the rotation’s execution was stopped, Secrets Manager went on: found, told to consumers, and the old login retired', async () => {
    const before = await desk.value('shop/database');
    let stopping: Promise<unknown> | undefined;
    const unsubscribe = desk.cloud.recorder.subscribe(({ operation, outcome }) => {
      if (operation === 'RotateSecret' && outcome === 'ok') stopping ??= stopRunning();
    });
    const versionId = await desk.hoursAgo(1, async () => {
      expect(await desk.keyturn(['rotate', 'shop/database'])).toMatchObject({ code: 0 });
      return eventually('a promoted version', async () => {
        const { AWSCURRENT, AWSPENDING, KEYTURN_IN_FLIGHT } = await desk.labels('shop/database');
        return AWSCURRENT === KEYTURN_IN_FLIGHT && !AWSPENDING ? AWSCURRENT : undefined;
      });
    });
    unsubscribe();
    await stopping;
    expect(await executions('ABORTED')).toHaveLength(1);
    expect(timesTold()).toEqual([]);

    const found = await examine('shop/database');
    expect(found).toMatchObject({ code: 1, codes: ['RetirementLost'] });
    expect(found.findings[0]).toMatchObject({ versionId, isSafe: true });
    const repaired = await desk.keyturn(['doctor', 'shop/database', '--repair', '--yes']);
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toMatch(/^repaired {2}shop\/database RetirementLost: the retirement of .* begins anew/m);
    await eventually('the consumer being told', () => (timesTold().length > 0 ? true : undefined));
    await rest('shop/database');
    await expect(desk.connect(before as never)).rejects.toMatchObject({ code: '28000' });
    await untilWell('shop/database');
  });

  test('a value put by hand whose event was lost: found after a quarter of an hour, propagated and checked', async () => {
    const told = timesTold().length;
    const SecretString = JSON.stringify({ ...(await desk.value('shop/database')), note: 'by hand' });
    const put = () => desk.secrets.send(new PutSecretValueCommand({ SecretId: 'shop/database', SecretString }));
    desk.cloud.settings.eventsLostRate = 1;
    await put();
    // Its event may still be on its way.
    expect(await examine('shop/database')).toMatchObject(well);
    const { VersionId } = await desk.hoursAgo(1, put);
    desk.cloud.settings.eventsLostRate = 0;

    const found = await desk.keyturn(['doctor', 'shop/database']);
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/^1 secret looked at, 1 finding:\n\nValueUnpropagated {2}/);
    expect(found.stdout).toContain(`version ${VersionId} became current and no execution propagated`);
    expect(timesTold()).toHaveLength(told);
    const repaired = await desk.keyturn(['doctor', 'shop/database', '--repair', '--yes']);
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toMatch(
      /^repaired {2}shop\/database ValueUnpropagated: .*:execution:keyturn-rotate-secret:adopt-/m,
    );
    await untilWell('shop/database');
    expect(timesTold().length).toBeGreaterThan(told);
    expect((await desk.labels('shop/database')).AWSCURRENT).toBe(VersionId);
  });
});

describe('a disabled login that is still in use', () => {
  test('while it is still needed: it may log in again, and its sessions stay', async () => {
    const before = await desk.value('shop/reports');
    await rotate('shop/reports');
    const consumer = await desk.connect(before as never);
    await desk.query('ALTER ROLE reports NOLOGIN');
    const found = await examine('shop/reports');
    expect(found).toMatchObject({ code: 1, codes: ['PreviousRefused', 'DisabledLoginInUse'] });
    expect(found.findings[1]).toMatchObject({
      isSafe: false,
      message: expect.stringMatching(/desk from 127\..* \(1\)/),
    });

    const repaired = await desk.keyturn(['doctor', 'shop/reports', '--repair', '--yes']);
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toMatch(/^repaired {2}shop\/reports PreviousRefused: /m);
    expect(repaired.stdout).toMatch(/^repaired {2}shop\/reports DisabledLoginInUse: /m);
    expect((await consumer.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await consumer.end();
    await (await desk.connect(before as never)).end();
    expect(await examine('shop/reports')).toMatchObject(well);
  });

  test('after its retirement: who is named, asked for, and only then its sessions are ended', async () => {
    const before = await desk.value('shop/orders');
    await rotate('shop/orders');
    await rest('shop/orders');
    // Somebody opened the retired login for an afternoon, and closed it on a running job.
    await desk.query('ALTER ROLE orders LOGIN');
    const consumer = await desk.connect(before as never);
    const closed = new Promise((resolve) => consumer.once('end', resolve));
    await desk.query('ALTER ROLE orders NOLOGIN');
    const found = await desk.keyturn(['doctor', 'shop/orders']);
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/^1 secret looked at, 1 finding:\n\nDisabledLoginInUse {2}/);
    expect(found.stdout).toMatch(/orders may not log in any more, but still has sessions: desk from 127\..* \(1\)\./);
    expect(found.stdout).toContain('repair: keyturn doctor shop/orders --repair --yes');

    const refused = await desk.keyturn(['doctor', 'shop/orders', '--repair']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('Make 1 that can hurt?') });
    expect((await consumer.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    const repaired = await desk.keyturn(['doctor', 'shop/orders', '--repair', '--yes']);
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toMatch(/^repaired {2}shop\/orders DisabledLoginInUse: .*sessions/m);
    await closed;
    expect(await examine('shop/orders')).toMatchObject(well);
  });
});

describe('a missing grant', () => {
  test('a membership that was revoked: repaired, and what the login creates belongs to the owner role again', async () => {
    const value = await desk.value('shop/orders');
    expect(value.username).toBe('orders_clone');
    await desk.query('REVOKE orders FROM orders_clone');
    const found = await examine('shop/orders');
    expect(found).toMatchObject({ code: 1, codes: ['OwnerRoleLost', 'MembershipLost'] });
    expect(found.findings.every(({ isSafe }) => isSafe)).toBe(true);
    const repaired = await desk.keyturn(['doctor', 'shop/orders', '--repair', '--yes']);
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toMatch(/^repaired {2}shop\/orders MembershipLost: /m);
    const session = await desk.connect(value as never);
    expect((await session.query('SELECT current_user::text AS who')).rows).toEqual([{ who: 'orders' }]);
    await session.end();
    expect(await examine('shop/orders')).toMatchObject(well);
  });

  test('a privilege that only one login was given: named as its statement, and given to the owner role', async () => {
    await desk.query('CREATE TABLE stock (id int); GRANT SELECT ON stock TO orders_clone');
    const found = await examine('shop/orders');
    expect(found).toMatchObject({ code: 1, codes: ['GrantsApart'] });
    expect(found.findings[0].message).toContain('GRANT SELECT ON TABLE public.stock TO');
    expect(await examine('shop/orders', '--repair', '--yes')).toMatchObject({ code: 0, codes: ['GrantsApart'] });
    const [row] = await desk.query("SELECT has_table_privilege('orders', 'stock', 'SELECT') AS given");
    expect(row).toEqual({ given: true });
    expect(await examine('shop/orders')).toMatchObject(well);
  });

  test('a right of the administrator: the statement in words, for a person to run; not repaired, and well once it was run', async () => {
    // What the administrator had granted with it goes too: the second login's membership.
    await desk.queryAsServer('REVOKE ADMIN OPTION FOR orders FROM boss CASCADE');
    const told = await desk.keyturn(['doctor', 'shop/orders', '--repair', '--yes']);
    expect(told.code).toBe(1);
    expect(told.stdout).toMatch(/AdministratorGrantMissing {2}.*\n {2}shop\/orders: boss has no ADMIN on orders/);
    expect(told.stdout).not.toMatch(/^(not )?repaired {2}.*AdministratorGrantMissing/m);
    expect(told.stdout).toMatch(/^not repaired {2}shop\/orders MembershipLost: /m);
    const [, statement] = /a person has to act: (GRANT [^;]+);/.exec(told.stdout) ?? [];
    expect(statement).toBe('GRANT orders TO boss WITH ADMIN OPTION');
    await desk.queryAsServer(statement!);
    expect((await examine('shop/orders')).codes).toEqual(['OwnerRoleLost', 'MembershipLost']);
    expect(await examine('shop/orders', '--repair', '--yes')).toMatchObject({ code: 0 });
    expect(await examine('shop/orders')).toMatchObject(well);
  });
});

describe('a replica out of sync', () => {
  const currentIn = async (region: string, secretId: string) => {
    const { VersionIdsToStages } = await inRegion(region, new DescribeSecretCommand({ SecretId: secretId }));
    return Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id].includes('AWSCURRENT'));
  };

  test('replication was stuck while it was rotated: nothing is retired, found by its version, replicated anew, and the old login goes', async () => {
    const before = await desk.value('shop/orders');
    // The laptop's replicas follow at once; AWS's may not.
    const { state } = desk.cloud.service('secretsmanager') as never as { state: { onChange(secret: unknown): void } };
    const follow = state.onChange;
    state.onChange = () => undefined;
    try {
      await rotate('shop/orders');
      const { AWSCURRENT } = await desk.labels('shop/orders');
      expect(await currentIn('eu-west-1', 'shop/orders')).not.toBe(AWSCURRENT);
      const found = await examine('shop/orders');
      expect(found).toMatchObject({ code: 1, codes: ['ReplicaBehind'] });
      expect(found.findings[0]).toMatchObject({ isSafe: true, message: expect.stringContaining('eu-west-1') });
      const story = await eventually('the reason in the history', async () => {
        const { stdout } = await desk.keyturn(['history', 'shop/orders']);
        return stdout.includes('The replica in eu-west-1 does not have') ? stdout : undefined;
      });
      expect(story).not.toContain('errorType');
      // Who reads the replica still logs in with it.
      await (await desk.connect(before as never)).end();
    } finally {
      state.onChange = follow;
    }
    const repaired = await desk.keyturn(['doctor', 'shop/orders', '--repair', '--yes']);
    expect(repaired).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('repaired  shop/orders ReplicaBehind: '),
    });
    expect(await currentIn('eu-west-1', 'shop/orders')).toBe((await desk.labels('shop/orders')).AWSCURRENT);
    expect(await examine('shop/orders')).toMatchObject(well);
    await rest('shop/orders');
    await expect(desk.connect(before as never)).rejects.toMatchObject({ code: '28000' });
  });

  test('the region has a secret of somebody else: nothing is overwritten unless it is said twice', async () => {
    const { AWSCURRENT } = await desk.labels('shop/payment');
    const found = await examine('shop/payment');
    expect(found).toMatchObject({ code: 1, codes: ['ReplicaBehind'] });
    expect(found.findings[0]).toMatchObject({ isSafe: false, command: 'keyturn doctor shop/payment --repair --yes' });
    expect(await desk.keyturn(['doctor', 'shop/payment', '--repair'])).toMatchObject({ code: 2 });
    expect(await currentIn('eu-west-2', 'shop/payment')).not.toBe(AWSCURRENT);
    expect(await examine('shop/payment', '--repair', '--yes')).toMatchObject({ code: 0, codes: ['ReplicaBehind'] });
    expect(await currentIn('eu-west-2', 'shop/payment')).toBe(AWSCURRENT);
    expect(await examine('shop/payment')).toMatchObject(well);
  });
});

describe('a current version that failed its checks', () => {
  const put = (SecretString: string) =>
    desk.secrets.send(new PutSecretValueCommand({ SecretId: 'shop/database', SecretString }));
  const markFailed = async (MoveToVersionId: string) => {
    const { KEYTURN_FAILED: RemoveFromVersionId } = await desk.labels('shop/database');
    const move = { SecretId: 'shop/database', VersionStage: 'KEYTURN_FAILED', MoveToVersionId, RemoveFromVersionId };
    await desk.secrets.send(new UpdateSecretVersionStageCommand(move));
  };

  /** The second value is current and marked, over the first, whose version is the answer. */
  async function markOver(first: string, second: string): Promise<string | undefined> {
    // Nothing hears of either.
    desk.cloud.settings.eventsLostRate = 1;
    const { VersionId: before } = await put(first);
    const { VersionId } = await put(second);
    await markFailed(VersionId!);
    desk.cloud.settings.eventsLostRate = 0;
    return before;
  }

  test('the version before it is no payload: no roll-back is offered, and a person is shown how to put a value', async () => {
    const value = JSON.stringify(await desk.value('shop/database'));
    await markOver('no JSON at all', value);
    const found = await examine('shop/database', '--repair', '--yes');
    expect(found).toMatchObject({ code: 1, codes: ['CurrentFailed'] });
    expect(found.findings[0]).not.toHaveProperty('repair');
    expect(found.findings[0].command).toMatch(/^aws secretsmanager put-secret-value --secret-id shop\/database /);
    expect(JSON.stringify(found)).not.toContain('no JSON at all');
  });

  test('the roll-back that was started fails: not repaired, with the cause, and 1', async () => {
    const value = JSON.stringify(await desk.value('shop/database'));
    await markOver(value, `${value}  `);
    expect(await examine('shop/database')).toMatchObject({ code: 1, codes: ['CurrentFailed'] });
    const move = { service: 'secretsmanager', operation: 'UpdateSecretVersionStage', rate: 1 };
    desk.cloud.faults.add({
      id: 'no',
      kind: 'error',
      ...move,
      code: 'ResourceNotFoundException',
      message: 'not there',
    });
    const repaired = await desk.keyturn(['doctor', 'shop/database', '--repair', '--yes']);
    desk.cloud.faults.remove('no');
    expect(repaired.code).toBe(1);
    expect(repaired.stdout).toMatch(/^not repaired {2}shop\/database CurrentFailed: RollBackFailed: .*roll-back-/m);
    expect(repaired.stdout).not.toMatch(/^repaired/m);
  });

  test('the roll-back that was started succeeds: repaired, after it has ended, and 0', async () => {
    const value = JSON.stringify(await desk.value('shop/database'));
    const before = await markOver(value, `${value} `);
    const repaired = await desk.keyturn(['doctor', 'shop/database', '--repair', '--yes']);
    expect(repaired).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('repaired  shop/database CurrentFailed'),
    });
    expect((await desk.labels('shop/database')).AWSCURRENT).toBe(before);
    expect(await examine('shop/database')).toMatchObject(well);
  });
});

/** Nested executions are waited for by a rule that AWS makes, and stopped when whoever waits is stopped: not here. */
const isOfThePlatform = (action: string) => /^(logs|xray|events):|^states:StopExecution$/.test(action);

test('after all, whoever propagates, writes mirrors and retires was granted nothing that is not used', () => {
  // Whoever recycles is looked at in test/scenarios/consumers-converge.test.ts.
  const grants = grantsOf(desk.cloud).filter(
    ({ role, action, resource }) =>
      /(MirrorSecret|CompareMirror|PropagateSecret|RetireCredential)Role/.test(role) &&
      !/RecycleConsumer/.test(resource) &&
      // A check without a verdict that fails at last starts a roll-back: test/statemachines has it.
      !/stateMachine:keyturn-rotate-secret$/.test(resource) &&
      // Nothing is propagated of shop/payment here: the audit alone compares its replica.
      !(/MirrorSecret/.test(role) && /eu-west-2.*shop\/payment/.test(resource)) &&
      !isOfThePlatform(action),
  );
  expect(grants.length).toBeGreaterThan(10);
  expect(unusedGrants(grants, desk.cloud.recorder.accesses())).toEqual([]);
});
