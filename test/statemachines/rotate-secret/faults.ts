import { describe, expect, test } from '@jest/globals';
import type { Plan } from '../../../pipeline/workflow/plan.ts';
import { check, ofRotation, PREVIOUS, plan, SECRET_ARN, TOKEN } from '../rotation.ts';
import { FunctionFailed, serviceFailed } from '../world.ts';
import { failedBecause, failTimes, forGood, operations, outcome, passing, refuse, rotate, world } from './world.ts';

test('what is prepared in vain is reported, and nothing is done', async () => {
  world.functions.PrepareFunction = () => {
    throw new FunctionFailed('RotationInGrace');
  };
  expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'RotationInGrace' });
  expect(world.callsOf('PrepareFunction')).toHaveLength(1);
  world.functions.PrepareFunction = () => plan({ path: 'nothing-to-do' });
  expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
});

describe('each report', () => {
  const failedCheck = () => ({ outcome: 'failed', code: 'WrongPassword', cause: 'refused' });
  const scenes: [string, () => void, string][] = [
    ['started', () => ofRotation(world), 'SUCCEEDED'],
    ['promoted', () => ofRotation(world), 'SUCCEEDED'],
    ['succeeded', () => ofRotation(world), 'SUCCEEDED'],
    ['checks', () => ofRotation(world, { plan: { checks: [check('login')] } }), 'SUCCEEDED'],
    ['rolled-back', () => ofRotation(world, { plan: { checks: [check('login')] } }), 'FAILED'],
    ['failed', () => ofRotation(world, { plan: { checks: [check('login')], rollBack: false } }), 'FAILED'],
  ];

  test.each(scenes)('%s is made again after a passing fault', async (report, given, status) => {
    given();
    world.functions.Check = status === 'FAILED' ? failedCheck : () => ({ outcome: 'passed' });
    failTimes('ReportFunction', passing, 1, (payload) => payload.report === report);
    expect(await rotate()).toMatchObject({ status });
    expect(world.reports(report).length).toBeGreaterThanOrEqual(2);
  });

  test.each(scenes)('%s that cannot be made changes nothing of the outcome', async (report, given, status) => {
    given();
    world.functions.Check = status === 'FAILED' ? failedCheck : () => ({ outcome: 'passed' });
    failTimes('ReportFunction', forGood, 99, (payload) => payload.report === report);
    expect(await rotate()).toMatchObject({ status });
    expect(world.reports(report)).toHaveLength(1);
  });
});

