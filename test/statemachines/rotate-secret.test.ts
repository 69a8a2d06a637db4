import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { countStateTransitions } from '../../bench/state-transitions.ts';
import type { Execution } from '../../packages/laptop/services/states/state.ts';
import { BranchRecord } from './branches.ts';
import { notEntered } from './branches-not-entered.ts';
import { check, consumerOf, ofRotation, PREVIOUS, plan, TOKEN } from './rotation.ts';
import { FunctionFailed, MachineWorld, serviceFailed } from './world.ts';

let world: MachineWorld;
beforeAll(async () => {
  world = await MachineWorld.start();
}, 60_000);
afterAll(() => world?.laptop.cloud.close());
const record = new BranchRecord('rotate-secret');
afterEach(() => record.add(world.executions('rotate-secret')));
beforeEach(() => world.reset());

const rotate = () => world.run('rotate-secret', { secretId: 'app/db' });
const secondsOf = (name: string) =>
  world.callsOf(name).map(({ atSeconds }) => atSeconds - (world.calls[0]?.atSeconds ?? 0));
const gaps = (seconds: number[]) => seconds.slice(1).map((at, index) => at - (seconds[index] as number));
const operations = () => world.callsOf('Rotate').map(({ payload }) => payload.operation);
const retirement = () => {
  const [execution] = world.executions('retire-credential');
  return execution && JSON.parse(execution.input);
};

describe('a rotation that succeeds', () => {
  test('enters at most 18 states until the previous credential is retired', async () => {
    ofRotation(world);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    const [retiring] = world.executions('retire-credential');
    await world.pass(() => retiring?.status !== 'RUNNING');
    expect(retiring).toMatchObject({ status: 'SUCCEEDED' });
    const all = [...world.laptop.states.executions.byArn.values()];
    const count = ({ history }: Execution) => countStateTransitions(history as HistoryEvent[]);
    expect(all.reduce((sum, one) => sum + count(one), 0)).toBeLessThanOrEqual(18);
    expect(world.reports().map(({ report }) => report)).toEqual(['started', 'promoted', 'succeeded', 'retired']);
    expect([world.callsOf('RotateSecret').length, world.callsOf('DescribeSecret').length]).toEqual([1, 1]);
  });

  test('is looked at after one second, and then less and less often, at least every two minutes', async () => {
    ofRotation(world, { promotedAfterSeconds: 870 });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    const looks = secondsOf('DescribeSecret');
    expect(looks[0]).toBe(1);
    const between = gaps(looks);
    expect(between).toEqual([...between].sort((a, b) => a - b));
    expect(Math.max(...between)).toBeLessThanOrEqual(120);
  });

  test('goes through although no report is accepted', async () => {
    ofRotation(world);
    world.functions.ReportFunction = () => {
      throw serviceFailed('ServiceException');
    };
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(operations()).not.toContain('RollBack');
  });
});

describe('a value that another writer puts meanwhile', () => {
  const THEIRS = 'theirs-0000-0000-0000-0000000000000';
  const replacing = { [TOKEN]: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], [THEIRS]: ['AWSPREVIOUS'], [PREVIOUS]: [] };

  test('is what the promotion replaced: the retirement is about it', async () => {
    ofRotation(world);
    world.secretsManager.DescribeSecret = () => ({ VersionIdsToStages: replacing });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(retirement().previousVersionId).toBe(THEIRS);
    expect(world.reports('promoted')[0].plan.previousVersionId).toBe(THEIRS);
  });

  test.each([
    ['while the rotation is given up', { abandoned: false, reason: 'promoted' }],
    ['by an invocation that was under way', { abandoned: true, detachedPending: false }],
  ])('is what a late promotion replaced: %s', async (_, abandonment) => {
    ofRotation(world);
    const ended = { [TOKEN]: ['KEYTURN_IN_FLIGHT'], [THEIRS]: ['AWSCURRENT'], [PREVIOUS]: ['AWSPREVIOUS'] };
    world.secretsManager.DescribeSecret = (_input, look) => ({
      VersionIdsToStages: look === 1 ? ended : replacing,
    });
    const { Rotate } = world.functions;
    world.functions.Rotate = (payload, call) =>
      payload.operation === 'Abandon' ? abandonment : Rotate?.(payload, call);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(retirement().previousVersionId).toBe(THEIRS);
  });
});

