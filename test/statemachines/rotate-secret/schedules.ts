import { describe, expect, test } from '@jest/globals';
import { check, consumerOf, ofRotation, PREVIOUS, TOKEN } from '../rotation.ts';
import { FunctionFailed, serviceFailed } from '../world.ts';
import { failedBecause, failTimes, operations, refuse, refuseStart, retirement, rotate, world } from './world.ts';

describe('the propagation', () => {
  test('is started again where Step Functions is throttled', async () => {
    ofRotation(world, { plan: { consumers: [consumerOf('shop', 'Shop')] } });
    world.functions.Shop = () => ({});
    refuseStart('propagate-secret', 'ThrottlingException', 400, 2);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.reports('succeeded')[0].propagation.consumers).toMatchObject([{ state: 'converging' }]);
  });
});

describe('the checks', () => {
  test('that cannot be run are inconclusive, and nothing is undone', async () => {
    ofRotation(world, { plan: { checks: 'none' as never } });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(operations()).not.toContain('RollBack');
    expect(world.reports('checks')[0].checks).toMatchObject([
      { name: 'RunChecks', outcome: 'inconclusive', code: 'States.QueryEvaluationError' },
    ]);
    expect(retirement().checks).toBe('none');
  });

  test('one that throws its verdict after an outage rolls back', async () => {
    ofRotation(world, { plan: { checks: [check('login')] } });
    world.functions.Check = (_, call) => {
      throw new FunctionFailed(call < 8 ? 'TargetUnavailable' : 'CheckFailed', 'refused');
    };
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    // The revocation of what failed may have begun beside the report.
    expect(operations()[0]).toBe('RollBack');
    expect(world.reports('checks')[0].checks).toMatchObject([
      { name: 'login', outcome: 'failed', code: 'CheckFailed', cause: expect.stringContaining('refused') },
    ]);
  });
});

describe('the retirement', () => {
  test('is scheduled again where Step Functions is away', async () => {
    ofRotation(world);
    refuseStart('retire-credential', 'ServiceUnavailable', 503, 3);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.executions('retire-credential').map(({ name }) => name)).toEqual([`retire-${TOKEN}`]);
  });

  test('that was scheduled already is not scheduled twice, and the rotation has succeeded', async () => {
    ofRotation(world);
    await world.begin('retire-credential', { already: 'begun' }, `retire-${TOKEN}`);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.executions('retire-credential')).toHaveLength(1);
    expect([world.reports('succeeded').length, world.reports('failed').length]).toEqual([1, 0]);
  });

  test('that cannot be scheduled is a failure: the previous credential would live for ever', async () => {
    ofRotation(world);
    refuseStart('retire-credential', 'StateMachineDoesNotExist', 400, 99);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(failedBecause()).toBe('StepFunctions.StateMachineDoesNotExistException');
    expect(operations()).toEqual([]);
  });
});

describe('an invocation that was under way while the rotation was given up', () => {
  const detached = { [TOKEN]: ['KEYTURN_IN_FLIGHT'], [PREVIOUS]: ['AWSCURRENT'] };
  const attached = { [TOKEN]: ['AWSPENDING', 'KEYTURN_IN_FLIGHT'], [PREVIOUS]: ['AWSCURRENT'] };
  /** It attaches AWSPENDING once more after the first Abandon. */
  const given = () => {
    ofRotation(world);
    world.secretsManager.DescribeSecret = (_, look) => ({ VersionIdsToStages: look === 1 ? detached : attached });
  };
  const isSecond = (call: number) => call > 1;

  test('has its candidate given up once more, a good minute later', async () => {
    given();
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(operations()).toEqual(['Abandon', 'Abandon']);
    const [first, second] = world.callsOf('Rotate').map(({ atSeconds }) => atSeconds);
    expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(65);
    expect(failedBecause()).toBe('RotationAbandoned');
  });

  test.each([
    ['is tried again while the target is away', new FunctionFailed('TargetUnavailable'), 2, 4],
    ['is left to the audit where no further try helps', new FunctionFailed('VersionsUnrelated'), 99, 2],
  ])('giving it up once more %s', async (_how, error, times, calls) => {
    given();
    let turn = 0;
    failTimes('Rotate', error, times, () => ++turn > 1);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(operations()).toEqual(Array(calls).fill('Abandon'));
    expect(world.reports('failed')).toHaveLength(1);
  });

  test('that promoted it after all has the rotation go on', async () => {
    given();
    const { Rotate } = world.functions;
    world.functions.Rotate = (payload, call) =>
      payload.operation === 'Abandon' && call > 1 ? { abandoned: false, reason: 'promoted' } : Rotate?.(payload, call);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.reports().map(({ report }) => report)).toEqual(['started', 'failed', 'promoted', 'succeeded']);
    expect(retirement().versionId).toBe(TOKEN);
  });

  test('is not looked for where the secret is gone', async () => {
    given();
    refuse('DescribeSecret', serviceFailed('ResourceNotFoundException', 400), 99, isSecond);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(operations()).toEqual(['Abandon']);
    expect(world.callsOf('DescribeSecret')).toHaveLength(2);
  });
});

test('a secret that is gone when its rotation is looked at has its candidate given up, without another look', async () => {
  ofRotation(world);
  refuse('DescribeSecret', serviceFailed('ResourceNotFoundException', 400), 99);
  expect(await rotate()).toMatchObject({ status: 'FAILED' });
  expect(operations()).toEqual(['Abandon']);
  expect(failedBecause()).toBe('SecretsManager.ResourceNotFoundException');
});
