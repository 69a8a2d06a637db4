import { randomUUID } from 'node:crypto';
import type { Cloud } from '../../cloud.ts';
import { AwsError, type Principal } from '../../service.ts';
import { callTask, taskError } from './integrations/call-task.ts';
import { type SdkService, sdkServices } from './integrations/sdk-services.ts';
import type { MachineDefinition } from './interpreter/definition.ts';
import { ExecutionStopped, StatesError } from './interpreter/errors.ts';
import { VariableScope } from './interpreter/expressions.ts';
import { type MachineHost, runMachine, Trail } from './interpreter/run-machine.ts';
import type { Execution, ExecutionStatus, HistoryEvent, MapRun, StateMachine } from './state.ts';
import { TaskTokens } from './task-tokens.ts';

const MOST_EVENTS = 25_000;

export type HistoryListener = (execution: Execution, event: HistoryEvent) => void;

/** Every execution of every machine: started, run, stopped, listened to. */
export class Executions {
  readonly byArn = new Map<string, Execution>();
  readonly mapRuns = new Map<string, MapRun>();
  readonly tokens: TaskTokens;
  readonly #cloud: Cloud;
  readonly #listeners = new Set<HistoryListener>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    this.tokens = new TaskTokens(cloud.clock);
  }

  listen(listener: HistoryListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Starts an execution. A name is used once in ninety days; the same name with the same input, while it runs, is the
   * same request again. https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
   */
  start(
    machine: StateMachine,
    request: { name?: string; input?: string },
    definition: MachineDefinition = machine.definition,
  ): Execution {
    const name = request.name ?? randomUUID();
    const input = request.input ?? '{}';
    const arn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.byArn.get(arn);
    if (known?.status === 'RUNNING' && known.input === input) return known;
    if (known) throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    const execution: Execution = {
      arn,
      name,
      machine,
      definition,
      input,
      startedAt: this.#cloud.clock.now(),
      history: [],
      stop: new AbortController(),
      ended: Promise.resolve(),
      status: 'RUNNING',
    };
    this.byArn.set(arn, execution);
    this.#announce(execution);
    execution.ended = this.#run(execution);
    return execution;
  }

  stop(execution: Execution, error?: string, cause?: string): void {
    if (execution.status === 'RUNNING') execution.stop.abort(new ExecutionStopped(error, cause));
  }

  /** Abandons everything. */
  reset(): void {
    for (const execution of this.byArn.values()) this.stop(execution, 'Reset', 'the cloud was reset');
    this.byArn.clear();
    this.mapRuns.clear();
    this.tokens.reset();
  }

  async #run(execution: Execution): Promise<void> {
    const trail = new Trail(0);
    const { definition, machine } = execution;
    const host = this.#host(execution);
    trail.emit(host, 'ExecutionStarted', {
      executionStartedEventDetails: { input: execution.input, roleArn: machine.roleArn },
    });
    const limit = definition.TimeoutSeconds;
    const timer =
      limit === undefined
        ? undefined
        : this.#cloud.clock.after(limit * 1000, () => execution.stop.abort(new StatesError('States.Timeout', '')));
    try {
      const context = this.#context(execution);
      const output = await runMachine(definition, JSON.parse(execution.input), {
        host,
        scope: new VariableScope(),
        context,
        trail,
        signal: execution.stop.signal,
      });
      execution.output = JSON.stringify(output);
      this.#end(execution, 'SUCCEEDED');
      trail.emit(host, 'ExecutionSucceeded', { executionSucceededEventDetails: { output: execution.output } });
    } catch (error) {
      this.#fail(execution, host, trail, error);
    } finally {
      timer?.cancel();
      this.#announce(execution);
      this.#measure(execution);
    }
  }

  #fail(execution: Execution, host: MachineHost, trail: Trail, error: unknown): void {
    if (error instanceof ExecutionStopped) {
      execution.error = error.error;
      execution.cause = error.causeText;
      this.#end(execution, 'ABORTED');
      trail.emit(host, 'ExecutionAborted', {
        executionAbortedEventDetails: { error: error.error, cause: error.causeText },
      });
      return;
    }
    const isTimeout = execution.stop.signal.aborted;
    const states =
      error instanceof StatesError
        ? error
        : new StatesError('States.Runtime', error instanceof Error ? error.message : String(error));
    if (!(error instanceof StatesError))
      this.#cloud.log(`states: ${execution.arn}: ${error instanceof Error ? error.stack : error}`);
    execution.error = states.error;
    execution.cause = states.causeText;
    this.#end(execution, isTimeout ? 'TIMED_OUT' : 'FAILED');
    const type = isTimeout ? 'ExecutionTimedOut' : 'ExecutionFailed';
    trail.emit(host, type, {
      [isTimeout ? 'executionTimedOutEventDetails' : 'executionFailedEventDetails']: {
        error: states.error,
        cause: states.causeText,
      },
    });
  }

  #end(execution: Execution, status: ExecutionStatus): void {
    execution.status = status;
    execution.stoppedAt = this.#cloud.clock.now();
  }

  #host(execution: Execution): MachineHost {
    const { machine } = execution;
    const region = String(machine.arn.split(':')[3]);
    const { principal } = this.#cloud.assumeRole(machine.roleArn, execution.name.slice(0, 64));
    const host: MachineHost = {
      clock: this.#cloud.clock,
      timeScale: this.#cloud.settings.stateMachineTimeScale,
      random: () => this.#cloud.random(),
      signal: execution.stop.signal,
      emit: (type, details, previousEventId) => this.#emit(execution, type, details, previousEventId),
      invoke: (task) =>
        callTask(
          {
            cloud: this.#cloud,
            principal,
            region,
            startExecution: (input, mode, signal, by) => this.#nested(input, mode, signal, by, region),
            waitForToken: (token, signal, heartbeatSeconds) => this.tokens.wait(token, signal, heartbeatSeconds),
            emit: (call, type, details) => call.trail.emit(host, type, details),
          },
          { ...task, context: { ...task.context, Task: { Token: randomUUID() } } },
        ),
      runChild: (child) => this.#child(execution, child),
    };
    return host;
  }

  #emit(execution: Execution, type: string, details: Record<string, unknown>, previousEventId: number): number {
    if (execution.history.length >= MOST_EVENTS - 1 && !type.startsWith('Execution')) {
      throw new StatesError(
        'States.Runtime',
        `The execution reached the maximum number of history events (${MOST_EVENTS}).`,
      );
    }
    const event: HistoryEvent = {
      id: execution.history.length + 1,
      previousEventId,
      timestamp: this.#cloud.clock.now(),
      type,
      ...details,
    };
    execution.history.push(event);
    for (const listener of this.#listeners) listener(execution, event);
    return event.id;
  }

  #context(execution: Execution): Record<string, unknown> {
    return {
      Execution: {
        Id: execution.arn,
        Input: JSON.parse(execution.input),
        Name: execution.name,
        RoleArn: execution.machine.roleArn,
        StartTime: execution.startedAt.toISOString(),
        RedriveCount: 0,
      },
      StateMachine: { Id: execution.machine.arn, Name: execution.machine.name },
    };
  }

  /** `states:startExecution`, `.sync` and `.sync:2`: the latter answers with the output parsed. */
  async #nested(
    input: Record<string, unknown>,
    mode: 'request' | 'sync' | 'sync:2',
    signal: AbortSignal,
    principal: Principal,
    region: string,
  ): Promise<unknown> {
    const service = sdkServices.states as SdkService;
    let started: { executionArn: string; startDate: Date };
    try {
      started = await this.#cloud.call({
        service: 'states',
        operation: 'StartExecution',
        input: {
          stateMachineArn: input.StateMachineArn,
          name: input.Name,
          input: typeof input.Input === 'string' ? input.Input : JSON.stringify(input.Input ?? {}),
        },
        principal,
        region,
        signal,
      });
    } catch (error) {
      throw taskError(error, service, false);
    }
    if (mode === 'request') return { ExecutionArn: started.executionArn, StartDate: started.startDate.toISOString() };
    const execution = this.byArn.get(started.executionArn) as Execution;
    await endOf(execution, signal, () => this.stop(execution, 'States.TaskStopped', 'the parent was stopped'));
    return describeNested(execution, mode);
  }

  /** A child of a distributed Map. */
  async #child(
    parent: Execution,
    child: { definition: MachineDefinition; input: unknown; label: string; index: number; signal: AbortSignal },
  ): Promise<unknown> {
    const run = this.#mapRun(parent, child.label);
    run.total += 1;
    const machine: StateMachine = {
      ...parent.machine,
      arn: `${parent.machine.arn}/${child.label}`,
      name: `${parent.machine.name}/${child.label}`,
    };
    const execution = this.start(
      machine,
      {
        name: `${parent.name.slice(0, 40)}-${child.index}-${randomUUID().slice(0, 8)}`,
        input: JSON.stringify(child.input),
      },
      child.definition,
    );
    execution.mapRunArn = run.arn;
    await endOf(execution, child.signal, () => this.stop(execution));
    if (execution.status === 'SUCCEEDED') {
      run.succeeded += 1;
      return JSON.parse(execution.output ?? 'null');
    }
    run.failed += 1;
    throw new StatesError(execution.error ?? 'States.TaskFailed', execution.cause ?? '');
  }

  #mapRun(parent: Execution, label: string): MapRun {
    const arn = `${parent.machine.arn.replace(':stateMachine:', ':mapRun:')}/${label}:${parent.name}`;
    const known = this.mapRuns.get(arn);
    if (known) return known;
    const run: MapRun = {
      arn,
      executionArn: parent.arn,
      startedAt: this.#cloud.clock.now(),
      status: 'RUNNING',
      total: 0,
      succeeded: 0,
      failed: 0,
    };
    this.mapRuns.set(arn, run);
    parent.ended.finally(() => {
      run.stoppedAt = this.#cloud.clock.now();
      run.status = parent.status === 'SUCCEEDED' ? 'SUCCEEDED' : 'FAILED';
    });
    return run;
  }

  /** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
  #announce(execution: Execution): void {
    this.#cloud.publish({
      source: 'aws.states',
      detailType: 'Step Functions Execution Status Change',
      resources: [execution.arn],
      detail: {
        executionArn: execution.arn,
        stateMachineArn: execution.machine.arn,
        name: execution.name,
        status: execution.status,
        startDate: execution.startedAt.getTime(),
        stopDate: execution.stoppedAt?.getTime() ?? null,
        input: execution.input,
        output: execution.output ?? null,
        error: execution.error ?? null,
        cause: execution.cause ?? null,
      },
    });
  }

  #measure(execution: Execution): void {
    const names: Partial<Record<ExecutionStatus, string>> = {
      SUCCEEDED: 'ExecutionsSucceeded',
      FAILED: 'ExecutionsFailed',
      TIMED_OUT: 'ExecutionsTimedOut',
      ABORTED: 'ExecutionsAborted',
    };
    const metricName = names[execution.status];
    const services = (this.#cloud as Cloud & { services?: ReadonlyMap<string, unknown> }).services;
    const monitoring = services?.get('monitoring') as
      | { putServiceMetric?(metric: Record<string, unknown>): void }
      | undefined;
    if (!metricName || !monitoring?.putServiceMetric) return;
    monitoring.putServiceMetric({
      namespace: 'AWS/States',
      metricName,
      dimensions: { StateMachineArn: execution.machine.arn },
      value: 1,
      unit: 'Count',
      timestamp: execution.stoppedAt,
    });
  }
}

async function endOf(execution: Execution, signal: AbortSignal, stop: () => void): Promise<void> {
  signal.addEventListener('abort', stop, { once: true });
  try {
    await execution.ended;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
}

function describeNested(execution: Execution, mode: 'sync' | 'sync:2'): unknown {
  const described = {
    ExecutionArn: execution.arn,
    Input: mode === 'sync:2' ? JSON.parse(execution.input) : execution.input,
    Name: execution.name,
    StartDate: execution.startedAt.getTime(),
    StateMachineArn: execution.machine.arn,
    Status: execution.status,
    StopDate: execution.stoppedAt?.getTime(),
    ...(execution.output !== undefined && {
      Output: mode === 'sync:2' ? JSON.parse(execution.output) : execution.output,
    }),
    ...(execution.error !== undefined && { Error: execution.error, Cause: execution.cause }),
  };
  if (execution.status === 'SUCCEEDED') return described;
  throw new StatesError('States.TaskFailed', JSON.stringify(described));
}
