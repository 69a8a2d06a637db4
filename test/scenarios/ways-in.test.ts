import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { computeScramVerifier, formatScramVerifier } from '../../packages/laptop/postgres/scram.ts';
import { audit } from '../../pipeline/audit/audit.ts';
import { eventually } from '../eventually.ts';
import { Laptop, type Value } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/alternating';
let works: Value;

beforeAll(async () => {
  laptop = await Laptop.start();
  works = await laptop.createLogin(SECRET);
}, 120_000);
afterAll(() => laptop?.close());

describe('what is refused', () => {
  /** The statements that changed a role, as the endpoint of the database saw them. */
  function changes(): string[] {
    return laptop
      .database()
      .relay.statements.map(({ text }) => text)
      .filter((text) => /^\s*(CREATE|ALTER|DROP)\s+ROLE|^\s*(GRANT|REVOKE)|UPDATE pg_authid/i.test(text));
  }

  async function expectRefusedUntouched(secretId: string, error: string, cause: RegExp): Promise<void> {
    const [before, changed] = [await laptop.labels(SECRET), changes().length];
    const execution = await laptop.executions.rotate(secretId);
    expect(execution).toMatchObject({ status: 'FAILED', error });
    expect(execution.cause).toMatch(cause);
    const { AWSCURRENT, ...labels } = await laptop.labels(SECRET);
    expect(AWSCURRENT).toBe(before.AWSCURRENT);
    expect(labels).not.toHaveProperty('AWSPENDING');
    expect(changes().length).toBe(changed);
  }

  test('an unknown secret', async () => {
    const execution = await laptop.executions.rotate('lab/nobody');
    expect(execution).toMatchObject({ status: 'FAILED' });
    expect(execution.cause).toMatch(/lab\/nobody/);
  });

  test('a secret that the pipeline does not manage', async () => {
    await laptop.secrets.send(new CreateSecretCommand({ Name: 'lab/stranger', SecretString: '{}' }));
    const execution = await laptop.executions.rotate('lab/stranger');
    expect(execution).toMatchObject({ status: 'FAILED' });
    expect(execution.cause).toMatch(/lab\/stranger/);
  });

  test.each([
    ['the wrong engine', { engine: 'mysql' }, /lab\/alternating: .*engine: expected/],
    ['a missing field', { username: undefined }, /lab\/alternating: .*username: expected/],
    ['a host that is not the superuser’s', { host: '127.0.0.99' }, /lab\/alternating: .*host/],
    ['a user name that PostgreSQL would cut off', { username: 'u'.repeat(60) }, /lab\/alternating: .*username.*63/],
  ])('%s is refused, and nothing is changed', async (_, wrong, cause) => {
    await laptop.secrets.send(
      new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify({ ...works, ...wrong }) }),
    );
    const execution = await laptop.executions.ofVersion(
      'rotate-secret',
      (await laptop.labels(SECRET)).AWSCURRENT as string,
    );
    expect(execution.status).toBe('SUCCEEDED');
    const code = cause.source.includes('63') || cause.source.includes('host') ? 'UnsafeRotation' : 'PayloadInvalid';
    // The rotation function ends the rotation by the labels; the report names the step, its code and its words.
    await expectRefusedUntouched(
      SECRET,
      'RotationAbandoned',
      new RegExp(cause.source.replace('.*', `.*(create|set)Secret: ${code}: .*`)),
    );
  });

  test('a deleted secret', async () => {
    await laptop.secrets.send(new DeleteSecretCommand({ SecretId: SECRET, RecoveryWindowInDays: 7 }));
    const execution = await laptop.executions.rotate(SECRET);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'SecretUnusable' });
    expect(execution.cause).toMatch(/lab\/alternating is scheduled for deletion/);
    await laptop.secrets.send(new RestoreSecretCommand({ SecretId: SECRET }));
  });

  test.each([
    ['{"secretId": 5}', { secretId: 5 }, /secretId/],
    ['nothing', {}, /secretId/],
    ['an unknown operation', { secretId: SECRET, operation: 'destroy' }, /operation/],
    ['an emergency that is no boolean', { secretId: SECRET, emergency: 'yes' }, /emergency/],
  ])('execution input: %s', async (_, input, cause) => {
    const execution = await laptop.executions.run('rotate-secret', input);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'InputInvalid' });
    expect(execution.cause).toMatch(cause);
  });

  test('a previous login that the administrator may not administer is refused with the GRANT to run', async () => {
    await laptop.secrets.send(new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify(works) }));
    // Made by somebody else: from PostgreSQL 16 on the administrator has no ADMIN on it.
    await laptop.asOwnerOfTheMachine("CREATE ROLE app_clone LOGIN PASSWORD 'x'");
    const execution = await laptop.executions.rotate(SECRET);
    expect(execution).toMatchObject({ status: 'FAILED' });
    expect(execution.cause).toMatch(/GRANT .*app_clone.* TO .*lab_admin.* WITH ADMIN/i);
    expect(await laptop.query(works, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await laptop.asOwnerOfTheMachine('DROP ROLE app_clone');
  });
});