describe('a promotion that came while the rotation was given up', () => {
  const current = { [TOKEN]: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], [PREVIOUS]: ['AWSPREVIOUS'] };
  const late = (look: (count: number) => Error | undefined) => {
    ofRotation(world);
    world.secretsManager.DescribeSecret = (_input, count) => {
      if (count === 1) return { VersionIdsToStages: { [TOKEN]: ['KEYTURN_IN_FLIGHT'], [PREVIOUS]: ['AWSCURRENT'] } };
      const failure = look(count);
      if (failure) throw failure;
      return { VersionIdsToStages: current };
    };
    world.functions.Rotate = () => ({ abandoned: false, reason: 'promoted' });
  };

  test('is looked at until Secrets Manager answers', async () => {
    late((count) => (count < 20 ? serviceFailed('InternalServiceError') : undefined));
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(retirement().previousVersionId).toBe(PREVIOUS);
  });

  test('is gone on with by the plan where no look is possible', async () => {
    late(() => serviceFailed('ResourceNotFoundException', 400));
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(retirement().previousVersionId).toBe(PREVIOUS);
  });
});

describe('a rotation that is not promoted', () => {
  test('Secrets Manager is asked again with the same token, less and less often, until the deadline', async () => {
    ofRotation(world, { promotedAfterSeconds: Infinity, plan: { promotionTimeoutSeconds: 7_200 } });
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'PromotionOverdue' });
    const tokens = new Set(world.callsOf('RotateSecret').map(({ payload }) => payload.ClientRequestToken));
    expect([...tokens]).toEqual([TOKEN]);
    const asked = secondsOf('RotateSecret');
    expect(asked.length).toBeGreaterThan(6);
    expect(asked.length).toBeLessThan(20);
    const between = gaps(asked);
    expect(between[0]).toBeGreaterThanOrEqual(60);
    expect(Math.max(...between)).toBeLessThanOrEqual(900 + 120);
    expect(operations()[0]).toBe('Abandon');
  });

  test('its attempts having ended during an outage, it is promoted by those that were asked for', async () => {
    ofRotation(world, { promotedAfterSeconds: Infinity });
    const { DescribeSecret } = world.secretsManager;
    const promoted = { [TOKEN]: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], [PREVIOUS]: ['AWSPREVIOUS'] };
    world.secretsManager.DescribeSecret = (input, call) =>
      world.callsOf('RotateSecret').length >= 3 ? { VersionIdsToStages: promoted } : DescribeSecret?.(input, call);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('two days of waiting fit into a history', async () => {
    ofRotation(world, { promotedAfterSeconds: Infinity, plan: { promotionTimeoutSeconds: 172_800 } });
    const execution = await rotate();
    expect(execution).toMatchObject({ status: 'FAILED', error: 'PromotionOverdue' });
    expect(execution.history.length).toBeLessThan(20_000);
  }, 120_000);

  test('an adopted rotation is asked for again as well', async () => {
    ofRotation(world, { promotedAfterSeconds: Infinity, plan: { path: 'adopted', promotionTimeoutSeconds: 300 } });
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'PromotionOverdue' });
    expect(world.callsOf('RotateSecret').length).toBeGreaterThan(0);
  });
});

const RETRIED_FOR_SECONDS = 16 * 60;
/** Fails as long as the outage lasts. */
function outage(world: MachineWorld, failure: () => Error, answer: () => unknown, seconds = RETRIED_FOR_SECONDS) {
  let since: number | undefined;
  return () => {
    const now = world.clock.now().getTime() / 1000;
    since ??= now;
    if (now - since < seconds) throw failure();
    return answer();
  };
}

