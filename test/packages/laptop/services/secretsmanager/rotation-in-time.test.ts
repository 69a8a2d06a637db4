import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { eventually } from '../eventually.ts';
import { type Laptop, rotatorArn, rotatorFor, type StepEvent, startLaptop } from './laptop.ts';

const HOUR_MILLISECONDS = 3_600_000;
const DAY_MILLISECONDS = 24 * HOUR_MILLISECONDS;

let clock: ManualClock;
let laptop: Laptop;
let random: number;
let steps: StepEvent[];
/** What a step does beside being noted: may throw. */
let during: (event: StepEvent) => Promise<void> | void;

beforeEach(async () => {
  clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  random = 0;
  steps = [];
  during = () => {};
  laptop = await startLaptop({ clock, random: () => random });
  const watch = async (event: StepEvent) => {
    steps.push(event);
    await during(event);
  };
  laptop.functions.set(rotatorArn, rotatorFor(laptop, watch));
});
afterEach(() => laptop.cloud.close());

const names = () => steps.map(({ Step }) => Step);
const describeOf = (SecretId = 's') => laptop.ask('DescribeSecret', { SecretId });
const value = async () => (await laptop.ask('GetSecretValue', { SecretId: 's' })).SecretString;
const until = (text: string) => clock.advance(new Date(text).getTime() - clock.now().getTime());

async function configured(RotationRules: object): Promise<void> {
  await laptop.ask('CreateSecret', { Name: 's', SecretString: 'first' });
  await laptop.ask('RotateSecret', {
    SecretId: 's',
    RotationLambdaARN: rotatorArn,
    RotationRules,
    RotateImmediately: false,
  });
  await eventually(async () => Object.keys(await laptop.labels('s')).length === 1 && steps.length === 1);
  expect(names()).toEqual(['testSecret']);
  steps.length = 0;
}

describe('a schedule', () => {
  test('rotates as its window opens, and not a millisecond before', async () => {
    await configured({ AutomaticallyAfterDays: 1 });
    expect((await describeOf()).NextRotationDate).toEqual(new Date('2026-03-02T23:59:59Z'));
    await until('2026-03-01T23:59:59.999Z');
    expect(steps).toEqual([]);
    await clock.advance(1);
    await eventually(async () => (await value()) !== 'first');
    await eventually(() => steps.length === 4);
    await eventually(async () => (await describeOf()).LastRotatedDate);
    expect(await describeOf()).toMatchObject({
      LastRotatedDate: new Date('2026-03-02T00:00:00Z'),
      NextRotationDate: new Date('2026-03-03T23:59:59Z'),
    });
  });

  test('at any time of the window’s first half', async () => {
    random = 0.999_999;
    await configured({ ScheduleExpression: 'cron(0 10 * * ? *)', Duration: '4h' });
    await until('2026-03-02T11:59:00Z');
    expect(steps).toEqual([]);
    await until('2026-03-02T12:00:00Z');
    await eventually(() => steps.length === 4);
  });

  test('goes on, window after window', async () => {
    await configured({ ScheduleExpression: 'rate(4 hours)' });
    const values = new Set<string>();
    for (let window = 1; window <= 3; window += 1) {
      await clock.advance(4 * HOUR_MILLISECONDS);
      await eventually(() => steps.length === 4 * window);
      await eventually(
        async () =>
          !Object.values(await laptop.labels('s'))
            .flat()
            .includes('AWSPENDING'),
      );
      values.add(await value());
    }
    expect(values.size).toBe(3);
    expect((await describeOf()).RotationRules).toEqual({
      AutomaticallyAfterDays: 1,
      ScheduleExpression: 'rate(4 hours)',
    });
  });

  test('in days counts anew from a value put by hand; a cron expression does not care', async () => {
    await configured({ AutomaticallyAfterDays: 10 });
    await clock.advance(5 * DAY_MILLISECONDS);
    await laptop.ask('PutSecretValue', { SecretId: 's', SecretString: 'by hand' });
    const described = await describeOf();
    expect(described.NextRotationDate).toEqual(new Date('2026-03-16T23:59:59Z'));
    expect(described.LastRotatedDate).toBeUndefined();
    await laptop.ask('PutSecretValue', { SecretId: 's', SecretString: 'labelled', VersionStages: ['mine'] });
    expect((await describeOf()).NextRotationDate).toEqual(new Date('2026-03-16T23:59:59Z'));
    const rules = { ScheduleExpression: 'cron(0 8 1 * ? *)' };
    await laptop.ask('RotateSecret', { SecretId: 's', RotationRules: rules, RotateImmediately: false });
    await eventually(
      async () =>
        !Object.values(await laptop.labels('s'))
          .flat()
          .includes('AWSPENDING'),
    );
    await laptop.ask('UpdateSecret', { SecretId: 's', SecretString: 'by hand again' });
    expect((await describeOf()).NextRotationDate).toEqual(new Date('2026-04-01T23:59:59Z'));
  });

  test('rests while it is called off or the secret waits for its deletion, and ends with the secret', async () => {
    await configured({ AutomaticallyAfterDays: 1 });
    await laptop.ask('DeleteSecret', { SecretId: 's', RecoveryWindowInDays: 30 });
    await clock.advance(2 * DAY_MILLISECONDS);
    expect(steps).toEqual([]);
    await laptop.ask('RestoreSecret', { SecretId: 's' });
    await clock.advance(DAY_MILLISECONDS);
    await eventually(() => steps.length === 4);
    await eventually(async () => (await describeOf()).LastRotatedDate);

    await laptop.ask('CancelRotateSecret', { SecretId: 's' });
    await clock.advance(5 * DAY_MILLISECONDS);
    expect(steps).toHaveLength(4);

    await laptop.ask('RotateSecret', { SecretId: 's', RotateImmediately: false });
    await eventually(() => steps.length === 5);
    await laptop.ask('DeleteSecret', { SecretId: 's', ForceDeleteWithoutRecovery: true });
    await laptop.ask('CreateSecret', { Name: 's', SecretString: 'another' });
    await clock.advance(5 * DAY_MILLISECONDS);
    expect(steps).toHaveLength(5);
    expect(await value()).toBe('another');
  });
});

