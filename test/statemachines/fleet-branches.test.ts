import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Execution } from '../../packages/laptop/services/states/state.ts';
import { BranchRecord } from './branches.ts';
import { ofRotation, plan } from './rotation.ts';
import { FunctionFailed, MachineWorld, serviceFailed } from './world.ts';

let world: MachineWorld;
const record = new BranchRecord('rotate-fleet');
beforeAll(async () => {
  world = await MachineWorld.start();
}, 60_000);
afterAll(() => world?.laptop.cloud.close());
beforeEach(() => {
  world.laptop.cloud.faults.clear();
  world.reset();
});

interface Page {
  readonly canaries?: string[];
  readonly secretIds?: string[];
  readonly toleratedFailurePercentage?: number;
}

/** The pages that the selection answers; rotations of the secrets in `failing` fail. */
function fleetOf(pages: readonly Page[], failing: readonly string[] = []): void {
  ofRotation(world);
  let number = 0;
  world.functions.SelectSecretsFunction = () => {
    const page = pages[number] ?? {};
    number += 1;
    return {
      total: pages.flatMap(({ canaries = [], secretIds = [] }) => [...canaries, ...secretIds]).length,
      canaries: [],
      secretIds: [],
      after: number < pages.length ? `page ${number}` : null,
      maxConcurrency: 2,
      toleratedFailurePercentage: 0,
      startedBy: 'fleet',
      emergency: false,
      ...page,
    };
  };
  world.functions.PrepareFunction = ({ input }) => {
    if (failing.includes(input.secretId)) throw new FunctionFailed('SecretUnusable');
    return plan({ path: 'nothing-to-do', reason: `${input.secretId} needs nothing` } as never);
  };
}

async function rotate(): Promise<Execution> {
  const execution = await world.run('rotate-fleet', { all: true });
  record.add([...world.laptop.states.executions.byArn.values()]);
  return execution;
}

const prepared = () => world.callsOf('PrepareFunction').map(({ payload }) => payload.input.secretId);
const told = () => world.reports('fleet')[0];

describe('a fleet', () => {
  test('rotates its canaries, then page after page, and says how many', async () => {
    fleetOf([{ canaries: ['one'], secretIds: ['two', 'three'] }, { secretIds: ['four'] }]);
    const execution = await rotate();
    expect(execution.status).toBe('SUCCEEDED');
    expect(prepared()[0]).toBe('one');
    expect(prepared().slice(0, 3).sort()).toEqual(['one', 'three', 'two']);
    expect(prepared()[3]).toBe('four');
    expect(told()).toMatchObject({ selected: 4, failure: null });
  });

  test('stops at a canary that fails: no other secret is touched', async () => {
    fleetOf([{ canaries: ['one'], secretIds: ['two'] }], ['one']);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(new Set(prepared())).toEqual(new Set(['one']));
    expect(told().failure.code).toBe('States.ExceedToleratedFailureThreshold');
  });

  test('stops at more failures than it tolerates, and goes on below', async () => {
    const page = { secretIds: ['one', 'two', 'three', 'four'] };
    fleetOf([page, { secretIds: ['five'] }], ['one', 'two', 'three', 'four']);
    expect(await rotate()).toMatchObject({ status: 'FAILED' });
    expect(prepared()).not.toContain('five');
    world.reset();
    fleetOf([{ ...page, toleratedFailurePercentage: 50 }, { secretIds: ['five'] }], ['one']);
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(prepared()).toContain('five');
  });

  test('that nobody is in, or that may not be asked for, is reported with its reason', async () => {
    fleetOf([]);
    world.functions.SelectSecretsFunction = () => {
      throw new FunctionFailed('FleetEmpty', 'no secret of that group');
    };
    expect(await rotate()).toMatchObject({ status: 'FAILED', error: 'FleetEmpty' });
    expect(world.callsOf('SelectSecretsFunction')).toHaveLength(1);
    expect(told()).toMatchObject({ selected: 0, succeeded: 0, failure: { code: 'FleetEmpty' } });
  });

  test('whose selection meets a passing fault is selected again', async () => {
    fleetOf([{ secretIds: ['one'] }]);
    const select = world.functions.SelectSecretsFunction as (payload: unknown, call: number) => unknown;
    world.functions.SelectSecretsFunction = (payload, call) => {
      if (call === 1) throw serviceFailed('ServiceException');
      return select(payload, call);
    };
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
  });

  test.each([
    ['a canary', { canaries: ['one'] }],
    ['another secret', { secretIds: ['one'] }],
  ])('starts the rotation of %s again where Step Functions is throttled', async (_which, page) => {
    fleetOf([page]);
    world.throttleNestedStart();
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
    expect(prepared()).toEqual(['one']);
  });

  test('is reported again after a passing fault', async () => {
    fleetOf([{ secretIds: ['one'] }]);
    world.functions.ReportFunction = (report, call) => {
      if (call === 1 && report.report === 'fleet') throw serviceFailed('ServiceException');
      return { code: 'Succeeded', message: 'one secret' };
    };
    expect(await rotate()).toMatchObject({ status: 'SUCCEEDED' });
  });

  test.each([
    ['that was rotated', [], 'SUCCEEDED', undefined],
    ['that was stopped', ['one'], 'FAILED', 'States.ExceedToleratedFailureThreshold'],
  ])('%s ends so although its report cannot be made', async (_how, failing, status, error) => {
    fleetOf([{ secretIds: ['one'] }], failing);
    world.functions.ReportFunction = ({ report }) => {
      if (report === 'fleet') throw new FunctionFailed('InputInvalid');
      return { code: report, message: report };
    };
    const execution = await rotate();
    expect(execution.status).toBe(status);
    expect(execution.error).toBe(error);
  });
});

test('every branch of rotate-fleet was entered', () => {
  expect(record.notEntered()).toEqual([]);
});
