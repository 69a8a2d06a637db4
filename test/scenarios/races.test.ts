import { PutSecretValueCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { eventually } from '../eventually.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/alternating';

beforeAll(async () => {
  // What an invocation puts back late is looked for after a minute: here three seconds, longer than any call is held.
  laptop = await Laptop.start({ stateMachineTimeScale: 0.05 });
  await laptop.createLogin(SECRET);
}, 120_000);
afterAll(() => laptop?.close());

beforeEach(() => laptop.rest(SECRET));

test.each([
  1, 2, 3,
])('of five executions and a native rotation at once at most one goes through (round %i)', async () => {
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

/** The calls that a rotation function makes for one rotation; the last of them promotes. */
const CALLS_OF_A_ROTATION = 9;

describe('a value that is put by hand', () => {
  test.each(
    Array.from({ length: CALLS_OF_A_ROTATION }, (_, index) => index + 1),
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
      new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify({ ...value, note: `call ${nth}` }) }),
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
