import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Execution } from '../../packages/laptop/services/states/state.ts';
import { BranchRecord } from './branches.ts';
import { consumerOf, SECRET_ARN, TOKEN } from './rotation.ts';
import { FunctionFailed, MachineWorld, serviceFailed } from './world.ts';

let world: MachineWorld;
const record = new BranchRecord('propagate-secret');
beforeAll(async () => {
  world = await MachineWorld.start();
}, 60_000);
afterAll(() => world?.laptop.cloud.close());
beforeEach(() => {
  world.laptop.cloud.faults.clear();
  world.reset();
  world.functions.Shop = () => ({ keyturn: { environmentId: 'one' } });
  world.functions.RecycleConsumerFunction = () => ({ done: true, timeoutSeconds: 30 });
  world.functions.MirrorSecretFunction = ({ mirror }) => ({ mirror: mirror.parameterName });
});

const notified = consumerOf('shop', 'Shop');
const expiring = consumerOf('cron', 'Cron', 'expire');
const recycled = consumerOf('api', 'Api', 'recycle');
const mirror = { to: 'parameter', parameterName: '/app/db' } as const;

/** Each propagation is of a promotion of its own: `await-convergence` is named after it. */
let promotions = 0;
async function propagate(more: object, promotion = ++promotions): Promise<Execution> {
  const promotedAt = new Date(Date.parse('2026-01-01T00:00:00Z') + promotion * 1_000).toISOString();
  const change = { secretArn: SECRET_ARN, secretName: 'app/db', versionId: TOKEN, promotedAt };
  const execution = await world.run('propagate-secret', { ...change, consumers: [], mirrors: [], ...more });
  record.add(world.executions('propagate-secret'));
  return execution;
}
const output = ({ output: text }: Execution) => JSON.parse(String(text));
const states = (execution: Execution) => output(execution).consumers.map(({ state }: { state: string }) => state);
const failing =
  (error: Error, times: number, answer: (payload: any) => unknown) =>
  (payload: any, call: number): unknown => {
    if (call <= times) throw error;
    return answer(payload);
  };

describe('consumers', () => {
  test('of each way to get fresh converge, and are awaited', async () => {
    expect(states(await propagate({ consumers: [notified, recycled, expiring] }))).toEqual(Array(3).fill('converging'));
    expect(world.executions('await-convergence')).toHaveLength(1);
  });

  test('where there are none, nothing is awaited', async () => {
    expect(output(await propagate({}))).toEqual({ consumers: [], mirrors: [] });
    expect(world.executions('await-convergence')).toEqual([]);
  });

  test.each([
    ['Lambda is throttled', serviceFailed('TooManyRequestsException', 429)],
    ['their process died', new FunctionFailed('Runtime.ExitError')],
  ])('are notified again where %s', async (_why, error) => {
    world.functions.Shop = failing(error, 1, () => ({ keyturn: { environmentId: 'two' } }));
    const execution = await propagate({ consumers: [notified] });
    expect(output(execution).consumers).toMatchObject([{ state: 'converging', sample: { environmentId: 'two' } }]);
    expect(world.callsOf('Shop')).toHaveLength(2);
  });

  test('that cannot be notified lag, with the reason', async () => {
    world.functions.Shop = failing(new FunctionFailed('ImportError', 'no module'), 9, () => ({}));
    const execution = await propagate({ consumers: [notified] });
    expect(output(execution).consumers).toMatchObject([
      { state: 'lagging', reason: expect.stringMatching(/^ImportError: .*no module/) },
    ]);
    expect(world.callsOf('Shop')).toHaveLength(1);
  });

  test('are recycled again after a passing fault', async () => {
    const done = () => ({ done: true, timeoutSeconds: 30 });
    world.functions.RecycleConsumerFunction = failing(serviceFailed('ServiceException'), 1, done);
    expect(states(await propagate({ consumers: [recycled] }))).toEqual(['converging']);
  });

  test('that may not be recycled lag, with the reason', async () => {
    world.functions.RecycleConsumerFunction = failing(new FunctionFailed('RecycleRefused', 'weighted'), 99, () => ({}));
    const execution = await propagate({ consumers: [recycled] });
    expect(output(execution).consumers).toMatchObject([
      { state: 'lagging', reason: expect.stringContaining('weighted') },
    ]);
    expect(world.callsOf('RecycleConsumerFunction')).toHaveLength(1);
  });

  test('whose recycle meets nothing but faults are left to their bound or lag: they are not called recycled', async () => {
    world.functions.RecycleConsumerFunction = failing(serviceFailed('ServiceException'), 99, () => ({}));
    const execution = await propagate({ consumers: [recycled] });
    expect(states(execution)).not.toContain('converged');
    expect(world.callsOf('RecycleConsumerFunction').length).toBeGreaterThanOrEqual(9);
  });
});

