import { PutSecretValueCommand, RotateSecretCommand, TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import type pg from 'pg';
import type { SnsService } from '../../packages/laptop/services/sns/service.ts';
import { eventually } from '../eventually.ts';
import { byExtent, inTurn } from '../extent.ts';
import { Laptop, type Value } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/alternating';

beforeAll(async () => {
  // A grace period of two minutes takes six seconds. What an invocation puts back late is looked for after a minute: here
  // three seconds, longer than any call is held.
  laptop = await Laptop.start({ stateMachineTimeScale: 0.05 });
  await laptop.createLogin(SECRET);
}, 120_000);
afterAll(() => laptop?.close());

let first: Value;
let second: Value;
let session: pg.Client;

test('a second rotation inside the grace period is refused with the time and the way out', async () => {
  first = await laptop.value(SECRET);
  session = await laptop.connect(first);
  expect(await laptop.executions.rotate(SECRET)).toMatchObject({ status: 'SUCCEEDED' });
  second = await laptop.value(SECRET);
  const refused = await laptop.executions.rotate(SECRET);
  expect(refused).toMatchObject({ status: 'FAILED', error: 'RotationInGrace' });
  expect(refused.cause).toMatch(/kept for roll-back and slow consumers until \d{4}-.*Z.*--retire-now.*--emergency/);
  expect(await laptop.value(SECRET)).toEqual(second);
});

test('retire now does nothing while a session of the previous login is open, and names it', async () => {
  const refused = await laptop.executions.rotate(SECRET, { retireNow: true });
  expect(refused).toMatchObject({ status: 'FAILED', error: 'RetirementBlocked' });
  expect(refused.cause).toMatch(/lab\/alternating: .*still used by .*scenario.* from 127\./);
  expect(await laptop.query(first, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('after the grace period the previous login stays while the session is open, and the session is named', async () => {
  const blocked = await eventually('a retirement that is blocked', async () => {
    for (const { executionArn } of await laptop.executions.list('retire-credential')) {
      const states = await laptop.executions.states(executionArn);
      if (states.filter((name) => name === 'ReportRetirementBlocked').length >= 2) return states;
    }
    return undefined;
  });
  expect(blocked).not.toContain('Retire');
  expect(await laptop.query(first, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  const history = await laptop.history(SECRET);
  expect(history.find(({ type }) => type === 'Retirement Blocked')?.detail).toMatch(/scenario/);
});

test('when the session ends it is retired: the login is refused, and the next rotation may begin', async () => {
  await session.end();
  const { AWSCURRENT: versionId } = await laptop.labels(SECRET);
  expect(await laptop.executions.ofVersion('retire-credential', `"versionId":"${versionId}"`)).toBeDefined();
  await laptop.endOfGracePeriod(SECRET);
  await expect(laptop.query(first, 'SELECT 1')).rejects.toMatchObject({ code: '28000' });
  expect(await laptop.query(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(await laptop.executions.rotate(SECRET)).toMatchObject({ status: 'SUCCEEDED' });
});

test('retire now goes through with evidence, and the rotation goes on', async () => {
  const rotation = await laptop.executions.rotate(SECRET, { retireNow: true });
  expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
  expect(await laptop.executions.states(rotation.executionArn as string)).toContain('RetireFirst');
});

test('an emergency revokes the previous login at once, and says whom that hurts', async () => {
  const previous = await laptop.value(SECRET);
  const user = await laptop.connect(previous);
  const rotation = await laptop.executions.rotate(SECRET, { emergency: true });
  expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
  const { versionId } = JSON.parse(rotation.output ?? '');
  const retirement = await laptop.executions.ofVersion('retire-credential', `"versionId":"${versionId}"`);
  expect(retirement).toMatchObject({ status: 'SUCCEEDED' });
  await expect(laptop.query(previous, 'SELECT 1')).rejects.toMatchObject({ code: '28000' });
  const told = await eventually('the event that tells whom it hurt', async () =>
    (await laptop.history(SECRET)).find(({ type, detail }) => type === 'Credential Retired' && /hurt/.test(detail)),
  );
  expect(told.detail).toMatch(/scenario/);
  await user.end();
});

test('a stuck AWSPENDING of another tool is named, and cleared only by force', async () => {
  await laptop.endOfGracePeriod(SECRET);
  const versionId = await laptop.leavePending(SECRET);
  const refused = await laptop.executions.rotate(SECRET);
  expect(refused).toMatchObject({ status: 'FAILED', error: 'RotationInProgress' });
  expect(refused.cause).toContain(versionId);
  expect((await laptop.labels(SECRET)).AWSPENDING).toBe(versionId);
  expect(await laptop.executions.rotate(SECRET, { force: true })).toMatchObject({ status: 'SUCCEEDED' });
  expect(await laptop.labels(SECRET)).not.toMatchObject({ AWSPENDING: versionId });
});

/** The calls that a rotation function makes for one rotation; the last of them promotes. */
const CALLS_OF_A_ROTATION = 9;

describe('rotations and writers at once', () => {
  beforeEach(() => laptop.rest(SECRET));

  test.each(
    byExtent({ short: [1], wide: [1, 2, 3], long: [1, 2, 3] }),
  )('of five executions and a native rotation at once at most one goes through (round %i)', async () => {
    const before = await laptop.labels(SECRET);
    const started = await Promise.all(
      Array.from({ length: 5 }, () => laptop.executions.start('rotate-secret', { secretId: SECRET })),
    );
    // It may be refused: then another was first.
    const native = await laptop.secrets.send(new RotateSecretCommand({ SecretId: SECRET })).catch((error) => error);
    const ended = await Promise.all(started.map((executionArn) => laptop.executions.end(executionArn)));
    if (native.VersionId) ended.push(await laptop.executions.ofVersion('rotate-secret', native.VersionId));
    const outcomes = ended.map(({ status, error }) => error ?? status);
    expect(outcomes.filter((outcome) => outcome === 'SUCCEEDED')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome !== 'SUCCEEDED')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^Rotation(InProgress|InGrace|Abandoned)$/)]),
    );
    for (const outcome of outcomes) expect(outcome).toMatch(/^(SUCCEEDED|Rotation(InProgress|InGrace|Abandoned))$/);
    const labels = await laptop.labels(SECRET);
    expect(labels.AWSCURRENT).not.toBe(before.AWSCURRENT);
    expect(labels.AWSPENDING === undefined || labels.AWSPENDING === labels.AWSCURRENT).toBe(true);
    expect(await laptop.query(await laptop.value(SECRET), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  describe('a value that is put by hand', () => {
    test.each(
      // With the last of them, in the short run too.
      inTurn(
        Array.from({ length: CALLS_OF_A_ROTATION }, (_, index) => index + 1),
        3,
        1,
      ),
    )('while the rotation function makes its call %i stays AWSCURRENT, or is rotated from; its login works, nothing is stuck', async (nth) => {
      const value = await laptop.value(SECRET);
      laptop.cloud.faults.add({
        id: 'hold',
        kind: 'delay',
        service: 'secretsmanager',
        role: '*Rotatepostgres*',
        nth,
        delayMilliseconds: 250,
      });
      const executionArn = await laptop.executions.start('rotate-secret', { secretId: SECRET });
      await eventually('the call', () =>
        laptop.cloud.faults.list().some(({ struck }) => struck > 0) ? true : undefined,
      );
      const { VersionId: byHand = '' } = await laptop.secrets.send(
        new PutSecretValueCommand({
          SecretId: SECRET,
          SecretString: JSON.stringify({ ...value, note: `call ${nth}` }),
        }),
      );
      const execution = await laptop.executions.end(executionArn);
      laptop.cloud.faults.clear();
      expect(execution.error ?? execution.status).toMatch(/^(SUCCEEDED|Rotation(Abandoned|InProgress))$/);
      await laptop.rest(SECRET);
      const labels = await laptop.labels(SECRET);
      if (execution.status === 'FAILED') expect(labels.AWSCURRENT).toBe(byHand);
      expect(labels.AWSPENDING === undefined || labels.AWSPENDING === labels.AWSCURRENT).toBe(true);
      expect(await laptop.query(await laptop.value(SECRET), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
  });
});

describe('what is rolled back, and many at once', () => {
  const FLEET = [SECRET, 'lab/single'];

  beforeAll(async () => {
    // Nobody meets anybody here: a grace period of two minutes takes half a second.
    laptop.cloud.settings.stateMachineTimeScale = 0.005;
    for (const secretId of ['lab/single', 'lab/proxied']) await laptop.createLogin(secretId);
  });

  async function currentOf(secretIds: string[]): Promise<(string | undefined)[]> {
    return Promise.all(secretIds.map(async (secretId) => (await laptop.labels(secretId)).AWSCURRENT));
  }

  describe.each([
    ['alternating users', 'lab/alternating'],
    ['single user', 'lab/single'],
  ])('a check that fails after promotion, %s', (_, secretId) => {
    let before: { username: string; password: string };
    let currentBefore: string | undefined;
    let versionId: string;

    beforeAll(async () => {
      await laptop.rest(secretId);
      before = await laptop.value(secretId);
      currentBefore = (await laptop.labels(secretId)).AWSCURRENT;
    });

    test('fails the execution with a cause that a person understands', async () => {
      await laptop.gate(secretId, `open-for:${currentBefore}`);
      const rotation = await laptop.executions.rotate(secretId);
      expect(rotation).toMatchObject({ status: 'FAILED', error: 'RotationRolledBack' });
      expect(rotation.cause).toMatch(
        new RegExp(
          `^${secretId}: version keyturn-[0-9a-f]+ failed its checks and was rolled back to ${currentBefore}\\. ` +
            'gate: The gate is closed for this version\\. After the roll-back all checks pass\\.$',
        ),
      );
      versionId = /version (keyturn-[0-9a-f]+)/.exec(rotation.cause ?? '')?.[1] as string;
    });

    test('puts AWSCURRENT back, labels the failed version, and leaves AWSPENDING nowhere', async () => {
      const labels = await laptop.labels(secretId);
      expect(labels).toMatchObject({ AWSCURRENT: currentBefore, KEYTURN_FAILED: versionId });
      expect(labels).not.toHaveProperty('AWSPENDING');
      expect(labels).not.toHaveProperty('KEYTURN_IN_FLIGHT');
    });

    test('leaves the login of before working', async () => {
      expect(await laptop.value(secretId)).toEqual(before);
      expect(await laptop.query(before, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    test('rings the alarms, whose notice names them', async () => {
      const notices = await eventually('a notice of a failed check', () => {
        const outbox = laptop.cloud.service<SnsService>('sns').outbox();
        const texts = outbox.map((message) => JSON.stringify(message));
        return texts.some((text) => text.includes('keyturn-CheckFailed')) ? texts : undefined;
      });
      expect(notices.some((text) => text.includes('keyturn-RotationRolledBack'))).toBe(true);
    });

    test('does not stand in the way of a later rotation', async () => {
      await laptop.gate(secretId, 'open');
      const rotation = await laptop.executions.rotate(secretId);
      expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
      const value = await laptop.value(secretId);
      expect(value.password).not.toBe(before.password);
      expect(await laptop.query(value, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
  });

  describe('a fleet', () => {
    beforeEach(async () => {
      for (const secretId of [...FLEET, 'lab/proxied', 'lab/superuser']) await laptop.rest(secretId);
    });

    test('a group is rotated, and nobody else', async () => {
      const before = await currentOf(['lab/proxied', 'lab/superuser']);
      const members = await currentOf(FLEET);
      const fleet = await laptop.executions.run('rotate-fleet', { group: 'lab' });
      expect(fleet).toMatchObject({ status: 'SUCCEEDED' });
      expect(JSON.parse(fleet.output ?? '')).toMatchObject({ selected: 2, succeeded: 2 });
      expect(await currentOf(['lab/proxied', 'lab/superuser'])).toEqual(before);
      for (const [index, current] of (await currentOf(FLEET)).entries()) expect(current).not.toBe(members[index]);
    });

    test('a canary that fails leaves everybody else alone', async () => {
      const others = await currentOf(['lab/single']);
      const { AWSCURRENT } = await laptop.labels('lab/alternating');
      await laptop.gate('lab/alternating', `open-for:${AWSCURRENT}`);
      const fleet = await laptop.executions.run('rotate-fleet', { group: 'lab', canaries: ['lab/alternating'] });
      await laptop.gate('lab/alternating', 'open');
      expect(fleet).toMatchObject({ status: 'FAILED' });
      expect(fleet.cause).toMatch(/^The fleet stopped: .*0 of 2 secrets were rotated/);
      expect(await currentOf(['lab/single'])).toEqual(others);
      expect((await laptop.labels('lab/alternating')).AWSCURRENT).toBe(AWSCURRENT);
    });

    test('a tag chooses; a share of failures is borne', async () => {
      for (const secretId of ['lab/proxied', 'lab/single']) {
        await laptop.secrets.send(
          new TagResourceCommand({ SecretId: secretId, Tags: [{ Key: 'team', Value: 'shop' }] }),
        );
      }
      await laptop.gate('lab/single', `open-for:${(await laptop.labels('lab/single')).AWSCURRENT}`);
      const fleet = await laptop.executions.run('rotate-fleet', {
        tag: { key: 'team', value: 'shop' },
        toleratedFailurePercentage: 50,
      });
      await laptop.gate('lab/single', 'open');
      expect(fleet).toMatchObject({ status: 'SUCCEEDED' });
      expect(JSON.parse(fleet.output ?? '')).toMatchObject({ selected: 2, succeeded: 1 });
    });

    test('an emergency revokes at once', async () => {
      const before = await laptop.value('lab/alternating');
      const fleet = await laptop.executions.run('rotate-fleet', { secretIds: ['lab/alternating'], emergency: true });
      expect(fleet).toMatchObject({ status: 'SUCCEEDED' });
      const { AWSCURRENT = '' } = await laptop.labels('lab/alternating');
      expect(AWSCURRENT).toMatch(/^keyturn-emergency-/);
      await laptop.executions.ofVersion('retire-credential', `"versionId":"${AWSCURRENT}"`);
      await expect(laptop.query(before, 'SELECT 1')).rejects.toMatchObject({ code: '28000' });
    });

    test.each([
      ['a choice that fits nothing', { group: 'nobody' }, 'FleetEmpty', /keyturn status/],
      ['an unknown key', { groups: 'lab' }, 'InputInvalid', /groups/],
    ])('%s is refused', async (_, input, error, cause) => {
      const fleet = await laptop.executions.run('rotate-fleet', input);
      expect(fleet).toMatchObject({ status: 'FAILED', error });
      expect(fleet.cause).toMatch(cause);
    });
  });
});
