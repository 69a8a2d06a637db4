import type { StateDefinition } from './definition.ts';
import { type Diagnostic, problem } from './diagnostics.ts';
import { expressionOf, syntaxFault } from './expressions.ts';
import { resourceProblem } from './task-resource.ts';
import { parseTimestamp } from './wait.ts';

export type Language = 'JSONata' | 'JSONPath';

interface Place {
  readonly path: string;
  readonly type: 'STANDARD' | 'EXPRESS';
  readonly language: Language;
}

type StateType = StateDefinition['Type'];
const flow = ['Next', 'End'];
const handling = ['Retry', 'Catch'];
const finish = ['Assign', 'Output'];
const everywhere = ['Type', 'Comment', 'QueryLanguage'];

const fields: Record<StateType, readonly string[]> = {
  Task: ['Resource', 'Arguments', 'Credentials', 'TimeoutSeconds', 'HeartbeatSeconds', ...handling, ...finish, ...flow],
  Choice: ['Choices', 'Default', ...finish],
  Pass: [...finish, ...flow],
  Wait: ['Seconds', 'Timestamp', ...finish, ...flow],
  Succeed: ['Output'],
  Fail: ['Error', 'Cause'],
  Map: [
    ...['Items', 'ItemSelector', 'ItemBatcher', 'ItemProcessor', 'MaxConcurrency', 'Label'],
    ...['ToleratedFailurePercentage', 'ToleratedFailureCount', ...handling, ...finish, ...flow],
  ],
  Parallel: ['Branches', 'Arguments', ...handling, ...finish, ...flow],
};

/** What needs an S3 of one's own, or a process that polls. */
const unsupported: Partial<Record<StateType, readonly string[]>> = { Map: ['ItemReader', 'ResultWriter', 'Iterator'] };

/** What makes a state one of the JSONPath dialect, which the laptop does not run. */
const jsonPathFields = [
  ...['InputPath', 'OutputPath', 'ResultPath', 'Parameters', 'ResultSelector', 'ItemsPath', 'SecondsPath'],
  ...['TimestampPath', 'TimeoutSecondsPath', 'HeartbeatSecondsPath', 'ErrorPath', 'CausePath', 'MaxConcurrencyPath'],
  ...['ToleratedFailureCountPath', 'ToleratedFailurePercentagePath'],
];

/** What is wrong with a state's own fields. https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html */
export function fieldProblems(state: Record<string, unknown>, place: Place): Diagnostic[] {
  const { path } = place;
  const type = state.Type as StateType;
  if (!Object.hasOwn(fields, String(type))) {
    const names = ['Task', 'Wait', 'Pass', 'Succeed', 'Fail', 'Choice', 'Parallel', 'Map'];
    return [problem(`The field 'Type' should have one of these values: [${names.join(', ')}]`, `${path}/Type`)];
  }
  return [
    ...dialectProblems(state, type, place),
    ...unknownProblems(state, type, place),
    ...flowProblems(state, type, path),
    ...ownProblems(state as unknown as StateDefinition, place),
    ...(place.language === 'JSONata' ? expressionProblems(state, path) : []),
  ];
}

/** States of the JSONPath dialect are run where they use nothing that only that dialect has. */
function dialectProblems(state: Record<string, unknown>, type: StateType, { path, language }: Place): Diagnostic[] {
  if (language === 'JSONata') return [];
  const used = jsonPathFields.filter((name) => state[name] !== undefined);
  if (type === 'Choice') used.push('Variable');
  const catchers = (state.Catch as { ResultPath?: unknown }[] | undefined) ?? [];
  if (catchers.some?.((catcher) => catcher?.ResultPath !== undefined)) used.push('Catch/ResultPath');
  if (used.length === 0) return [];
  return [
    problem(
      `The laptop runs the JSONata dialect ("QueryLanguage": "JSONata"); these fields are of the JSONPath dialect: ${[...new Set(used)].join(', ')}`,
      path,
    ),
  ];
}

function unknownProblems(state: Record<string, unknown>, type: StateType, { path, language }: Place): Diagnostic[] {
  const allowed = [
    ...fields[type],
    ...everywhere,
    ...(language === 'JSONPath' ? jsonPathFields : []),
    ...(type === 'Pass' && language === 'JSONPath' ? ['Result'] : []),
  ];
  return Object.keys(state)
    .filter((name) => !allowed.includes(name))
    .map((name) =>
      unsupported[type]?.includes(name)
        ? problem(`The field '${name}' is not supported on the laptop`, `${path}/${name}`)
        : problem(`The field '${name}' is not supported by Step Functions`, path),
    );
}