describe('mirrors', () => {
  test('are brought along, also after a passing fault', async () => {
    const inStep = () => ({ mirror: '/app/db' });
    world.functions.MirrorSecretFunction = failing(serviceFailed('ServiceException'), 1, inStep);
    expect(output(await propagate({ mirrors: [mirror] })).mirrors).toEqual([{ mirror: '/app/db', state: 'in-step' }]);
    expect(world.executions('await-convergence')).toEqual([]);
  });

  test('that stay behind lag, with the reason, and are awaited', async () => {
    world.functions.MirrorSecretFunction = failing(new FunctionFailed('MirrorFailed', 'too large'), 9, () => ({}));
    expect(output(await propagate({ mirrors: [mirror] })).mirrors).toMatchObject([
      { mirror: '/app/db', state: 'lagging', reason: expect.stringMatching(/^MirrorFailed: .*too large/) },
    ]);
    expect(world.executions('await-convergence')).toHaveLength(1);
  });
});

describe('the report', () => {
  test('is made again after a passing fault', async () => {
    world.functions.ReportFunction = failing(serviceFailed('ServiceException'), 1, () => ({}));
    await propagate({});
    expect(world.reports('propagated')).toHaveLength(2);
  });

  test('that cannot be made keeps nothing from being awaited', async () => {
    world.functions.ReportFunction = ({ report }) => {
      if (report === 'propagated') throw new FunctionFailed('InputInvalid');
      return {};
    };
    expect(states(await propagate({ consumers: [expiring] }))).toEqual(['converging']);
    expect(world.executions('await-convergence')).toHaveLength(1);
  });
});

describe('waiting for convergence', () => {
  const startExecution = { service: 'states', operation: 'StartExecution', kind: 'error', nth: 2 } as const;
  const refuse = (code: string, httpStatus: number, times: number) =>
    world.laptop.cloud.faults.add({ ...startExecution, code, httpStatus, times });

  test('is started once for a promotion', async () => {
    await propagate({ consumers: [expiring] }, 1_000);
    await propagate({ consumers: [expiring] }, 1_000);
    expect(world.executions('await-convergence')).toHaveLength(1);
    expect(world.reports('lagging')).toEqual([]);
  });

  test('is started again after a passing fault', async () => {
    refuse('ServiceUnavailable', 503, 1);
    await propagate({ consumers: [expiring] });
    expect(world.executions('await-convergence')).toHaveLength(1);
    expect(world.reports('lagging')).toEqual([]);
  });

  test.each([
    ['is reported', undefined, 1],
    ['is reported again after a passing fault', serviceFailed('ServiceException'), 2],
  ])('that cannot be started %s: each consumer lags, and none is called converged', async (_how, fault, times) => {
    let turn = 0;
    world.functions.ReportFunction = ({ report }) => {
      if (report === 'lagging' && fault && ++turn === 1) throw fault;
      return {};
    };
    refuse('InvalidName', 400, 1);
    const execution = await propagate({ consumers: [expiring] });
    expect(states(execution)).toEqual(['lagging']);
    expect(world.reports('lagging')).toHaveLength(times);
    expect(world.executions('await-convergence')).toEqual([]);
  });

  test('that can neither be started nor reported ends the propagation with what is known', async () => {
    world.functions.ReportFunction = ({ report }) => {
      if (report === 'lagging') throw new FunctionFailed('InputInvalid');
      return {};
    };
    refuse('InvalidName', 400, 1);
    expect(states(await propagate({ consumers: [expiring] }))).toEqual(['lagging']);
  });
});

test('a change without a list of consumers fails, with the reason, and is not taken for propagated', async () => {
  const execution = await propagate({ consumers: 'none' });
  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
  expect(world.reports('propagated')).toEqual([]);
});

test('every branch of propagate-secret was entered', () => {
  expect(record.notEntered()).toEqual([]);
});
