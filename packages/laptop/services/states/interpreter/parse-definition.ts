import { own } from '../../../own.ts';
import { JsonFault, parseJson } from '../../json-tokens.ts';
import type { MachineDefinition, StateDefinition } from './definition.ts';
import { type Diagnostic, InvalidDefinition, problem } from './diagnostics.ts';
import { fieldProblems, type Language } from './state-fields.ts';

export type MachineType = 'STANDARD' | 'EXPRESS';

/** Parses and checks a definition. @throws InvalidDefinition naming every state and field at fault, in AWS's words where known */
export function parseDefinition(text: string, type: MachineType = 'STANDARD'): MachineDefinition {
  const machine = readObject(text);
  const problems = machineProblems(machine, { path: '', type, language: languageOf(machine) });
  if (problems.length > 0) throw new InvalidDefinition(problems);
  return machine as unknown as MachineDefinition;
}

function readObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = text === '' ? undefined : parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new InvalidDefinition([problem(error.message, error.place, 'INVALID_JSON_DESCRIPTION')], { cause: error });
  }
  if (isObject(value)) return value;
  throw new InvalidDefinition([problem('Definition must be a valid JSON object')]);
}

const languageOf = (machine: Record<string, unknown>): Language =>
  machine.QueryLanguage === 'JSONata' ? 'JSONata' : 'JSONPath';

/** Where the checks are: what surrounds a machine. */
interface Surroundings {
  readonly path: string;
  readonly type: MachineType;
  /** Of the whole machine. */
  readonly language: Language;
}

function machineProblems(machine: Record<string, unknown>, around: Surroundings): Diagnostic[] {
  const { path } = around;
  const missing = ['States', 'StartAt'].filter((name) => machine[name] === undefined);
  if (missing.length > 0) return [problem(`These fields are required: [${missing.join(', ')}]`, path || '/')];
  if (!isObject(machine.States) || Object.keys(machine.States).length === 0)
    return [problem('Value cannot be empty', `${path}/States`)];
  const states = machine.States as Record<string, Record<string, unknown>>;
  const problems: Diagnostic[] = [];
  if (!Object.hasOwn(states, String(machine.StartAt)))
    problems.push(missingTarget('StartAt', String(machine.StartAt), `${path}/StartAt`));
  for (const [name, state] of Object.entries(states)) {
    const inner = { ...around, path: `${path}/States/${name}` };
    if (isObject(state)) problems.push(...stateProblems(state, states, inner));
    else problems.push(problem('Expected value of type Object', inner.path));
  }
  if (problems.length === 0) problems.push(...unreachable(String(machine.StartAt), states, path));
  return problems;
}

const missingTarget = (field: string, target: string, location: string) =>
  problem(`Missing '${field}' target: ${target}`, location, 'MISSING_TRANSITION_TARGET');

function stateProblems(
  state: Record<string, unknown>,
  siblings: Record<string, unknown>,
  around: Surroundings,
): Diagnostic[] {
  const { path, type, language } = around;
  if (state.QueryLanguage === 'JSONPath' && language === 'JSONata')
    return [problem("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", path)];
  const own: Language = state.QueryLanguage === 'JSONata' ? 'JSONata' : language;
  const problems = fieldProblems(state, { path, type, language: own });
  for (const { field, target } of transitions(state)) {
    if (!Object.hasOwn(siblings, target)) problems.push(missingTarget('Next', target, `${path}/${field}`));
  }
  for (const [field, machine] of innerMachines(state))
    problems.push(...machineProblems(machine, { ...around, path: `${path}/${field}` }));
  return problems;
}

function innerMachines(state: Record<string, unknown>): [string, Record<string, unknown>][] {
  const branches = Array.isArray(state.Branches) ? state.Branches : [];
  const found: [string, unknown][] = [
    ['ItemProcessor', state.ItemProcessor],
    ...branches.map((branch, index): [string, unknown] => [`Branches[${index}]`, branch]),
  ];
  return found.filter((entry): entry is [string, Record<string, unknown>] => isObject(entry[1]));
}

function transitions(state: Record<string, unknown>): { field: string; target: string }[] {
  const { Next, Default, Choices, Catch } = state as unknown as StateDefinition;
  const found = [
    { field: 'Next', target: Next },
    { field: 'Default', target: Default },
    ...listOf(Choices).map((rule, index) => ({ field: `Choices[${index}]/Next`, target: rule?.Next })),
    ...listOf(Catch).map((catcher, index) => ({ field: `Catch[${index}]/Next`, target: catcher?.Next })),
  ];
  return found.filter((one): one is { field: string; target: string } => typeof one.target === 'string');
}

function unreachable(startAt: string, states: Record<string, Record<string, unknown>>, path: string): Diagnostic[] {
  const reached = new Set([startAt]);
  for (const name of reached) {
    const state = own(states, name);
    if (state) for (const { target } of transitions(state)) reached.add(target);
  }
  return Object.keys(states)
    .filter((name) => !reached.has(name))
    .map((name) => problem(`State "${name}" is not reachable.`, `${path}/States/${name}`, 'MISSING_TRANSITION_TARGET'));
}

const listOf = <Item>(value: readonly Item[] | undefined): readonly Item[] => (Array.isArray(value) ? value : []);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