describe('where every event of AWS’s services is lost', () => {
  // They are best effort.
  beforeAll(() => {
    laptop.cloud.settings.eventsLostRate = 1;
  });
  afterAll(() => {
    laptop.cloud.settings.eventsLostRate = 0;
  });

  /** The audit, looking a quarter of an hour later: until then a value may be on its way. */
  async function findings() {
    const later = () => new Date(Date.now() + 16 * 60_000);
    return (await audit(laptop.auditor(later), SECRET)).findings;
  }

  test('a rotation does not depend on the events that are lost', async () => {
    expect(await laptop.executions.rotate(SECRET)).toMatchObject({ status: 'SUCCEEDED' });
    await laptop.rest(SECRET);
    expect((await findings()).map(({ code }) => code)).toEqual([]);
  });

  test('the audit finds the value whose event was lost, and names the command that mends it', async () => {
    const value = await laptop.value(SECRET);
    await laptop.secrets.send(
      new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify({ ...value, note: 'by hand' }) }),
    );
    const found = await findings();
    expect(found.map(({ code }) => code)).toEqual(['ValueUnpropagated']);
    expect(found[0]?.command).toMatch(/keyturn doctor/);
  });

  test('what the audit asks for ends the finding', async () => {
    const { AWSCURRENT: versionId } = await laptop.labels(SECRET);
    const adopted = await laptop.executions.run('rotate-secret', { secretId: SECRET, startedBy: 'hand', versionId });
    expect(adopted).toMatchObject({ status: 'SUCCEEDED' });
    await laptop.historyTells(SECRET, 'Rotation Succeeded', versionId as string);
    expect((await findings()).map(({ code }) => code)).toEqual([]);
  });
});

