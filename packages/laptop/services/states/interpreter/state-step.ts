import { randomUUID } from 'node:crypto';
import { sleep } from '../../../clock.ts';
import type { StateDefinition } from './definition.ts';
import { EvaluationFault, errorOutput, matchesError, StatesError } from './errors.ts';
import { evaluate, evaluateAs, evaluateNumber } from './expressions.ts';
import type { Frame } from './frame.ts';
import { runMap } from './map.ts';
import { runParallel } from './parallel.ts';
import { refuseLarge } from './payload-limit.ts';
import { retryDelaySeconds } from './retry.ts';
import type { Sight } from './sight.ts';
import { data } from './trail.ts';
import { waitMilliseconds } from './wait.ts';

interface StateOutcome {
  readonly output: unknown;
  readonly next: string | undefined;
  readonly assigned?: Record<string, unknown>;
}

interface Finish {
  readonly Assign?: Record<string, unknown>;
  readonly Output?: unknown;
}

/** One visit of one state: its retries, its catchers, its assignments, and its events in the history. */
export class StateStep {
  readonly name: string;
  readonly state: StateDefinition;
  readonly input: unknown;
  readonly frame: Frame;
  readonly #enteredTime: string;
  #token = randomUUID();
  #retryCount = 0;
  #previousId = 0;
  #enteredId = 0;

  constructor(name: string, state: StateDefinition, input: unknown, frame: Frame) {
    this.name = name;
    this.state = state;
    this.input = input;
    this.frame = frame;
    this.#enteredTime = frame.host.clock.now().toISOString();
  }

