import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { AwsError } from '../../cloud.ts';
import type { MachineDefinition } from './interpreter/definition.ts';
import { StatesError } from './interpreter/errors.ts';
import type { MachineHost, MapRunHandle } from './interpreter/frame.ts';
import type { Execution, MapRun, StateMachine } from './state.ts';

export interface ChildStarter {
  start(machine: StateMachine, request: { name: string; input: string }, definition: MachineDefinition): Execution;
  stop(execution: Execution): void;
}

/** Distributed Maps: each is a run with children that are executions. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html */
export class MapRuns {
  readonly byArn = new Map<string, MapRun>();
  readonly #clock: Clock;
  readonly #starter: ChildStarter;

  constructor(clock: Clock, starter: ChildStarter) {
    this.#clock = clock;
    this.#starter = starter;
  }

  require(arn: string): MapRun {
    const run = this.byArn.get(arn);
    if (run) return run;
    throw new AwsError('ResourceNotFound', `Resource not found: '${arn}'`);
  }

  start(parent: Execution, request: Parameters<MachineHost['startMapRun']>[0]): MapRunHandle {
    const label = request.label ?? randomUUID();
    const machine: StateMachine = {
      ...parent.machine,
      arn: `${parent.machine.arn}/${label}`,
      name: `${parent.machine.name}/${label}`,
    };
    const none = () => ({ executions: 0, items: 0 });
    const run: MapRun = {
      arn: `${parent.machine.arn.replace(':stateMachine:', ':mapRun:')}/${label}:${randomUUID()}`,
      executionArn: parent.arn,
      stateMachineArn: machine.arn,
      startedAt: this.#clock.now(),
      limits: request.limits,
      children: request.children,
      executions: [],
      ended: { SUCCEEDED: none(), FAILED: none(), TIMED_OUT: none(), ABORTED: none() },
      status: 'RUNNING',
    };
    this.byArn.set(run.arn, run);
    return {
      arn: run.arn,
      limits: run.limits,
      runChild: (child) => this.#runChild(run, machine, request.definition, child),
      end: (status) => {
        run.status = status;
        run.stoppedAt = this.#clock.now();
      },
    };
  }

  async #runChild(
    run: MapRun,
    machine: StateMachine,
    definition: MachineDefinition,
    child: Parameters<MapRunHandle['runChild']>[0],
  ): Promise<unknown> {
    const request = { name: randomUUID(), input: JSON.stringify(child.input) };
    const execution = this.#starter.start(machine, request, definition);
    execution.mapRunArn = run.arn;
    run.executions.push(execution);
    const stop = () => this.#starter.stop(execution);
    child.signal.addEventListener('abort', stop, { once: true });
    await execution.ended;
    child.signal.removeEventListener('abort', stop);
    const { status, error, cause } = execution;
    const ended = run.ended[status as keyof typeof run.ended];
    ended.executions += 1;
    ended.items += child.items;
    if (status === 'SUCCEEDED') return JSON.parse(execution.output ?? 'null');
    throw new StatesError(error ?? 'States.TaskFailed', cause);
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html */
export function describeMapRun(run: MapRun): Record<string, unknown> {
  const { ended, executions, children, limits } = run;
  const counts = (of: 'executions' | 'items', total: number, started: number) => ({
    pending: total - started,
    running: started - sum(Object.values(ended).map((count) => count[of])),
    succeeded: ended.SUCCEEDED[of],
    failed: ended.FAILED[of],
    timedOut: ended.TIMED_OUT[of],
    aborted: ended.ABORTED[of],
    total,
    resultsWritten: ended.SUCCEEDED[of],
  });
  return {
    mapRunArn: run.arn,
    executionArn: run.executionArn,
    status: run.status,
    startDate: run.startedAt,
    stopDate: run.stoppedAt,
    maxConcurrency: limits.maxConcurrency,
    toleratedFailurePercentage: limits.toleratedFailurePercentage ?? 0,
    toleratedFailureCount: limits.toleratedFailureCount ?? 0,
    itemCounts: counts('items', sum(children), sum(children.slice(0, executions.length))),
    executionCounts: counts('executions', children.length, executions.length),
  };
}
