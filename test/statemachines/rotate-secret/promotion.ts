import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { describe, expect, test } from '@jest/globals';
import { countStateTransitions } from '../../../bench/state-transitions.ts';
import type { Execution } from '../../../packages/laptop/services/states/state.ts';
import { ofRotation, PREVIOUS, TOKEN } from '../rotation.ts';
import { serviceFailed } from '../world.ts';
import { operations, retirement, rotate, secondsOf, world } from './world.ts';

const gaps = (seconds: number[]) => seconds.slice(1).map((at, index) => at - (seconds[index] as number));

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
