import type {
  MachineDefinition,
  StateDefinition,
} from '../../packages/laptop/services/states/interpreter/definition.ts';
import { matchesError, StatesError } from '../../packages/laptop/services/states/interpreter/errors.ts';
import { definitionText, statesOf } from './definitions.ts';

/**
 * Every way that a state may take: `RollBack Catch 0`, `ChoosePage Choice 0`, `ChoosePage Default`, `RollBack Retry 1`. What an
 * execution took is read from its history: a rule and a Catch are marked by a variable that they assign, which changes no
 * transition; of a Retry, the errors of the attempts say which entry it was.
 */
type Event = { type: string; [details: string]: any };

const MARK = 'entered';

/** The definition with a mark on each Choice rule, Default and Catch. */
export function marked(text: string): string {
  const machine = JSON.parse(text) as MachineDefinition;
  for (const [name, state] of statesOf(machine)) {
    for (const [way, rule] of waysOf(state))
      Object.assign(rule, { Assign: { ...rule.Assign, [variable(name, way)]: true } });
  }
  return JSON.stringify(machine);
}

const variable = (state: string, way: string) => `${MARK}${state}${way.replace(' ', '')}`;

/** The ways that a mark can be put on. */
function waysOf(state: StateDefinition): [way: string, rule: { Assign?: object }][] {
  return [
    ...(state.Choices ?? []).map((rule, index) => [`Choice ${index}`, rule] as [string, { Assign?: object }]),
    ...(state.Type === 'Choice' && state.Default !== undefined
      ? [['Default', state] as [string, StateDefinition]]
      : []),
    ...(state.Catch ?? []).map((rule, index) => [`Catch ${index}`, rule] as [string, { Assign?: object }]),
  ];
}

/** Every branch of a machine, in the order in which they are written. */
export function branchesOf(machineName: string): string[] {
  return statesOf(JSON.parse(definitionText(machineName))).flatMap(([name, state]) => [
    ...waysOf(state).map(([way]) => `${name} ${way}`),
    ...(state.Retry ?? []).map((_, index) => `${name} Retry ${index}`),
  ]);
}

/** The branches that these executions of a machine have entered. */
export function branchesEntered(machineName: string, histories: readonly (readonly Event[])[]): Set<string> {
  const states = new Map(statesOf(JSON.parse(definitionText(machineName))));
  const marks = new Map(
    [...states].flatMap(([name, state]) =>
      waysOf(state).map(([way]) => [variable(name, way), `${name} ${way}`] as [string, string]),
    ),
  );
  const entered = new Set<string>();
  for (const history of histories) {
    for (const event of history) {
      const assigned = Object.keys(event.stateExitedEventDetails?.assignedVariables ?? {});
      for (const name of assigned) if (marks.has(name)) entered.add(marks.get(name) as string);
    }
    for (const [name, error] of attemptsOf(history)) {
      const retry = states.get(name)?.Retry ?? [];
      const index = retry.findIndex(({ ErrorEquals }) => matchesError(ErrorEquals, new StatesError(error)));
      if (index >= 0) entered.add(`${name} Retry ${index}`);
    }
  }
  return entered;
}

/** The attempts of Task states that failed, each with the name of its state. */
function attemptsOf(history: readonly Event[]): [state: string, error: string][] {
  const byId = new Map(history.map((event) => [event.id, event]));
  const stateOf = (event: Event | undefined): string | undefined =>
    event && (event.stateEnteredEventDetails?.name ?? stateOf(byId.get(event.previousEventId)));
  return history.flatMap((event) => {
    const details =
      event.taskFailedEventDetails ?? event.taskTimedOutEventDetails ?? event.taskSubmitFailedEventDetails;
    const state = stateOf(event);
    return details?.error && state ? [[state, details.error] as [string, string]] : [];
  });
}

/** What the tests of one machine have entered. */
export class BranchRecord {
  readonly #machineName: string;
  readonly #entered = new Set<string>();

  constructor(machineName: string) {
    this.#machineName = machineName;
  }

  add(executions: readonly { readonly history: readonly unknown[] }[]): void {
    const histories = executions.map(({ history }) => history as readonly Event[]);
    for (const branch of branchesEntered(this.#machineName, histories)) this.#entered.add(branch);
  }

  notEntered(): string[] {
    return branchesOf(this.#machineName).filter((branch) => !this.#entered.has(branch));
  }
}
