/** A state machine in the JSONata dialect. https://states-language.net/ */
export interface MachineDefinition {
  readonly Comment?: string;
  readonly QueryLanguage?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, StateDefinition>>;
  readonly TimeoutSeconds?: number;
}

export interface StateDefinition {
  readonly Type: 'Task' | 'Choice' | 'Pass' | 'Wait' | 'Succeed' | 'Fail' | 'Map' | 'Parallel';
  readonly Comment?: string;
  readonly QueryLanguage?: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Assign?: Record<string, unknown>;
  readonly Output?: unknown;
  readonly Arguments?: unknown;
  readonly Resource?: string;
  readonly Credentials?: unknown;
  readonly TimeoutSeconds?: number | string;
  readonly HeartbeatSeconds?: number | string;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Choices?: readonly ChoiceRule[];
  readonly Default?: string;
  readonly Seconds?: number | string;
  readonly Timestamp?: string;
  readonly Error?: string;
  readonly Cause?: string;
  readonly Items?: unknown;
  readonly ItemSelector?: unknown;
  readonly ItemBatcher?: { MaxItemsPerBatch?: number | string; BatchInput?: unknown };
  readonly ItemProcessor?: MachineDefinition & {
    ProcessorConfig?: { Mode?: 'INLINE' | 'DISTRIBUTED'; ExecutionType?: string };
  };
  readonly MaxConcurrency?: number | string;
  readonly ToleratedFailurePercentage?: number | string;
  readonly ToleratedFailureCount?: number | string;
  readonly Label?: string;
  readonly Branches?: readonly MachineDefinition[];
}

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
  readonly Assign?: Record<string, unknown>;
  readonly Output?: unknown;
}

export interface ChoiceRule {
  readonly Condition: unknown;
  readonly Next: string;
  readonly Assign?: Record<string, unknown>;
  readonly Output?: unknown;
}

/** The definition is not one that this interpreter runs; says where and what. */
export class InvalidDefinition extends Error {
  readonly code = 'InvalidDefinition';
  constructor(problems: string[]) {
    super(
      `Invalid State Machine Definition: ${problems.map((problem) => `'SCHEMA_VALIDATION_FAILED: ${problem}'`).join(', ')}`,
    );
    this.name = 'InvalidDefinition';
  }
}

const fields: Record<StateDefinition['Type'], readonly string[]> = {
  Task: [
    'Resource',
    'Arguments',
    'Credentials',
    'TimeoutSeconds',
    'HeartbeatSeconds',
    'Retry',
    'Catch',
    'Assign',
    'Output',
    'Next',
    'End',
  ],
  Choice: ['Choices', 'Default', 'Assign', 'Output'],
  Pass: ['Assign', 'Output', 'Next', 'End'],
  Wait: ['Seconds', 'Timestamp', 'Assign', 'Output', 'Next', 'End'],
  Succeed: ['Output'],
  Fail: ['Error', 'Cause'],
  Map: [
    'Items',
    'ItemSelector',
    'ItemBatcher',
    'ItemProcessor',
    'MaxConcurrency',
    'ToleratedFailurePercentage',
    'ToleratedFailureCount',
    'Label',
    'Retry',
    'Catch',
    'Assign',
    'Output',
    'Next',
    'End',
  ],
  Parallel: ['Branches', 'Arguments', 'Retry', 'Catch', 'Assign', 'Output', 'Next', 'End'],
};

/** Parses and checks a definition. @throws InvalidDefinition naming every state and field at fault */
export function parseDefinition(text: string): MachineDefinition {
  let machine: MachineDefinition;
  try {
    machine = JSON.parse(text);
  } catch (error) {
    throw new InvalidDefinition([`the definition is not JSON (${error instanceof Error ? error.message : ''}) at /`]);
  }
  const problems = machineProblems(machine, '', machine.QueryLanguage);
  if (problems.length > 0) throw new InvalidDefinition(problems);
  return machine;
}

function machineProblems(machine: MachineDefinition, path: string, language: string | undefined): string[] {
  if (
    typeof machine !== 'object' ||
    machine === null ||
    typeof machine.States !== 'object' ||
    machine.States === null
  ) {
    return [`States is required at ${path || '/'}`];
  }
  const problems: string[] = [];
  if (!Object.hasOwn(machine.States, machine.StartAt))
    problems.push(`MISSING_TRANSITION_TARGET: StartAt ${machine.StartAt} at ${path}/StartAt`);
  for (const [name, state] of Object.entries(machine.States)) {
    problems.push(...stateProblems(name, state, `${path}/States/${name}`, machine, state.QueryLanguage ?? language));
  }
  return problems;
}

function stateProblems(
  name: string,
  state: StateDefinition,
  path: string,
  machine: MachineDefinition,
  language: string | undefined,
): string[] {
  const allowed = fields[state.Type];
  if (!allowed) return [`the type ${state.Type} of state ${name} is not known at ${path}/Type`];
  const problems: string[] = [];
  if (language !== 'JSONata') {
    problems.push(
      `state ${name} is in the JSONPath dialect; the laptop runs the JSONata dialect ("QueryLanguage": "JSONata") at ${path}`,
    );
  }
  for (const field of Object.keys(state)) {
    if (![...allowed, 'Type', 'Comment', 'QueryLanguage'].includes(field))
      problems.push(`The field ${field} is not supported by ${state.Type} in JSONata at ${path}`);
  }
  if (allowed.includes('Next') && state.Next === undefined && state.End !== true)
    problems.push(`MISSING_END_OR_NEXT: state ${name} at ${path}`);
  for (const target of transitions(state)) {
    if (!Object.hasOwn(machine.States, target))
      problems.push(`MISSING_TRANSITION_TARGET: ${target} of state ${name} at ${path}`);
  }
  if (state.Type === 'Task' && typeof state.Resource !== 'string') problems.push(`Resource is required at ${path}`);
  if (state.Type === 'Choice' && !state.Choices?.length) problems.push(`Choices is required at ${path}`);
  if (state.Type === 'Wait' && (state.Seconds === undefined) === (state.Timestamp === undefined))
    problems.push(`exactly one of Seconds and Timestamp at ${path}`);
  if (state.ItemProcessor) problems.push(...machineProblems(state.ItemProcessor, `${path}/ItemProcessor`, language));
  else if (state.Type === 'Map') problems.push(`ItemProcessor is required at ${path}`);
  (state.Branches ?? []).forEach((branch, index) => {
    problems.push(...machineProblems(branch, `${path}/Branches[${index}]`, language));
  });
  return problems;
}

function transitions(state: StateDefinition): string[] {
  const choices = (state.Choices ?? []).map((rule) => rule.Next);
  const catchers = (state.Catch ?? []).map((catcher) => catcher.Next);
  return [state.Next, state.Default, ...choices, ...catchers].filter(
    (target): target is string => target !== undefined,
  );
}
