import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PutSecretValueCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { computeScramVerifier, formatScramVerifier } from '../../local/postgres/scram.ts';
import { eventually } from '../eventually.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/alternating';

beforeAll(async () => {
  // Every event twice: whoever takes one must bear that.
  laptop = await Laptop.start({ eventsDuplicatedRate: 1 });
  await laptop.createLogin(SECRET);
}, 120_000);
afterAll(() => laptop?.close());

/** Before each way in the rotation before has come to its end. */
beforeEach(() =>
  eventually('the end of the grace period', async () =>
    (await laptop.labels(SECRET)).KEYTURN_IN_FLIGHT === undefined ? true : undefined,
  ),
);

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
  const detail = { secretId: SECRET, startedBy: 'native' };
  await laptop.events.send(
    new PutEventsCommand({
      Entries: [{ Source: 'keyturn', DetailType: 'Rotation Requested', Detail: JSON.stringify(detail) }],
    }),
  );
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

test('a value that is put by hand is propagated and checked, once, although its event came twice', async () => {
  const value = await laptop.value(SECRET);
  const verifier = formatScramVerifier(await computeScramVerifier('By-hand-1'));
  await laptop.query(await laptop.value('lab/superuser'), `ALTER ROLE ${value.username} PASSWORD '${verifier}'`);
  const { VersionId = '' } = await laptop.secrets.send(
    new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify({ ...value, password: 'By-hand-1' }) }),
  );
  const execution = await laptop.executions.ofVersion('rotate-secret', VersionId);
  expect(execution).toMatchObject({ status: 'SUCCEEDED' });
  const states = await laptop.executions.states(execution.executionArn as string);
  expect(states).toEqual(expect.arrayContaining(['Propagate', 'RunChecks']));
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