function flowProblems(state: Record<string, unknown>, type: StateType, path: string): Diagnostic[] {
  if (!fields[type].includes('Next')) return [];
  const ends = [state.Next !== undefined, state.End === true].filter(Boolean).length;
  return ends === 1 ? [] : [problem("State must have exactly one of 'Next' and 'End'", path)];
}

function ownProblems(state: StateDefinition, place: Place): Diagnostic[] {
  const { path } = place;
  switch (state.Type) {
    case 'Task':
      return taskProblems(state, place);
    case 'Choice':
      return state.Choices?.length ? [] : [problem('Value cannot be empty', `${path}/Choices`)];
    case 'Wait':
      return waitProblems(state, path);
    case 'Map':
      return mapProblems(state, path);
    case 'Parallel':
      return state.Branches?.length ? [] : [problem('Value cannot be empty', `${path}/Branches`)];
    default:
      return [];
  }
}

function taskProblems(state: StateDefinition, { path, type }: Place): Diagnostic[] {
  if (typeof state.Resource !== 'string') return [problem('These fields are required: [Resource]', path)];
  const fault = resourceProblem(state.Resource, type);
  const credentials = state.Credentials as { RoleArn?: unknown } | undefined;
  return [
    ...(fault === undefined ? [] : [problem(fault, `${path}/Resource`)]),
    ...(credentials !== undefined && credentials.RoleArn === undefined
      ? [problem("The field 'RoleArn' is required but was missing", `${path}/Credentials`)]
      : []),
  ];
}

function waitProblems(state: StateDefinition, path: string): Diagnostic[] {
  if ((state.Seconds === undefined) === (state.Timestamp === undefined))
    return [problem("State must have exactly one of 'Seconds' and 'Timestamp'", path)];
  const { Timestamp } = state;
  const isLiteral = Timestamp !== undefined && expressionOf(Timestamp) === undefined;
  return isLiteral && !parseTimestamp(Timestamp)
    ? [problem('String does not match RFC3339 timestamp', `${path}/Timestamp`)]
    : [];
}

const LONGEST_LABEL = 40;

function mapProblems(state: StateDefinition, path: string): Diagnostic[] {
  const { ItemProcessor, Label, ItemBatcher, Items } = state;
  const isDistributed = ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED';
  const forbidden = Label?.match(/[\s?*<>{}[\]:;,\\|^~$#%&`"\p{Cc}]/u)?.[0];
  const found: (string | undefined | false)[] = [
    !ItemProcessor && 'These fields are required: [ItemProcessor]',
    Label === '' && 'Label cannot be empty',
    Label !== undefined && Label.length > LONGEST_LABEL && `Label cannot exceed ${LONGEST_LABEL} characters`,
    forbidden !== undefined && `Label contains invalid character: '${forbidden}'`,
    ItemBatcher && !isDistributed && "The field 'ItemBatcher' is supported by a DISTRIBUTED ItemProcessor only",
    Items !== undefined &&
      !Array.isArray(Items) &&
      expressionOf(Items) === undefined &&
      "The field 'Items' must be an array or a JSONata expression",
  ];
  return found.filter((text) => typeof text === 'string').map((text) => problem(text, path));
}

/** Every `{% … %}` must be an expression, and whole. States inside have checks of their own. */
function expressionProblems(state: Record<string, unknown>, path: string): Diagnostic[] {
  const own = Object.entries(state).filter(([name]) => !['ItemProcessor', 'Branches', 'Comment'].includes(name));
  return own.flatMap(([name, value]) => valueProblems(value, `${path}/${name}`));
}

function valueProblems(value: unknown, path: string): Diagnostic[] {
  if (typeof value === 'string') return textProblems(value, path);
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => valueProblems(item, `${path}[${index}]`));
  return Object.entries(value).flatMap(([key, entry]) => valueProblems(entry, `${path}/${key}`));
}

function textProblems(text: string, path: string): Diagnostic[] {
  const expression = expressionOf(text);
  if (expression === undefined) {
    const isTorn = /^\{%/.test(text) || /%\}$/.test(text);
    return isTorn ? [problem("A JSONata expression begins with '{%' and ends with '%}'", path)] : [];
  }
  const fault = syntaxFault(expression);
  return fault === undefined ? [] : [problem(`The JSONata expression '${expression}' is not valid: ${fault}`, path)];
}
