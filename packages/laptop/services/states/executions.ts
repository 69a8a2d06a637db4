import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud, type Principal, type Service } from '../../cloud.ts';
import { deliveriesOf } from '../../deliveries.ts';
import { loadServiceModel, type ServiceModel } from '../../wire/service-model.ts';
import { announce, measure } from './announcements.ts';
import { logEvent } from './execution-log.ts';
import { callTask } from './integrations/call-task.ts';
import type { TaskHost } from './integrations/task-host.ts';
import type { MachineDefinition } from './interpreter/definition.ts';
import { ExecutionStopped, StatesError, timedOut } from './interpreter/errors.ts';
import { VariableScope } from './interpreter/expressions.ts';
import type { MachineHost } from './interpreter/frame.ts';
import { runMachine } from './interpreter/run-machine.ts';
import { data, Trail } from './interpreter/trail.ts';
import { MapRuns } from './map-runs.ts';
import { awaitExecution } from './nested-executions.ts';
import { principalForMachine } from './roles.ts';
import type { Execution, ExecutionStatus, HistoryEvent, StateMachine } from './state.ts';
import { TaskTokens } from './task-tokens.ts';

const MOST_EVENTS = 25_000;
const NAME_KEPT_MILLISECONDS = 90 * 86_400_000;

export type HistoryListener = (execution: Execution, event: HistoryEvent) => void;

