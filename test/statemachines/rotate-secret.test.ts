import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { countStateTransitions } from '../../bench/state-transitions.ts';
import type { Execution } from '../../packages/laptop/services/states/state.ts';
import { ofRotation, plan, TOKEN } from './rotation.ts';
import { MachineWorld } from './world.ts';

let world: MachineWorld;
beforeAll(async () => {
  world = await MachineWorld.start();
}, 60_000);
afterAll(() => world?.laptop.cloud.close());
beforeEach(() => world.reset());

const machines = ['rotate-secret', 'propagate-secret', 'await-convergence', 'retire-credential'];
const transitions = (executions: Execution[]) =>
  executions.reduce((sum, { history }) => sum + countStateTransitions(history as HistoryEvent[]), 0);
const begun = (since: number) => machines.flatMap((name) => world.executions(name)).slice(since);
const statesOf = ({ history }: Execution) =>
  history.flatMap((event: any) => event.stateEnteredEventDetails?.name ?? []) as string[];

describe('a rotation that succeeds', () => {
  test('enters at most 18 states until the previous credential is retired, and looks after one second', async () => {
    ofRotation(world, { promotedAfterSeconds: 0.5 });
    const rotation = await world.run('rotate-secret', { secretId: 'app/db' });
    expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
    const [retirement] = world.executions('retire-credential');
    await world.pass(() => retirement?.status !== 'RUNNING');
    expect(retirement).toMatchObject({ status: 'SUCCEEDED' });
    console.info(
      statesOf(rotation),
      statesOf(retirement as Execution),
      world.calls.map((c) => [c.atSeconds, c.name]),
    );
    expect(transitions(begun(0))).toBeLessThanOrEqual(18);
  });
});
