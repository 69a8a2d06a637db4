import type { RunningCloud } from '../running-cloud.ts';
import type { StatesService } from '../services/states/service.ts';
import type { Execution, HistoryEvent } from '../services/states/state.ts';
import { type Layout, layOut } from './graph/layout.ts';
import { machineGraph } from './graph/machine-graph.ts';
import { type NamedResources, namedResources } from './named-resources.ts';
import { type Progress, progressOf } from './state-progress.ts';

const LONGEST_TEXT = 8_000;
const MOST_LISTED = 50;

/** Every state machine with its last executions, newest first. */
export function listMachines(cloud: RunningCloud): unknown[] {
  const states = statesOf(cloud);
  if (!states) return [];
  const executions = [...states.executions.byArn.values()];
  return [...states.machines.byArn.values()]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((machine) => {
      const own = executions.filter((execution) => execution.machine.arn === machine.arn);
      return {
        arn: machine.arn,
        name: machine.name,
        comment: machine.definition.Comment,
        total: own.length,
        running: own.filter((execution) => execution.status === 'RUNNING').length,
        // Of two that started in one millisecond the later made is the newer.
        executions: own.reverse().sort(byStart).slice(0, MOST_LISTED).map(summaryOf),
      };
    });
}

export interface ExecutionView {
  readonly execution: ReturnType<typeof summaryOf>;
  readonly graph?: Layout;
  readonly input: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
  readonly parent?: string;
  readonly children: readonly ReturnType<typeof summaryOf>[];
  readonly progress: Progress;
  /** Those after the one that was asked for. */
  readonly events: readonly EventLine[];
  readonly resources: NamedResources;
}

interface EventLine {
  readonly id: number;
  readonly at: Date;
  readonly type: string;
  readonly state?: string;
  readonly details?: string;
}

/** One execution as its page shows it; undefined where there is none. The graph comes with the first events only. */
export function showExecution(cloud: RunningCloud, arn: string, afterEvent: number): ExecutionView | undefined {
  const states = statesOf(cloud);
  const execution = states?.executions.byArn.get(arn);
  if (!states || !execution) return undefined;
  const { input, output, error, cause, history, definition } = execution;
  return {
    execution: summaryOf(execution),
    ...(afterEvent === 0 && { graph: layOut(machineGraph(definition)) }),
    input: shortened(input),
    ...(output !== undefined && { output: shortened(output) }),
    ...(error !== undefined && { error, cause: shortened(cause ?? '') }),
    ...parentOf(input, states),
    children: [...states.executions.byArn.values()]
      .filter((other) => startedBy(other.input) === arn)
      .sort(byStart)
      .map(summaryOf),
    progress: progressOf(history),
    events: history.slice(afterEvent).map((event) => lineOf(event, history)),
    resources: namedResources(cloud, execution),
  };
}

/** Step Functions, where this cloud has it. */
export function statesOf(cloud: RunningCloud): StatesService | undefined {
  return cloud.services.get('states') as StatesService | undefined;
}

function summaryOf(execution: Execution) {
  const { arn, name, machine, status, startedAt, stoppedAt } = execution;
  return { arn, name, machine: machine.name, machineArn: machine.arn, status, startedAt, stoppedAt };
}

function byStart(a: Execution, b: Execution): number {
  return b.startedAt.getTime() - a.startedAt.getTime();
}

/** How nested executions say whose they are. https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html */
const STARTED_BY = 'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID';

function startedBy(input: string): string | undefined {
  if (!input.includes(STARTED_BY)) return undefined;
  const parsed: unknown = JSON.parse(input);
  if (typeof parsed !== 'object' || parsed === null || !(STARTED_BY in parsed)) return undefined;
  return String(parsed[STARTED_BY]);
}

function parentOf(input: string, states: StatesService): { parent?: string } {
  const arn = startedBy(input);
  return arn !== undefined && states.executions.byArn.has(arn) ? { parent: arn } : {};
}

function lineOf(event: HistoryEvent, history: readonly HistoryEvent[]): EventLine {
  const details = Object.entries(event).find(([key]) => key.endsWith('EventDetails'))?.[1];
  const state = stateOf(event, history);
  return {
    id: event.id,
    at: event.timestamp,
    type: event.type,
    ...(state !== undefined && { state }),
    ...(details !== undefined && { details: shortened(JSON.stringify(details)) }),
  };
}

/** The state that an event is about: its own name, or that of the nearest state entered before it in its branch. */
function stateOf(event: HistoryEvent, history: readonly HistoryEvent[]): string | undefined {
  for (let at: HistoryEvent | undefined = event; at; at = history[at.previousEventId - 1]) {
    const entered = at.stateEnteredEventDetails as { name: string } | undefined;
    const exited = at.stateExitedEventDetails as { name: string } | undefined;
    if (entered ?? exited) return (entered ?? exited)?.name;
  }
  return undefined;
}

function shortened(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT)}… (${text.length - LONGEST_TEXT} more characters)`;
}
