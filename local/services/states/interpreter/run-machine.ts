import { type Clock, sleep } from '../../../clock.ts';
import type { MachineDefinition, StateDefinition } from './definition.ts';
import { ExecutionStopped, matchesError, StatesError } from './errors.ts';
import { evaluate, type StatesBinding, VariableScope } from './expressions.ts';
import { runMap } from './map.ts';

/** What one Task asks of the outside. */
export interface TaskCall {
  readonly resource: string;
  readonly arguments: unknown;
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
  readonly context: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** The history's id of the event before; the integration adds its own events after it. */
  readonly trail: Trail;
}

export interface MachineHost {
  readonly clock: Clock;
  /** Share of their time that Wait and Retry take. */
  readonly timeScale: number;
  random(): number;
  /** Adds an event to the history and answers its id. */
  emit(type: string, details: Record<string, unknown>, previousEventId: number): number;
  invoke(task: TaskCall): Promise<unknown>;
  /** Runs one child of a distributed Map as an execution of its own. */
  runChild?(child: {
    definition: MachineDefinition;
    input: unknown;
    label: string;
    index: number;
    signal: AbortSignal;
  }): Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Where in the history a branch is. */
export class Trail {
  lastEventId: number;
  constructor(lastEventId: number) {
    this.lastEventId = lastEventId;
  }
  emit(host: MachineHost, type: string, details: Record<string, unknown> = {}): void {
    this.lastEventId = host.emit(type, details, this.lastEventId);
  }
  fork(): Trail {
    return new Trail(this.lastEventId);
  }
}

export interface Frame {
  readonly host: MachineHost;
  readonly scope: VariableScope;
  readonly context: Readonly<Record<string, unknown>>;
  readonly trail: Trail;
  readonly signal: AbortSignal;
}

interface StateOutcome {
  readonly output: unknown;
  readonly next: string | undefined;
}

/** 256 KiB. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const PAYLOAD_BYTES = 262_144;

/** Runs a machine to its end. @throws StatesError as the execution fails, ExecutionStopped when it was stopped */
export async function runMachine(definition: MachineDefinition, input: unknown, frame: Frame): Promise<unknown> {
  let name = definition.StartAt;
  let data = input;
  for (;;) {
    frame.signal.throwIfAborted();
    const state = definition.States[name] as StateDefinition;
    const step = new StateStep(name, state, data, frame);
    const { output, next } = await step.run();
    if (next === undefined) return output;
    name = next;
    data = output;
  }
}

/** One visit of one state: its retries, its catchers, its assignments. */
export class StateStep {
  readonly name: string;
  readonly state: StateDefinition;
  readonly input: unknown;
  readonly frame: Frame;
  readonly #enteredTime: string;
  #retryCount = 0;

  constructor(name: string, state: StateDefinition, input: unknown, frame: Frame) {
    this.name = name;
    this.state = state;
    this.input = input;
    this.frame = frame;
    this.#enteredTime = frame.host.clock.now().toISOString();
  }

  async run(): Promise<StateOutcome> {
    const { type, trail, host } = { type: this.state.Type, trail: this.frame.trail, host: this.frame.host };
    trail.emit(host, `${type}StateEntered`, {
      stateEnteredEventDetails: { name: this.name, input: JSON.stringify(this.input) },
    });
    if (type === 'Fail') throw await this.#failure();
    const outcome = await this.#attempts();
    refuseLarge(outcome.output, this.name);
    trail.emit(host, `${type}StateExited`, {
      stateExitedEventDetails: { name: this.name, output: JSON.stringify(outcome.output) },
    });
    return outcome;
  }

  /** The context object as this state sees it. */
  context(more: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      ...this.frame.context,
      State: { Name: this.name, EnteredTime: this.#enteredTime, RetryCount: this.#retryCount },
      ...more,
    };
  }

  evaluate(value: unknown, field: string, states: Partial<StatesBinding> = {}): Promise<unknown> {
    return evaluate(value, { input: this.input, context: this.context(), ...states }, this.frame.scope.all(), field);
  }

  async number(value: number | string | undefined, field: string): Promise<number | undefined> {
    if (value === undefined) return undefined;
    const evaluated = await this.evaluate(value, field);
    if (typeof evaluated === 'number' && evaluated >= 0) return evaluated;
    throw new StatesError(
      'States.QueryEvaluationError',
      `The field '${field}' of state '${this.name}' must be a number that is not negative, came ${JSON.stringify(evaluated)}.`,
    );
  }

  /** Assign and Output see the variables as they were before. */
  async finish(
    rule: { Assign?: Record<string, unknown>; Output?: unknown },
    states: Partial<StatesBinding>,
    fallback: unknown,
  ): Promise<unknown> {
    const assigned = rule.Assign === undefined ? undefined : await this.evaluate(rule.Assign, 'Assign', states);
    const output = rule.Output === undefined ? fallback : await this.evaluate(rule.Output, 'Output', states);
    if (assigned) this.frame.scope.assign(assigned as Record<string, unknown>);
    return output;
  }

  async #attempts(): Promise<StateOutcome> {
    const used = new Map<number, number>();
    for (;;) {
      try {
        return await this.#attempt();
      } catch (error) {
        if (!(error instanceof StatesError)) throw error;
        const wait = this.#retryDelaySeconds(error, used);
        if (wait === undefined) return this.#caught(error);
        await sleep(this.frame.host.clock, wait * 1000 * this.frame.host.timeScale, this.frame.signal);
        this.#retryCount += 1;
      }
    }
  }