describe('Prepare', () => {
  test('is asked again after a passing fault', async () => {
    ofRotation(world);
    failTimes('PrepareFunction', passing, 1);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('a repair', () => {
  const repair = { operation: 'Repair', secretArn: SECRET_ARN, versionId: TOKEN, code: 'CurrentRefused' } as const;
  const given = () => {
    ofRotation(world);
    world.functions.PrepareFunction = () => plan({ path: 'repair', repair });
    world.functions.Rotate = () => ({ repaired: true });
  };

  test('asks the rotation function, and nothing is rotated', async () => {
    given();
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(operations()).toEqual(['Repair']);
    expect(world.callsOf('RotateSecret')).toEqual([]);
  });

  test('is tried again while the target is away', async () => {
    given();
    failTimes('Rotate', new FunctionFailed('TargetUnavailable', 'the server is in recovery'), 30);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(operations()).toHaveLength(31);
  });

  test('that is refused is a failure, with the error', async () => {
    given();
    failTimes('Rotate', new FunctionFailed('StepRefused', 'moved on'), 9);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(operations()).toEqual(['Repair']);
  });
});

describe('a restart of the attempts of Secrets Manager', () => {
  /** The first request begins the rotation; those after it fail so often. */
  const restartsFail = (error: Error, times: number) => {
    ofRotation(world, { promotedAfterSeconds: 200 });
    const answer = world.secretsManager.RotateSecret as (payload: any, call: number) => unknown;
    world.secretsManager.RotateSecret = (payload, call) => {
      if (call > 1 && call <= 1 + times) throw error;
      return answer(payload, call);
    };
  };

  test.each([
    ['throttled, is asked for again', serviceFailed('ThrottlingException', 400), 2],
    ['refused, is left to the next look', serviceFailed('InvalidRequestException', 400), 1],
  ])('that is %s', async (_, error, times) => {
    restartsFail(error, times);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.callsOf('RotateSecret').length).toBeGreaterThan(times);
  });
});

describe('a value that was put by hand', () => {
  test('with nothing to propagate and nothing to check is reported, and nothing else', async () => {
    ofRotation(world, { plan: { path: 'promoted-by-hand' } });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.reports().map(({ report }) => report)).toEqual(['started', 'succeeded']);
  });

  test.each([
    ['promoted-by-hand', ['started', 'checks', 'succeeded']],
    ['checks-only', ['checks']],
  ] as const)('%s: its checks pass, and nothing is retired', async (path, reports) => {
    ofRotation(world, { plan: { path, checks: [check('login')] } });
    world.functions.Check = () => ({ outcome: 'passed' });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.reports().map(({ report }) => report)).toEqual(reports);
    expect(world.executions('retire-credential')).toEqual([]);
  });
});

describe('a rotation that retires the previous credential first', () => {
  const retireFirst = { versionId: PREVIOUS, previousVersionId: 'older', promotedAt: '2026-01-01T00:00:00.000Z' };
  const run = async (answer: () => unknown) => {
    const rotation: Partial<Plan> = { checks: [check('login')], retireFirst };
    ofRotation(world, { plan: rotation });
    // The roll-back that a retirement starts is another execution.
    world.functions.PrepareFunction = ({ input }) =>
      input.operation === 'roll-back' ? plan({ path: 'nothing-to-do' }) : plan(rotation);
    world.functions.Check = answer;
    return rotate();
  };

  test('has every check of the current credential pass before', async () => {
    const execution = await run(() => ({ outcome: 'passed', durationMilliseconds: 1 }));
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    const [first] = world.callsOf('Check');
    expect(first?.payload).toMatchObject({ versionId: PREVIOUS, check: { name: 'login' } });
    expect(operations()).toEqual(['GatherEvidence', 'Retire']);
    expect(first?.atSeconds).toBeLessThanOrEqual(world.callsOf('RotateSecret')[0]?.atSeconds ?? 0);
  });

  test('does not begin where a check has no verdict: nothing is retired', async () => {
    const execution = await run(() => {
      throw new FunctionFailed('NoRoute', 'no route');
    });
    expect(execution.status).toBe('FAILED');
    expect(world.reports('failed')[0].failure.cause).toContain('"Error":"CheckInconclusive"');
    expect(operations()).toEqual(['GatherEvidence']);
    expect(world.callsOf('RotateSecret')).toEqual([]);
    expect(world.reports('retirement-failed')[0].failure.cause).toMatch(
      /no verdict: login\. The previous credential is kept/,
    );
  });

  test('does not begin where a check fails: the workflow rolls back instead', async () => {
    const execution = await run(() => ({
      outcome: 'failed',
      durationMilliseconds: 1,
      code: 'WrongPassword',
      cause: 'no',
    }));
    expect(execution).toMatchObject({ status: 'FAILED', error: 'CheckFailed' });
    expect(operations()).toEqual(['GatherEvidence']);
    expect(world.callsOf('RotateSecret')).toEqual([]);
    const [, rollBack] = world.executions('rotate-secret');
    expect(JSON.parse(rollBack?.input as string)).toMatchObject({
      startedBy: 'retirement',
      operation: 'roll-back',
      expectedVersionId: PREVIOUS,
    });
  });
});

describe('before the rotation', () => {
  const clearVersionId = 'keyturn-left-00000000000000000000000000';
  const retireFirst = { versionId: PREVIOUS, previousVersionId: 'older', promotedAt: '2026-01-01T00:00:00.000Z' };

  test('a candidate that was left is given up', async () => {
    ofRotation(world, { plan: { clearVersionId } });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.callsOf('Rotate')[0]?.payload).toMatchObject({ operation: 'Abandon', versionId: clearVersionId });
  });

  test('giving it up is tried again while the target is away', async () => {
    ofRotation(world, { plan: { clearVersionId } });
    failTimes('Rotate', new FunctionFailed('TargetUnavailable'), 2);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('a candidate that cannot be given up ends it: nothing is rotated', async () => {
    ofRotation(world, { plan: { clearVersionId } });
    failTimes('Rotate', new FunctionFailed('VersionsUnrelated'), 99);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(failedBecause()).toBe('VersionsUnrelated');
    expect(world.callsOf('RotateSecret')).toEqual([]);
  });

  test.each([
    ['alone', null],
    ['after a candidate that was left', clearVersionId],
  ])('the previous credential is retired, %s', async (_how, clear) => {
    ofRotation(world, { plan: { retireFirst, clearVersionId: clear } });
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.executions('retire-credential').length).toBeGreaterThanOrEqual(1);
  });

  test('a credential that is in use keeps it from beginning', async () => {
    ofRotation(world, { plan: { retireFirst } });
    world.functions.Rotate = () => ({ verdict: 'in-use', observed: 'one session', blockers: ['billing'] });
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(world.callsOf('RotateSecret')).toEqual([]);
  });

  test('the retirement is started again where Step Functions is throttled', async () => {
    ofRotation(world, { plan: { retireFirst } });
    world.throttleNestedStart();
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('Secrets Manager', () => {
  test('that refuses the rotation is believed after a look at the labels, and the refusal is reported', async () => {
    ofRotation(world);
    world.secretsManager.RotateSecret = () => {
      throw serviceFailed('InvalidRequestException', 400);
    };
    world.secretsManager.DescribeSecret = () => ({ VersionIdsToStages: { [PREVIOUS]: ['AWSCURRENT'] } });
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(failedBecause()).toContain('InvalidRequest');
    expect(operations()).toEqual([]);
  });

  test.each([
    'RotateSecret',
    'DescribeSecret',
  ] as const)('%s is asked again after a passing fault', async (operation) => {
    ofRotation(world);
    refuse(operation, serviceFailed('InternalServiceError'), 1);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('whose labels may not be read has the candidate given up', async () => {
    ofRotation(world);
    refuse('DescribeSecret', serviceFailed('AccessDeniedException', 400), 9_999);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(operations()).toEqual(['Abandon']);
    expect(world.reports('failed')).toHaveLength(1);
  });

  test.each([
    ['AWSCURRENT stayed: it ended for good', { [PREVIOUS]: ['AWSCURRENT'], [TOKEN]: ['KEYTURN_IN_FLIGHT'] }],
    ['another writer has put a value', { other: ['AWSCURRENT'], [TOKEN]: ['KEYTURN_IN_FLIGHT'] }],
  ])('took AWSPENDING away, and %s: the candidate is given up', async (_case, VersionIdsToStages) => {
    ofRotation(world);
    world.secretsManager.DescribeSecret = () => ({ VersionIdsToStages });
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(operations()).toEqual(['Abandon']);
  });

  test('promoted it after all while it was given up: the rotation goes on', async () => {
    ofRotation(world);
    world.secretsManager.DescribeSecret = () => ({ VersionIdsToStages: { [PREVIOUS]: ['AWSCURRENT'] } });
    world.functions.Rotate = ({ operation }) =>
      operation === 'Abandon'
        ? { abandoned: false, reason: 'promoted' }
        : { verdict: 'free', retired: true, blockers: [] };
    expect(outcome(await rotate())).toBeDefined();
    expect(world.reports('promoted')).toHaveLength(1);
    expect(world.reports('failed')).toEqual([]);
  });
});

describe('giving up', () => {
  const given = () => {
    ofRotation(world);
    world.secretsManager.DescribeSecret = () => ({ VersionIdsToStages: { [PREVIOUS]: ['AWSCURRENT'] } });
  };

  test.each([
    ['is tried again while the target is away', new FunctionFailed('TargetUnavailable'), 2, 3],
    ['that no further try helps is reported', new FunctionFailed('VersionsUnrelated'), 99, 1],
  ])('%s', async (_case, error, times, calls) => {
    given();
    failTimes('Rotate', error, times);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(operations()).toEqual(Array(calls).fill('Abandon'));
    expect(world.reports('failed')).toHaveLength(1);
  });
});
