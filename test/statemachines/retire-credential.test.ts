import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { check, PREVIOUS, SECRET_ARN, TOKEN } from './rotation.ts';
import { EPOCH, FunctionFailed, functionArn, MachineWorld } from './world.ts';

let world: MachineWorld;
beforeAll(async () => {
  world = await MachineWorld.start();
}, 60_000);
afterAll(() => world?.laptop.cloud.close());
beforeEach(() => {
  world.reset();
  world.functions.Rotate = ({ operation }) =>
    operation === 'Retire' ? { retired: true } : { verdict: 'free', observed: 'no session', blockers: [] };
});

const at = (seconds: number) => new Date(world.clock.now().getTime() + seconds * 1000).toISOString();
const retire = (more: object = {}) =>
  world.run('retire-credential', {
    secretArn: SECRET_ARN,
    secretName: 'app/db',
    kind: 'postgres',
    startedBy: 'console',
    versionId: TOKEN,
    previousVersionId: PREVIOUS,
    promotedAt: at(0),
    rotationFunctionArn: functionArn('Rotate'),
    gracePeriodSeconds: 60,
    evidenceIntervalSeconds: 60,
    emergency: false,
    mirrorsBehind: [],
    checks: [],
    ...more,
  });
const operations = () => world.callsOf('Rotate').map(({ payload }) => payload.operation);
const waited = (startedAt: Date) => (world.callsOf('Rotate')[0]?.atSeconds ?? 0) - (startedAt.getTime() - EPOCH) / 1000;

describe('the wait', () => {
  test.each([
    ['the grace period, where it is longer', { gracePeriodSeconds: 600, evidenceExpectedAt: 330 }, 600],
    ["the last consumer's evidence, where that is longer", { gracePeriodSeconds: 60, evidenceExpectedAt: 330 }, 330],
    ['no longer where the evidence is in', { gracePeriodSeconds: 0, evidenceExpectedAt: -5 }, 0],
    ['the grace period where it was started without a word of evidence', { gracePeriodSeconds: 60 }, 60],
  ])('is %s', async (_, { evidenceExpectedAt, ...more }: any, seconds) => {
    const expected = evidenceExpectedAt === undefined ? {} : { evidenceExpectedAt: at(evidenceExpectedAt) };
    const execution = await retire({ ...more, ...expected });
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(waited(execution.startedAt)).toBe(seconds);
  });
});

describe('a check that had no verdict after the promotion', () => {
  test('is asked again, and passes: the previous credential is retired', async () => {
    world.functions.Check = ({ versionId }) => ({ outcome: 'passed', durationMilliseconds: 1, observed: versionId });
    const execution = await retire({ checks: [check('login')] });
    expect(JSON.parse(execution.output as string)).toMatchObject({ outcome: 'retired' });
    expect(operations()).toEqual(['GatherEvidence', 'Retire']);
    expect(world.reports('checks')).toMatchObject([{ checks: [{ name: 'login', observed: TOKEN }] }]);
  });

  test('is asked again, and fails: the workflow rolls back, and nothing is retired', async () => {
    world.functions.Check = () => ({ outcome: 'failed', durationMilliseconds: 1, code: 'WrongPassword', cause: 'no' });
    world.functions.PrepareFunction = () => ({ path: 'nothing-to-do', reason: '', promotionTimeoutSeconds: 60 });
    const execution = await retire({ checks: [check('login')] });
    expect(JSON.parse(execution.output as string)).toMatchObject({ outcome: 'roll-back-started' });
    expect(operations()).not.toContain('Retire');
    const [rollBack] = world.executions('rotate-secret');
    expect(rollBack?.name).toBe(`roll-back-${TOKEN}`);
    expect(JSON.parse(rollBack?.input as string)).toMatchObject({
      secretId: SECRET_ARN,
      startedBy: 'retirement',
      operation: 'roll-back',
      expectedVersionId: TOKEN,
      failure: { code: 'CheckFailed', checks: [{ name: 'login', outcome: 'failed', code: 'WrongPassword' }] },
    });
  });

  test('has none again: the retirement is blocked and says so, until there is one', async () => {
    const back = world.clock.now().getTime() + 2 * 3_600_000;
    world.functions.Check = () => {
      if (world.clock.now().getTime() < back) throw new FunctionFailed('NoRoute', 'no route');
      return { outcome: 'passed', durationMilliseconds: 1 };
    };
    world.functions.Page = () => ({ outcome: 'passed', durationMilliseconds: 1 });
    const execution = await retire({ checks: [check('login'), check('page', 'Page')] });
    expect(world.callsOf('Page').length).toBeGreaterThan(0);
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    const blocked = world.reports('retirement-blocked');
    expect(blocked.length).toBeGreaterThan(1);
    expect(blocked[0]).toMatchObject({ evidence: { verdict: 'in-use', blockers: [] } });
    expect(blocked[0].checks.find(({ name }: any) => name === 'login')).toMatchObject({
      outcome: 'inconclusive',
      code: 'NoRoute',
    });
    expect(operations().filter((one) => one === 'Retire')).toHaveLength(1);
    expect(world.clock.now().getTime()).toBeGreaterThanOrEqual(back);
  });

  test('never has one: after days the retirement is reported as failed, within what a history holds', async () => {
    world.functions.Check = () => {
      throw new FunctionFailed('NoRoute', 'no route');
    };
    const execution = await retire({ checks: ['a', 'b', 'c', 'd', 'e'].map((name) => check(name)) });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'CheckInconclusive' });
    expect(execution.history.length).toBeLessThan(24_000);
    expect(world.clock.now().getTime() - execution.startedAt.getTime()).toBeGreaterThan(3 * 86_400_000);
    expect(operations()).not.toContain('Retire');
  }, 60_000);

  test('is not asked in an emergency, which spares no credential', async () => {
    await retire({ checks: [check('login')], emergency: true });
    expect(world.callsOf('Check')).toEqual([]);
    expect(operations()).toEqual(['GatherEvidence', 'Retire']);
  });
});

describe('mirrors that were behind', () => {
  const mirror = { to: 'parameter', parameterName: '/app/db' };

  test('are brought along before the previous credential goes', async () => {
    let asked = 0;
    world.functions.MirrorSecretFunction = () => {
      asked += 1;
      if (asked < 20) throw new FunctionFailed('MirrorFailed', 'the key is disabled');
      return { mirror: '/app/db', changed: true };
    };
    world.secretsManager.DescribeSecret = () => ({ VersionIdsToStages: { [TOKEN]: ['AWSCURRENT'] } });
    const execution = await retire({ mirrorsBehind: [mirror] });
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.reports('retirement-blocked')[0].evidence.blockers).toEqual(['readers of the mirror /app/db']);
    expect(operations().at(-1)).toBe('Retire');
  });
});

test('what cannot be retired for a quarter of an hour is reported with its reason, and the execution fails', async () => {
  world.functions.Rotate = () => {
    throw new FunctionFailed('TargetUnavailable', 'the server is in recovery');
  };
  const execution = await retire();
  expect(execution).toMatchObject({ status: 'FAILED', error: 'TargetUnavailable' });
  expect(world.reports('retirement-failed')).toHaveLength(1);
});
