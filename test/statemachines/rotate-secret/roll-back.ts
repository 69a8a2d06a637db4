import { describe, expect, test } from '@jest/globals';
import { check, consumerOf, ofRotation, PREVIOUS, TOKEN } from '../rotation.ts';
import { FunctionFailed, serviceFailed } from '../world.ts';
import { operations, outage, refuseStart, rotate, world } from './world.ts';

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

describe('a roll-back', () => {
  const given = (more: object = {}) => {
    ofRotation(world, { plan: { checks: [check('login')], ...more } });
    world.functions.Check = () => ({ outcome: 'failed', code: 'WrongPassword', cause: 'refused' });
  };

  test('that another value has overtaken is reported as a failure: nothing is propagated', async () => {
    given();
    world.functions.Rotate = () => ({ rolledBack: false, reason: 'superseded' });
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(world.reports('failed')).toHaveLength(1);
    expect(world.reports('rolled-back')).toEqual([]);
  });

  test('is propagated to the consumers, again where Step Functions is throttled', async () => {
    given({ consumers: [consumerOf('shop', 'Shop')] });
    world.functions.Shop = () => {
      refuseStart('propagate-secret', 'ThrottlingException', 400, 1);
      return {};
    };
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect(world.executions('propagate-secret')).toHaveLength(2);
    expect(world.reports('rolled-back')).toHaveLength(1);
  });

  test('that cannot be propagated is reported as rolled back all the same, and the previous value is checked', async () => {
    given({ consumers: [consumerOf('shop', 'Shop')] });
    world.functions.Shop = () => {
      refuseStart('propagate-secret', 'InvalidArn', 400, 1);
      return {};
    };
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect(world.executions('propagate-secret')).toHaveLength(1);
    expect(world.callsOf('Check').map(({ payload }) => payload.versionId)).toEqual([TOKEN, PREVIOUS]);
    expect(world.reports('rolled-back')).toHaveLength(1);
  });

  test('whose checks cannot be run says so in its report', async () => {
    ofRotation(world, { plan: { path: 'roll-back', checks: 'none' as never } });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.reports('rolled-back')[0].checksAgain).toMatchObject([
      { name: 'CheckAgain', outcome: 'inconclusive', code: 'States.QueryEvaluationError' },
    ]);
  });

  test('schedules the revocation of what failed again where Step Functions is away', async () => {
    given();
    refuseStart('retire-credential', 'ServiceUnavailable', 503, 3);
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect(world.executions('retire-credential').map(({ name }) => name)).toEqual([`revoke-${TOKEN}`]);
  });

  test('whose revocation cannot be scheduled says so in its report', async () => {
    given();
    refuseStart('retire-credential', 'StateMachineDoesNotExist', 400, 99);
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect(world.executions('retire-credential')).toEqual([]);
    expect(world.reports('rolled-back')).toMatchObject([
      {
        failure: {
          code: 'CheckFailed',
          next: {
            what: 'the revocation of what failed could not be scheduled',
            code: 'StepFunctions.StateMachineDoesNotExistException',
          },
        },
      },
    ]);
  });

  test('of a value that was put by hand revokes nothing', async () => {
    given({ path: 'promoted-by-hand' });
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(world.executions('retire-credential')).toEqual([]);
  });
});
