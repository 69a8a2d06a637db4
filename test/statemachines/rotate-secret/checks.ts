import { describe, expect, test } from '@jest/globals';
import { check, consumerOf, ofRotation } from '../rotation.ts';
import { FunctionFailed } from '../world.ts';
import { operations, outage, retirement, rotate, secondsOf, world } from './world.ts';

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
