import jsonata from 'jsonata';
import { EvaluationFault } from './errors.ts';
import { functionsOf } from './functions.ts';
import type { Sight } from './sight.ts';

/** Variables of a scope and of those around it. Inner scopes read outer ones; they assign only their own. */
export class VariableScope {
  readonly #values: Record<string, unknown> = {};
  readonly #outer: VariableScope | undefined;

  constructor(outer?: VariableScope) {
    this.#outer = outer;
  }

  all(): Record<string, unknown> {
    return { ...this.#outer?.all(), ...this.#values };
  }

  assign(values: Record<string, unknown>): void {
    Object.assign(this.#values, values);
  }
}

const EXPRESSION = /^\{%([\s\S]*)%\}$/;
const MOST_COMPILED = 5_000;
/** AWS bounds an evaluation too, and does not say how. */
const LONGEST_EVALUATION_MILLISECONDS = 30_000;
const DEEPEST_EVALUATION = 500;
const LONGEST_STRETCH_MILLISECONDS = 20;
/** A variable that no expression can name. */
const SIGNAL = '\u0000signal';
const compiled = new Map<string, jsonata.Expression>();

/** The expression in `{% … %}`; undefined for a literal. */
export function expressionOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.match(EXPRESSION)?.[1]?.trim() : undefined;
}

/** Evaluates every `{% … %}` inside a value. @throws EvaluationFault naming expression and field */
export async function evaluate(value: unknown, sight: Sight, field: string): Promise<unknown> {
  const expression = expressionOf(value);
  if (expression !== undefined) return evaluateExpression(expression, sight, field);
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const [index, item] of value.entries()) items.push(await evaluate(item, sight, `${field}[${index}]`));
    return items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = [];
  for (const [key, entry] of Object.entries(value))
    entries.push([key, await evaluate(entry, sight, `${field}/${key}`)]);
  return Object.fromEntries(entries);
}

/** Evaluates a field that holds one kind of value. @throws EvaluationFault when an expression answers another */
export async function evaluateAs(
  kind: 'number' | 'string' | 'boolean' | 'array',
  value: unknown,
  sight: Sight,
  field: string,
): Promise<unknown> {
  const evaluated = await evaluate(value, sight, field);
  const found = kindOf(evaluated);
  if (found === kind) return evaluated;
  const expression = expressionOf(value);
  const what =
    expression === undefined ? `The value of the field '${field}' is` : `${subjectOf(expression, field)} returned`;
  throw new EvaluationFault(
    `${what} an unexpected result type. Expected '${kind}', but was '${found}' for value: ${JSON.stringify(evaluated)}`,
    field,
  );
}

/** Evaluates a field that is a number or an expression for one; undefined where the state has none. */
export async function evaluateNumber(
  value: number | string | undefined,
  sight: Sight,
  field: string,
): Promise<number | undefined> {
  if (value === undefined) return undefined;
  const evaluated = (await evaluateAs('number', value, sight, field)) as number;
  if (evaluated >= 0) return evaluated;
  throw new EvaluationFault(`The value of the field '${field}' must not be negative, but was ${evaluated}`, field);
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** What is wrong with an expression's form; undefined when it can be evaluated. */
export function syntaxFault(expression: string): string | undefined {
  try {
    compile(expression);
    return undefined;
  } catch (error) {
    return faultText(error);
  }
}

const subjectOf = (expression: string, field: string) =>
  `The JSONata expression '${expression}' specified for the field '${field}'`;

function faultText(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ? `${code}: ${message}` : (message ?? String(error));
}

async function evaluateExpression(expression: string, sight: Sight, field: string): Promise<unknown> {
  let result: unknown;
  try {
    result = await compile(expression).evaluate(undefined, {
      ...functionsOf(sight),
      ...sight.variables,
      states: sight.states,
      [SIGNAL]: sight.signal,
    });
  } catch (error) {
    sight.signal?.throwIfAborted();
    throw new EvaluationFault(
      `${subjectOf(expression, field)} threw an error during evaluation. ${faultText(error)}`,
      field,
    );
  }
  if (result === undefined)
    throw new EvaluationFault(`${subjectOf(expression, field)} returned nothing (undefined).`, field);
  if (isFunction(result))
    throw new EvaluationFault(`${subjectOf(expression, field)} returned an unsupported result type.`, field);
  // jsonata marks its sequences with properties of its own; what leaves an expression is plain JSON.
  return JSON.parse(JSON.stringify(result)) as unknown;
}

function isFunction(value: unknown): boolean {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  return '_jsonata_lambda' in value || '_jsonata_function' in value;
}

function compile(expression: string): jsonata.Expression {
  const known = compiled.get(expression);
  if (known) return known;
  const made = jsonata(expression, { timeout: LONGEST_EVALUATION_MILLISECONDS, stack: DEEPEST_EVALUATION });
  (made as unknown as Hooked).assign(Symbol.for('jsonata.__evaluate_entry'), letOthersGoOn);
  if (compiled.size >= MOST_COMPILED) compiled.clear();
  compiled.set(expression, made);
  return made;
}

interface Environment {
  lookup(name: string): unknown;
}

interface Hooked {
  /** JSONata awaits a hook of this name before it evaluates any part of an expression. */
  assign(
    name: symbol,
    hook: (part: unknown, input: unknown, environment: Environment) => Promise<void> | undefined,
  ): void;
}

let pausedAt = 0;
/** An expression that runs for long, or for ever, must not keep the whole laptop waiting, and can be stopped. */
function letOthersGoOn(_part: unknown, _input: unknown, environment: Environment): Promise<void> | undefined {
  const now = performance.now();
  if (now - pausedAt < LONGEST_STRETCH_MILLISECONDS) return undefined;
  (environment.lookup(SIGNAL) as AbortSignal | undefined)?.throwIfAborted();
  pausedAt = now;
  return new Promise((resolve) => setImmediate(resolve));
}