  async run(): Promise<StateOutcome> {
    const { trail, scope } = this.frame;
    const { Type: type } = this.state;
    this.#previousId = trail.last;
    this.#enteredId = trail.emit(`${type}StateEntered`, {
      stateEnteredEventDetails: { name: this.name, ...data('input', this.input) },
    });
    trail.openState = type;
    const outcome = await this.#attempts();
    refuseLarge(outcome.output, this.name);
    if (outcome.assigned) scope.assign(outcome.assigned);
    trail.emit(`${type}StateExited`, {
      stateExitedEventDetails: { name: this.name, ...data('output', outcome.output), ...assignment(outcome.assigned) },
    });
    trail.openState = undefined;
    return outcome;
  }

  /** The context object as this state sees it. https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html */
  context(more: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      ...this.frame.context,
      State: { Name: this.name, EnteredTime: this.#enteredTime, RetryCount: this.#retryCount },
      ...(this.state.Resource?.endsWith('.waitForTaskToken') && { Task: { Token: this.#token } }),
      ...more,
    };
  }

  sight(states: Partial<Sight['states']> = {}): Sight {
    const { host, scope, signal } = this.frame;
    return {
      states: { input: this.input, context: this.context(), ...states },
      variables: scope.all(),
      now: host.clock.now(),
      random: () => host.random(),
      signal,
    };
  }

  evaluate(value: unknown, field: string, states: Partial<Sight['states']> = {}): Promise<unknown> {
    return evaluate(value, this.sight(states), field);
  }

  /** A field that is a number or an expression for one; undefined where the state has none. */
  number(value: number | string | undefined, field: string): Promise<number | undefined> {
    return evaluateNumber(value, this.sight(), field);
  }

  async #attempts(): Promise<StateOutcome> {
    const used = new Map<number, number>();
    const { trail, host, signal } = this.frame;
    for (;;) {
      try {
        return await this.#attempt();
      } catch (thrown) {
        const error = this.#asStatesError(thrown);
        const wait = retryDelaySeconds(this.state.Retry, error, used, () => host.random());
        if (wait !== undefined) {
          await sleep(host.clock, wait * 1000 * host.timeScale, signal);
          this.#retryCount += 1;
          this.#token = randomUUID();
          continue;
        }
        if (this.state.Type === 'Map' || this.state.Type === 'Parallel') trail.emit(`${this.state.Type}StateFailed`);
        return this.#caught(error);
      }
    }
  }

  async #attempt(): Promise<StateOutcome> {
    const { state } = this;
    switch (state.Type) {
      case 'Pass':
      case 'Succeed':
        return this.#finish(state, state.Result === undefined ? this.input : state.Result, state.Next);
      case 'Wait': {
        const { clock, timeScale } = this.frame.host;
        const milliseconds = await waitMilliseconds(state, this.sight(), clock);
        await sleep(clock, milliseconds * timeScale, this.frame.signal);
        return this.#finish(state, this.input, state.Next);
      }
      case 'Choice':
        return this.#choose();
      case 'Task':
        return this.#finishWith(await this.#task());
      case 'Map':
        return this.#finishWith(await runMap(this));
      case 'Parallel':
        return this.#finishWith(await runParallel(this));
      case 'Fail':
        throw new StatesError(await this.#text(state.Error, 'Error'), await this.#text(state.Cause, 'Cause'));
    }
  }

  /** Assign and Output see the variables as they were before. */
  async #finish(
    rule: Finish,
    fallback: unknown,
    next: string | undefined,
    states: Partial<Sight['states']> = {},
  ): Promise<StateOutcome> {
    const assigned = rule.Assign && ((await this.evaluate(rule.Assign, 'Assign', states)) as Record<string, unknown>);
    const output = rule.Output === undefined ? fallback : await this.evaluate(rule.Output, 'Output', states);
    return { output, next, ...(assigned && { assigned }) };
  }

  #finishWith(result: unknown): Promise<StateOutcome> {
    return this.#finish(this.state, result, this.state.Next, { result });
  }

  async #choose(): Promise<StateOutcome> {
    for (const [index, rule] of (this.state.Choices ?? []).entries()) {
      const field = `Choices[${index}]/Condition`;
      if (await evaluateAs('boolean', rule.Condition, this.sight(), field)) {
        return this.#finish(rule, this.input, rule.Next);
      }
    }
    if (this.state.Default !== undefined) return this.#finish(this.state, this.input, this.state.Default);
    throw new StatesError(
      'States.NoChoiceMatched',
      this.#inState('Failed to transition out of the state. The state does not point to a next state.'),
    );
  }

  async #task(): Promise<unknown> {
    const { state } = this;
    const timeoutSeconds = await this.number(state.TimeoutSeconds, 'TimeoutSeconds');
    const heartbeatSeconds = await this.number(state.HeartbeatSeconds, 'HeartbeatSeconds');
    const credentials = state.Credentials && (await this.evaluate(state.Credentials, 'Credentials'));
    const { host, trail, signal } = this.frame;
    return host.invoke({
      resource: state.Resource as string,
      arguments: state.Arguments === undefined ? this.input : await this.evaluate(state.Arguments, 'Arguments'),
      credentials: credentials as { RoleArn?: string } | undefined,
      timeoutSeconds,
      heartbeatSeconds,
      token: this.#token,
      signal,
      trail,
    });
  }

  async #text(value: string | undefined, field: string): Promise<string | undefined> {
    return value === undefined ? undefined : String(await evaluateAs('string', value, this.sight(), field));
  }

  async #caught(error: StatesError): Promise<StateOutcome> {
    const catcher = (this.state.Catch ?? []).find(({ ErrorEquals }) => matchesError(ErrorEquals, error));
    if (!catcher) throw error;
    const output = errorOutput(error);
    try {
      return await this.#finish(catcher, output, catcher.Next, { errorOutput: output });
    } catch (thrown) {
      throw this.#asStatesError(thrown);
    }
  }

  /** Faults of expressions stand in the history, with the state that they happened in. Other errors go on. */
  #asStatesError(thrown: unknown): StatesError {
    if (thrown instanceof StatesError) return thrown;
    if (!(thrown instanceof EvaluationFault)) throw thrown;
    const { trail } = this.frame;
    const error = new StatesError('States.QueryEvaluationError', this.#inState(thrown.message));
    // What happens before anything else in a state comes after what came before the state.
    const isFirst = trail.last === this.#enteredId && !thrown.hasBegun;
    trail.emitAfter(isFirst ? this.#previousId : trail.last, 'EvaluationFailed', {
      evaluationFailedEventDetails: {
        error: error.error,
        cause: error.causeText,
        ...(thrown.location !== undefined && { location: thrown.location }),
        state: this.name,
      },
    });
    return error;
  }

  #inState(reason: string): string {
    return `An error occurred while executing the state '${this.name}' (entered at the event id #${this.#enteredId}). ${reason}`;
  }
}

function assignment(assigned: Record<string, unknown> | undefined): Record<string, unknown> {
  if (!assigned) return {};
  const variables = Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)]);
  return { assignedVariables: Object.fromEntries(variables), assignedVariablesDetails: { truncated: false } };
}