describe('a roll-back', () => {
  const failing = { outcome: 'failed', durationMilliseconds: 1, code: 'WrongPassword', cause: 'refused' };

  test.each([
    ...['InternalFailure', 'InternalServiceError', 'ServiceUnavailable', 'RequestTimeout', 'DecryptionFailure'],
    ...['KMSInvalidStateException', 'KMSDisabledException', 'KMSAccessDeniedException', 'ThrottlingException'],
    ...['TargetUnavailable', 'TimeoutError', 'Error', 'AccessDeniedException'],
  ])('%s for a quarter of an hour: it is tried until it succeeds', async (name) => {
    ofRotation(world, { plan: { checks: [check('login')] } });
    world.functions.Check = () => failing;
    world.functions.Rotate = outage(
      world,
      () => new FunctionFailed(name),
      () => ({ rolledBack: true }),
    );
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect(world.reports('rolled-back')).toHaveLength(1);
    expect(world.reports('failed')).toEqual([]);
  });

  test('Lambda itself away for a quarter of an hour: it is tried until it succeeds', async () => {
    ofRotation(world, { plan: { checks: [check('login')] } });
    world.functions.Check = () => failing;
    world.functions.Rotate = outage(
      world,
      () => serviceFailed('ServiceException'),
      () => ({ rolledBack: true }),
    );
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
  });

  test('what another try does not help is tried once, and reported', async () => {
    ofRotation(world, { plan: { checks: [check('login')] } });
    world.functions.Check = () => failing;
    world.functions.Rotate = () => {
      throw new FunctionFailed('RollBackImpossible');
    };
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'RollBackFailed' });
    expect(operations()).toEqual(['RollBack']);
    expect(world.reports('failed')).toMatchObject([{ failure: { next: { code: 'RollBackImpossible' } } }]);
  });

  test('a person who asks for one gets it; one that a failed check asks for later is a failure', async () => {
    ofRotation(world, { plan: { path: 'roll-back' } });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    const failure = { code: 'CheckFailed', checks: [{ name: 'login', type: 'database', outcome: 'failed' }] };
    const later = await world.run('rotate-secret', { secretId: 'app/db', failure });
    expect(later).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect(world.reports('rolled-back').map((one) => one.failure.code)).toEqual(['RollBackRequested', 'CheckFailed']);
  });
});

describe('a check', () => {
  const run = async (answer: () => unknown, more: object = {}) => {
    ofRotation(world, { plan: { checks: [check('login'), check('page', 'Other')], ...more } });
    world.functions.Check = answer;
    world.functions.Other = () => ({ outcome: 'passed', durationMilliseconds: 1, observed: 'it works' });
    return rotate();
  };

  test('that never has a verdict is inconclusive: nothing is undone, and the retirement asks it again', async () => {
    const execution = await run(() => {
      throw new FunctionFailed('NoRoute', 'no route to the database');
    });
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(operations()).toEqual([]);
    const [{ checks }] = world.reports('checks');
    expect(checks).toMatchObject([
      { name: 'login', type: 'database', outcome: 'inconclusive', code: 'NoRoute' },
      { name: 'page', outcome: 'passed', observed: 'it works' },
    ]);
    const asked = secondsOf('Check');
    expect((asked.at(-1) ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(900);
    expect(retirement().checks).toEqual([check('login')]);
  });

  test('that fails rolls back at once, however long another one has no verdict', async () => {
    const execution = await run(() => ({ outcome: 'failed', durationMilliseconds: 1, code: 'X', cause: 'y' }), {
      checks: [check('login'), check('page', 'Away')],
    });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    const [rollBack] = world.callsOf('Rotate');
    expect((rollBack?.atSeconds ?? 0) - (world.calls[0]?.atSeconds ?? 0)).toBeLessThan(60);
  });

  test('that fails after an outage rolls back at once, however long another one has no verdict', async () => {
    const answer = outage(
      world,
      () => new FunctionFailed('NoRoute'),
      () => ({ outcome: 'failed', durationMilliseconds: 1, code: 'X', cause: 'y' }),
      120,
    );
    const execution = await run(answer, { checks: [check('login'), check('page', 'Away')] });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    const [rollBack] = world.callsOf('Rotate');
    expect((rollBack?.atSeconds ?? 0) - (world.calls[0]?.atSeconds ?? 0)).toBeLessThan(240);
    expect(world.reports('checks')[0].checks).toMatchObject([
      { name: 'login', outcome: 'failed', code: 'X' },
      { name: 'page', outcome: 'inconclusive' },
    ]);
  });

  test('that cannot be asked at all is inconclusive too, and is not asked again and again', async () => {
    const execution = await run(() => {
      throw new FunctionFailed('ConsumerMissing');
    });
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.callsOf('Check')).toHaveLength(2);
    expect(retirement().checks).toEqual([check('login')]);
  });

  test('that has a verdict after an outage counts by it', async () => {
    expect(
      await run(
        outage(
          world,
          () => new FunctionFailed('TargetBusy'),
          () => ({ ok: true }),
        ),
      ),
    ).toMatchObject({
      status: 'SUCCEEDED',
    });
    expect(world.reports('checks')[0].checks[0]).toEqual({ name: 'login', type: 'database', outcome: 'passed' });
    expect(retirement().checks).toEqual([]);
  });

  test.each([
    ['answers that it failed', () => ({ outcome: 'failed', durationMilliseconds: 1, code: 'X', cause: 'y' })],
    ['answers in the words of before', () => ({ ok: false, durationMilliseconds: 1, code: 'X', cause: 'y' })],
    [
      'throws its verdict',
      () => {
        throw new FunctionFailed('CheckFailed');
      },
    ],
  ])('that %s rolls back', async (_, answer) => {
    expect(await run(answer)).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect(operations()[0]).toBe('RollBack');
    expect(world.reports('rolled-back')[0].failure.checks[0]).toMatchObject({ name: 'login', outcome: 'failed' });
  });

  test.each([
    ['a text', () => 'fine'],
    ['nothing', () => null],
  ])('of somebody that answers %s has passed, as it always has', async (_, answer) => {
    expect(await run(answer)).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.reports('checks')[0].checks[0]).toEqual({ name: 'login', type: 'database', outcome: 'passed' });
  });

  test('on demand says that it has no verdict', async () => {
    const answer = () => {
      throw new FunctionFailed('NoRoute');
    };
    expect(await run(answer, { path: 'checks-only' })).toMatchObject({ status: 'FAILED', error: 'CheckInconclusive' });
    expect(operations()).toEqual([]);
  });
});