describe('a rotation that fails', () => {
  /** Lets pauses pass until so many steps were taken. */
  async function pausesUntil(count: number): Promise<void> {
    await eventually(async () => {
      await clock.advance(1_000);
      return steps.length >= count;
    });
  }

  test('is tried five times with the same tokens, rests, and is taken up again by the next window', async () => {
    await configured({ AutomaticallyAfterDays: 1 });
    during = ({ Step }) => {
      if (Step === 'testSecret') throw new Error('not yet');
    };
    await until('2026-03-02T00:00:00Z');
    await pausesUntil(15);
    await eventually(() => laptop.log.find((line) => line.includes('rotation of s failed; AWSPENDING stays')));
    await clock.advance(HOUR_MILLISECONDS);
    expect(names()).toEqual(Array.from({ length: 5 }, () => ['createSecret', 'setSecret', 'testSecret']).flat());
    const [first] = steps as [StepEvent];
    expect(new Set(steps.map((step) => `${step.ClientRequestToken} ${step.RotationToken}`)).size).toBe(1);
    expect((await laptop.labels('s'))[first.ClientRequestToken]).toEqual(['AWSPENDING']);
    expect(laptop.service.rotation.steps(first.SecretId).at(-1)).toMatchObject({
      step: 'testSecret',
      attempt: 5,
      outcome: 'failed',
    });

    during = () => {};
    await until('2026-03-03T00:00:00Z');
    await eventually(() => steps.length === 19);
    expect(steps.at(-1)).toMatchObject({ Step: 'finishSecret', ClientRequestToken: first.ClientRequestToken });
    await eventually(async () => (await value()) === `made for ${first.ClientRequestToken}`);
  });

  test('is taken up again by RotateSecret, which is refused', async () => {
    await configured({ AutomaticallyAfterDays: 30 });
    during = ({ Step }) => {
      if (Step === 'setSecret') throw new Error('not yet');
    };
    const { VersionId } = await laptop.ask('RotateSecret', { SecretId: 's' });
    await pausesUntil(10);
    await eventually(() => laptop.log.find((line) => line.includes('AWSPENDING stays')));
    during = () => {};
    expect(await laptop.refusal('RotateSecret', { SecretId: 's' })).toMatchObject({
      code: 'InvalidRequestException',
      message: "A previous rotation isn't complete. That rotation will be reattempted.",
    });
    await eventually(async () => (await value()) === `made for ${VersionId}`);
  });

  test('is over when somebody puts a value between two steps', async () => {
    await configured({ AutomaticallyAfterDays: 30 });
    during = async ({ Step }) => {
      if (Step === 'setSecret') await laptop.ask('PutSecretValue', { SecretId: 's', SecretString: 'by hand' });
    };
    const { VersionId } = await laptop.ask('RotateSecret', { SecretId: 's' });
    await eventually(() => steps.length === 2);
    await clock.advance(HOUR_MILLISECONDS);
    expect(names()).toEqual(['createSecret', 'setSecret']);
    expect(await value()).toBe('by hand');
    expect(await laptop.labels('s')).not.toHaveProperty(VersionId);
    expect((await describeOf()).LastRotatedDate).toBeUndefined();
  });

  test('stops when it is called off, and leaves AWSPENDING where it was', async () => {
    await configured({ AutomaticallyAfterDays: 30 });
    during = async ({ Step }) => {
      if (Step === 'setSecret') await laptop.ask('CancelRotateSecret', { SecretId: 's' });
    };
    const { VersionId } = await laptop.ask('RotateSecret', { SecretId: 's' });
    await eventually(() => steps.length === 2);
    await clock.advance(HOUR_MILLISECONDS);
    expect(names()).toEqual(['createSecret', 'setSecret']);
    expect((await laptop.labels('s'))[VersionId]).toEqual(['AWSPENDING']);
  });

  test('whose function has gone is told to the person', async () => {
    await configured({ AutomaticallyAfterDays: 1 });
    laptop.functions.clear();
    await until('2026-03-02T00:00:00Z');
    await eventually(() => laptop.log.find((line) => line.includes('createSecret: AccessDeniedException')));
    expect(
      Object.values(await laptop.labels('s'))
        .flat()
        .sort(),
    ).toEqual(['AWSCURRENT', 'AWSPENDING']);
  });
});