  async #attempt(): Promise<StateOutcome> {
    const { state } = this;
    switch (state.Type) {
      case 'Pass':
      case 'Succeed':
        return { output: await this.finish(state, {}, this.input), next: state.Next };
      case 'Wait':
        await this.#wait();
        return { output: await this.finish(state, {}, this.input), next: state.Next };
      case 'Choice':
        return this.#choose();
      case 'Task':
        return this.#finishWith(await this.#task());
      case 'Map':
        return this.#finishWith(await runMap(this));
      case 'Parallel':
        return this.#finishWith(await this.#parallel());
      case 'Fail':
        throw await this.#failure();
    }
  }

  async #finishWith(result: unknown): Promise<StateOutcome> {
    return { output: await this.finish(this.state, { result }, result), next: this.state.Next };
  }

  async #choose(): Promise<StateOutcome> {
    for (const [index, rule] of (this.state.Choices ?? []).entries()) {
      const verdict = await this.evaluate(rule.Condition, `Choices[${index}]/Condition`);
      if (typeof verdict !== 'boolean') {
        throw new StatesError(
          'States.QueryEvaluationError',
          `The condition ${index} of state '${this.name}' must be a boolean, came ${JSON.stringify(verdict)}.`,
        );
      }
      if (verdict) return { output: await this.finish(rule, {}, this.input), next: rule.Next };
    }
    if (this.state.Default === undefined)
      throw new StatesError(
        'States.NoChoiceMatched',
        `No choice of state '${this.name}' matched, and it has no Default.`,
      );
    return { output: await this.finish(this.state, {}, this.input), next: this.state.Default };
  }

  async #wait(): Promise<void> {
    const { clock, timeScale } = this.frame.host;
    const seconds = await this.number(this.state.Seconds, 'Seconds');
    const timestamp = seconds === undefined ? await this.evaluate(this.state.Timestamp, 'Timestamp') : undefined;
    const milliseconds = seconds === undefined ? Date.parse(String(timestamp)) - clock.now().getTime() : seconds * 1000;
    if (Number.isNaN(milliseconds))
      throw new StatesError(
        'States.QueryEvaluationError',
        `The Timestamp of state '${this.name}' is none: ${JSON.stringify(timestamp)}.`,
      );
    await sleep(clock, Math.max(0, milliseconds) * timeScale, this.frame.signal);
  }

  async #task(): Promise<unknown> {
    const { host, trail, signal } = this.frame;
    const timeoutSeconds = await this.number(this.state.TimeoutSeconds, 'TimeoutSeconds');
    const heartbeatSeconds = await this.number(this.state.HeartbeatSeconds, 'HeartbeatSeconds');
    const taskArguments =
      this.state.Arguments === undefined ? this.input : await this.evaluate(this.state.Arguments, 'Arguments');
    const task = (taskSignal: AbortSignal) =>
      host.invoke({
        resource: this.state.Resource as string,
        arguments: taskArguments,
        timeoutSeconds,
        heartbeatSeconds,
        context: this.context(),
        signal: taskSignal,
        trail,
      });
    return withTimeout(host.clock, timeoutSeconds, signal, task);
  }

  async #parallel(): Promise<unknown> {
    const { host, trail, scope, signal } = this.frame;
    trail.emit(host, 'ParallelStateStarted');
    const input =
      this.state.Arguments === undefined ? this.input : await this.evaluate(this.state.Arguments, 'Arguments');
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const branches = (this.state.Branches ?? []).map((branch) =>
      runMachine(branch, input, {
        host,
        scope: new VariableScope(scope),
        context: this.frame.context,
        trail: trail.fork(),
        signal: both,
      }),
    );
    try {
      const results = await Promise.all(branches);
      trail.emit(host, 'ParallelStateSucceeded');
      return results;
    } catch (error) {
      stop.abort(new ExecutionStopped());
      await Promise.allSettled(branches);
      trail.emit(host, 'ParallelStateFailed');
      throw error;
    }
  }

  async #failure(): Promise<StatesError> {
    const text = async (value: string | undefined, field: string) =>
      value === undefined ? '' : String(await this.evaluate(value, field));
    return new StatesError(await text(this.state.Error, 'Error'), await text(this.state.Cause, 'Cause'));
  }

  #retryDelaySeconds(error: StatesError, used: Map<number, number>): number | undefined {
    const index = (this.state.Retry ?? []).findIndex((retrier) => matchesError(retrier.ErrorEquals, error.error));
    const retrier = this.state.Retry?.[index];
    if (!retrier) return undefined;
    const attempts = used.get(index) ?? 0;
    if (attempts >= (retrier.MaxAttempts ?? 3)) return undefined;
    used.set(index, attempts + 1);
    const delay = Math.min(
      (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** attempts,
      retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY,
    );
    return retrier.JitterStrategy === 'FULL' ? delay * this.frame.host.random() : delay;
  }

  async #caught(error: StatesError): Promise<StateOutcome> {
    const catcher = (this.state.Catch ?? []).find((candidate) => matchesError(candidate.ErrorEquals, error.error));
    if (!catcher) throw error;
    const errorOutput = { Error: error.error, Cause: error.causeText };
    return { output: await this.finish(catcher, { errorOutput }, errorOutput), next: catcher.Next };
  }
}

async function withTimeout<Result>(
  clock: Clock,
  seconds: number | undefined,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const work = run(both);
  if (seconds === undefined) return work;
  let timer: { cancel(): void } | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = clock.after(seconds * 1000, () => {
      const error = new StatesError('States.Timeout', '');
      stop.abort(error);
      reject(error);
    });
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    timer?.cancel();
    // The work may end later, aborted; its rejection has been told already.
    work.catch(() => undefined);
  }
}

export function refuseLarge(value: unknown, name: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
  if (bytes <= PAYLOAD_BYTES) return;
  throw new StatesError(
    'States.DataLimitExceeded',
    `The state/task '${name}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}
