import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { Execution } from '../../../packages/laptop/services/states/state.ts';
import { BranchRecord } from '../branches.ts';
import { type Call, FunctionFailed, MachineWorld, serviceFailed } from '../world.ts';

/** One laptop for every file of this folder, and one record of the branches that they enter together. */
export let world: MachineWorld;
export const record = new BranchRecord('rotate-secret');
beforeAll(async () => {
  world = await MachineWorld.start();
}, 60_000);
afterAll(() => world?.laptop.cloud.close());
afterEach(() => record.add(world.executions('rotate-secret')));
beforeEach(() => {
  world.laptop.cloud.faults.clear();
  world.reset();
});

export const passing = serviceFailed('ServiceException');
export const forGood = new FunctionFailed('InputInvalid', 'a fault in the request');

export const rotate = () => world.run('rotate-secret', { secretId: 'app/db' });
export const operations = () => world.callsOf('Rotate').map(({ payload }) => payload.operation);
export const outcome = (execution: Execution) => JSON.parse(String(execution.output)).outcome;
export const failedBecause = () => world.reports('failed')[0]?.failure?.code;
/** The seconds of these calls, counted from the first call of all. */
export const secondsOf = (name: string) =>
  world.callsOf(name).map(({ atSeconds }: Call) => atSeconds - (world.calls[0]?.atSeconds ?? 0));
/** What the retirement of this rotation was started with. */
export const retirement = () => {
  const [execution] = world.executions('retire-credential');
  return execution && JSON.parse(execution.input);
};

type Answer = (payload: any, call: number) => unknown;

/** The first `times` calls that are meant fail; then the operation answers as before. */
function failFirst(
  operations: Record<string, unknown>,
  name: string,
  { error, times }: { readonly error: Error; readonly times: number },
  isMeant: (payload: any, call: number) => boolean,
): void {
  const answer = operations[name] as Answer;
  let turn = 0;
  operations[name] = ((payload, call) => {
    if (isMeant(payload, call) && ++turn <= times) throw error;
    return answer(payload, call);
  }) satisfies Answer;
}

/** The first `times` calls of a function fail; then it answers as before. */
export function failTimes(
  name: string,
  error: Error,
  times: number,
  isMeant: (payload: any) => boolean = () => true,
): void {
  failFirst(world.functions, name, { error, times }, isMeant);
}

/** The first `times` requests of an operation of Secrets Manager that are meant are refused; then it answers as before. */
export function refuse(
  operation: 'RotateSecret' | 'DescribeSecret',
  error: Error,
  times: number,
  isMeant: (call: number) => boolean = () => true,
): void {
  failFirst(world.secretsManager, operation, { error, times }, (_payload, call) => isMeant(call));
}

/** Step Functions refuses to start this machine, so often. */
export function refuseStart(machine: string, code: string, httpStatus: number, times: number): void {
  const resource = `*:keyturn-${machine}`;
  world.laptop.cloud.faults.add({
    service: 'states',
    operation: 'StartExecution',
    resource,
    kind: 'error',
    code,
    httpStatus,
    times,
  });
}

const RETRIED_FOR_SECONDS = 16 * 60;
/** Fails as long as the outage lasts. */
export function outage(failure: () => Error, answer: () => unknown, seconds = RETRIED_FOR_SECONDS): () => unknown {
  let since: number | undefined;
  return () => {
    const now = world.clock.now().getTime() / 1000;
    since ??= now;
    if (now - since < seconds) throw failure();
    return answer();
  };
}