test('a function that leaves AWSPENDING on its version is done by the service; one that promotes nothing is not done', async () => {
  await configured({ AutomaticallyAfterDays: 30 });
  laptop.functions.set(rotatorArn, (event) => void steps.push(event));
  await laptop.ask('RotateSecret', { SecretId: 's' });
  await eventually(() => steps.length === 4);
  expect(
    Object.values(await laptop.labels('s'))
      .flat()
      .sort(),
  ).toEqual(['AWSCURRENT', 'AWSPENDING']);
  expect((await describeOf()).LastRotatedDate).toBeUndefined();
});

test('a test of the configuration takes no label from anybody, and RotateSecret does not take it for a rotation', async () => {
  await configured({ AutomaticallyAfterDays: 30 });
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  during = () => gate;
  await laptop.ask('RotateSecret', { SecretId: 's', RotateImmediately: false });
  await eventually(() => steps.length === 1);
  expect(
    Object.values(await laptop.labels('s'))
      .flat()
      .sort(),
  ).toEqual(['AWSCURRENT', 'AWSPENDING']);
  expect((await laptop.refusal('RotateSecret', { SecretId: 's' })).message).toContain("isn't complete");
  release();
  await eventually(async () => Object.keys(await laptop.labels('s')).length === 1);
  expect(names()).toEqual(['testSecret']);
  const { Versions } = await laptop.ask('ListSecretVersionIds', { SecretId: 's', IncludeDeprecated: true });
  expect(Versions).toHaveLength(1);
});

test('reset abandons what runs', async () => {
  await configured({ AutomaticallyAfterDays: 30 });
  let release: () => void = () => {};
  during = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  await laptop.ask('RotateSecret', { SecretId: 's' });
  await eventually(() => steps.length === 1);
  await laptop.cloud.reset();
  release();
  await clock.advance(HOUR_MILLISECONDS);
  expect(steps).toHaveLength(1);
  expect((await laptop.refusal('DescribeSecret', { SecretId: 's' })).code).toBe('ResourceNotFoundException');
});