describe('consumers', () => {
  const consumer = consumerOf('shop', 'Shop');

  test('the rotation goes on at once; the retirement waits for the last evidence where that comes after the grace', async () => {
    ofRotation(world, { plan: { consumers: [consumer], gracePeriodSeconds: 60 } });
    world.functions.Shop = () => ({ keyturn: { environmentId: 'one' } });
    const rotation = await rotate();
    expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.clock.now().getTime() - rotation.startedAt.getTime()).toBeLessThan(5_000);
    await world.pass(() => world.reports('retired').length > 0);
    const [evidence] = world.callsOf('Rotate');
    const promoted = Date.parse(JSON.parse(world.executions('propagate-secret')[0]?.input as string).promotedAt);
    expect((evidence?.atSeconds ?? 0) * 1000).toBeGreaterThanOrEqual(
      promoted + 330_000 - Date.parse('2026-01-01T00:00:00Z'),
    );
    expect(world.reports('converged')).toMatchObject([{ consumers: [{ consumer: 'shop', evidence: 'bound' }] }]);
  });

  test('a propagation that cannot be carried out does not undo the promotion, and the retirement waits for the bounds', async () => {
    ofRotation(world, { plan: { consumers: [consumer], gracePeriodSeconds: 60 } });
    const { stop } = world.laptop.states.executions;
    world.functions.Shop = () => {
      for (const one of world.executions('propagate-secret')) stop.call(world.laptop.states.executions, one);
      return {};
    };
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    const { evidenceExpectedAt, promotedAt } = retirement();
    expect(Date.parse(evidenceExpectedAt) - Date.parse(promotedAt)).toBe(330_000);
    expect(world.reports('succeeded')[0].propagation.consumers).toMatchObject([{ consumer: 'shop', state: 'lagging' }]);
  });
});

test('what is prepared in vain is reported, and nothing is done', async () => {
  world.functions.PrepareFunction = () => {
    throw new FunctionFailed('RotationInGrace');
  };
  expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'RotationInGrace' });
  expect(world.callsOf('PrepareFunction')).toHaveLength(1);
  world.functions.PrepareFunction = () => plan({ path: 'nothing-to-do' });
  expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
});

test('every branch of rotate-secret was entered, but for those that are written down', () => {
  expect(record.notEntered()).toEqual(notEntered['rotate-secret']);
});