describe('where every event comes twice, and whoever takes one must bear that', () => {
  beforeAll(() => {
    laptop.cloud.settings.eventsDuplicatedRate = 1;
  });

  /** Before each way in the rotation before has come to its end. */
  beforeEach(() => laptop.endOfGracePeriod(SECRET));

  async function expectCurrentWorks(): Promise<void> {
    expect(await laptop.query(await laptop.value(SECRET), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  }

  /** How many executions have changed AWSCURRENT since it rested on a version. */
  async function outcomes(startedBy: string): Promise<string[]> {
    const ended = await Promise.all(
      (await laptop.executions.list('rotate-secret')).map(({ executionArn }) => laptop.executions.end(executionArn)),
    );
    return ended
      .filter(({ input = '' }) => input.includes(`"startedBy":"${startedBy}"`))
      .map(({ status, error, output }) => error ?? (JSON.parse(output ?? '{}').outcome as string) ?? status);
  }

  test('a rate schedule runs when it is made, and that first run rotates nothing', async () => {
    const before = await laptop.labels('lab/single');
    await laptop.fireSchedule('lonely');
    const ended = await eventually('the execution of the schedule', async () => {
      const found = await outcomes('schedule');
      return found.length > 0 ? found : undefined;
    });
    expect(ended).toContain('nothing-to-do');
    expect(await laptop.labels('lab/single')).toEqual(before);
  });

  test('the schedule starts an execution', async () => {
    const before = await laptop.labels(SECRET);
    await laptop.fireSchedule('app');
    await eventually('a promotion', async () =>
      (await laptop.labels(SECRET)).AWSCURRENT === before.AWSCURRENT ? undefined : true,
    );
    expect(await outcomes('schedule')).toContain('succeeded');
    await expectCurrentWorks();
  });

  test('a Rotation Requested event starts an execution; doubled, one rotation goes through and the other is refused', async () => {
    expect(await laptop.putAs('lab-requester', { secretId: SECRET, startedBy: 'native' })).toBe('put');
    const ended = await eventually('both executions', async () => {
      const found = await outcomes('event');
      return found.length >= 2 ? found : undefined;
    });
    expect(ended.filter((outcome) => outcome === 'succeeded')).toHaveLength(1);
    expect(ended.filter((outcome) => outcome !== 'succeeded')).toEqual([
      expect.stringMatching(/^Rotation(InProgress|InGrace)$/),
    ]);
    await expectCurrentWorks();
  });

  test('Rotate secret immediately of the console: the execution is there from createSecret on, named after the token', async () => {
    const { VersionId } = await laptop.secrets.send(new RotateSecretCommand({ SecretId: SECRET }));
    const execution = await laptop.executions.ofVersion('rotate-secret', VersionId as string);
    expect(execution).toMatchObject({ status: 'SUCCEEDED', name: VersionId });
    expect(await laptop.executions.states(execution.executionArn as string)).toEqual(
      expect.arrayContaining(['WaitForPromotion', 'ReportPromoted', 'RunChecks', 'ScheduleRetirement']),
    );
    expect((await laptop.labels(SECRET)).AWSCURRENT).toBe(VersionId);
    await expectCurrentWorks();
  });

  test('a native rotation that fails is told by its execution, and leaves no AWSPENDING behind', async () => {
    const before = await laptop.labels(SECRET);
    const login = (await laptop.value(SECRET)).username;
    const fault = laptop.database().relay.inject({
      kind: 'fail',
      statement: /CREATE ROLE|ALTER ROLE|UPDATE pg_authid|COPY/i,
      times: 1_000,
      error: { code: '42501', message: 'permission denied' },
    });
    const { VersionId } = await laptop.secrets.send(new RotateSecretCommand({ SecretId: SECRET }));
    const execution = await laptop.executions.ofVersion('rotate-secret', VersionId as string);
    fault.remove();
    expect(execution).toMatchObject({ status: 'FAILED', name: VersionId });
    expect(execution.cause).toMatch(/lab\/alternating: /);
    const labels = await laptop.labels(SECRET);
    expect(labels.AWSCURRENT).toBe(before.AWSCURRENT);
    expect(labels).not.toHaveProperty('AWSPENDING');
    expect((await laptop.value(SECRET)).username).toBe(login);
    await expectCurrentWorks();
  });

  test('a value that is put by hand is checked, once, although its event came twice', async () => {
    const value = await laptop.value(SECRET);
    const verifier = formatScramVerifier(await computeScramVerifier('By-hand-1'));
    await laptop.query(await laptop.value('lab/superuser'), `ALTER ROLE ${value.username} PASSWORD '${verifier}'`);
    const { VersionId = '' } = await laptop.secrets.send(
      new PutSecretValueCommand({
        SecretId: SECRET,
        SecretString: JSON.stringify({ ...value, password: 'By-hand-1' }),
      }),
    );
    const execution = await laptop.executions.ofVersion('rotate-secret', VersionId);
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    const states = await laptop.executions.states(execution.executionArn as string);
    // Nobody is declared as a consumer: there is nothing to propagate.
    expect(states).toEqual(expect.arrayContaining(['ChooseWork', 'RunChecks']));
    expect(states).not.toContain('Propagate');
    expect(states).not.toContain('RotateSecret');
    expect((await laptop.labels(SECRET)).AWSCURRENT).toBe(VersionId);
    await expectCurrentWorks();
  });

  test('a value that is put by hand and fails its checks is alarmed on, and left where it is', async () => {
    const value = await laptop.value(SECRET);
    await laptop.gate(SECRET, `open-for:${(await laptop.labels(SECRET)).AWSCURRENT}`);
    const { VersionId = '' } = await laptop.secrets.send(
      new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify({ ...value, note: 'a comment' }) }),
    );
    const execution = await laptop.executions.ofVersion('rotate-secret', VersionId);
    await laptop.gate(SECRET, 'open');
    expect(execution).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect((await laptop.labels(SECRET)).AWSCURRENT).toBe(VersionId);
  });

  test('checks on demand run on what is current, and change nothing', async () => {
    const before = await laptop.labels(SECRET);
    const execution = await laptop.executions.rotate(SECRET, { operation: 'check' });
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(await laptop.executions.states(execution.executionArn as string)).toContain('RunCheck');
    expect(await laptop.labels(SECRET)).toEqual(before);
  });

  test('a roll-back by hand goes back to the version before, whose login works', async () => {
    const before = await laptop.value(SECRET);
    expect(await laptop.executions.rotate(SECRET)).toMatchObject({ status: 'SUCCEEDED' });
    const execution = await laptop.executions.rotate(SECRET, { operation: 'roll-back' });
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(await laptop.value(SECRET)).toEqual(before);
    await expectCurrentWorks();
  });
});