/** Every execution of every machine: started, run, stopped, listened to. */
export class Executions {
  readonly byArn = new Map<string, Execution>();
  readonly tokens = new TaskTokens();
  readonly mapRuns: MapRuns;
  readonly #cloud: Cloud;
  readonly #listeners = new Set<HistoryListener>();
  readonly #models = new Map<string, Promise<ServiceModel>>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    this.mapRuns = new MapRuns(cloud.clock, this);
  }

  listen(listener: HistoryListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Starts an execution. A standard machine's name is used once in ninety days; the same name with the same input, while
   * it runs, is the same request again. https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
   */
  start(
    machine: StateMachine,
    request: { name?: string; input?: string },
    definition: MachineDefinition = machine.definition,
  ): Execution {
    const name = request.name ?? randomUUID();
    const input = request.input ?? '{}';
    const isExpress = machine.type === 'EXPRESS';
    const arn = isExpress
      ? `${machine.arn.replace(':stateMachine:', ':express:')}:${name}:${randomUUID()}`
      : `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.byArn.get(arn);
    if (known?.status === 'RUNNING' && known.input === input) return known;
    if (known && !this.#isForgotten(known))
      throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
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
    this.byArn.delete(arn);
    this.byArn.set(arn, execution);
    announce(this.#cloud, execution);
    measure(this.#cloud, execution);
    const { name: machineName } = machine;
    execution.ended = deliveriesOf(this.#cloud).follow(`states: ${machineName}`, () => this.#run(execution));
    return execution;
  }

  stop(execution: Execution, error?: string, cause?: string): void {
    if (execution.status === 'RUNNING') execution.stop.abort(new ExecutionStopped(error, cause));
  }

  /** Abandons everything. */
  reset(): void {
    for (const execution of this.byArn.values()) this.stop(execution, 'Reset', 'the cloud was reset');
    this.byArn.clear();
    this.mapRuns.byArn.clear();
    this.tokens.reset();
  }

  #isForgotten({ stoppedAt }: Execution): boolean {
    return stoppedAt !== undefined && this.#cloud.clock.now().getTime() - stoppedAt.getTime() > NAME_KEPT_MILLISECONDS;
  }

  async #run(execution: Execution): Promise<void> {
    const { definition, machine, stop } = execution;
    const trail = new Trail((type, details, previousEventId) => this.#emit(execution, type, details, previousEventId));
    // The first state comes after nothing, as the start itself does.
    trail.note('ExecutionStarted', {
      executionStartedEventDetails: {
        input: execution.input,
        inputDetails: { truncated: false },
        roleArn: machine.roleArn,
      },
    });
    const limit = definition.TimeoutSeconds;
    const timer = limit === undefined ? undefined : this.#cloud.clock.after(limit * 1000, () => stop.abort(timedOut()));
    try {
      const output = await runMachine(definition, JSON.parse(execution.input), {
        host: this.#host(execution),
        scope: new VariableScope(),
        context: contextOf(execution),
        trail,
        signal: stop.signal,
      });
      execution.output = JSON.stringify(output);
      this.#end(execution, 'SUCCEEDED');
      trail.emit('ExecutionSucceeded', { executionSucceededEventDetails: data('output', output) });
    } catch (error) {
      this.#fail(execution, trail, error);
    } finally {
      timer?.cancel();
      announce(this.#cloud, execution);
      measure(this.#cloud, execution);
    }
  }

  /** Stopped and timed-out executions end after nothing in particular; the others after what they failed with. */
  #fail(execution: Execution, trail: Trail, thrown: unknown): void {
    const { reason, aborted } = execution.stop.signal;
    if (aborted && reason instanceof ExecutionStopped) {
      this.#end(execution, 'ABORTED', reason);
      trail.emitAfter(0, 'ExecutionAborted', { executionAbortedEventDetails: detailsOf(execution) });
      return;
    }
    if (aborted) {
      this.#end(execution, 'TIMED_OUT');
      trail.emitAfter(0, 'ExecutionTimedOut', { executionTimedOutEventDetails: {} });
      return;
    }
    if (!(thrown instanceof StatesError))
      this.#cloud.log(`states: ${execution.arn}: ${thrown instanceof Error ? thrown.stack : thrown}`);
    const error =
      thrown instanceof StatesError
        ? thrown
        : new StatesError('States.Runtime', thrown instanceof Error ? thrown.message : String(thrown));
    this.#end(execution, 'FAILED', error);
    trail.emit('ExecutionFailed', { executionFailedEventDetails: detailsOf(execution) });
  }

  #end(execution: Execution, status: ExecutionStatus, error?: { error?: string; causeText?: string }): void {
    execution.status = status;
    execution.stoppedAt = this.#cloud.clock.now();
    if (error?.error !== undefined) execution.error = error.error;
    if (error?.causeText !== undefined) execution.cause = error.causeText;
  }

  #host(execution: Execution): MachineHost {
    const cloud = this.#cloud;
    const taskHost = this.#taskHost(execution);
    return {
      clock: cloud.clock,
      timeScale: cloud.settings.stateMachineTimeScale,
      random: () => cloud.random(),
      invoke: (task) => callTask(taskHost, task),
      startMapRun: async (run) => {
        const { arn } = execution.machine;
        const access = { action: 'states:StartExecution', resource: arn };
        const { allowed, message } = await cloud.authorise(await taskHost.principalFor(undefined), access);
        if (!allowed) throw new StatesError('States.Permissions', message);
        return this.mapRuns.start(execution, run);
      },
    };
  }

  #taskHost({ machine, name }: Execution): TaskHost {
    const cloud = this.#cloud;
    return {
      cloud,
      region: String(machine.arn.split(':')[3]),
      principalFor: (roleArn): Promise<Principal> => principalForMachine(cloud, { machine, name, roleArn }),
      model: (service) => this.model(service),
      waitForToken: (token, signal, heartbeat) => this.tokens.wait(token, signal, heartbeat),
      awaitExecution: (arn, pattern, principal, signal) =>
        awaitExecution(cloud, { execution: this.byArn.get(arn) as Execution, pattern, principal, signal }),
    };
  }

  /** Of a service of this cloud, loaded once. */
  model(name: string): Promise<ServiceModel> {
    const known = this.#models.get(name);
    if (known) return known;
    const made = loadServiceModel(this.#cloud.service<Service>(name));
    this.#models.set(name, made);
    return made;
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
    logEvent(this.#cloud, execution, event);
    for (const listener of this.#listeners) listener(execution, event);
    return event.id;
  }
}

const detailsOf = ({ error, cause }: Execution) => ({
  ...(error !== undefined && { error }),
  ...(cause !== undefined && { cause }),
});

function contextOf({ arn, input, name, machine, startedAt }: Execution): Record<string, unknown> {
  return {
    Execution: {
      Id: arn,
      Input: JSON.parse(input),
      StartTime: startedAt.toISOString(),
      Name: name,
      RoleArn: machine.roleArn,
      RedriveCount: 0,
    },
    StateMachine: { Id: machine.arn, Name: machine.name },
  };
}
