import { createHash, randomUUID } from 'node:crypto';
import jsonata from 'jsonata';
import { StatesError } from './errors.ts';

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

export interface StatesBinding {
  input: unknown;
  context: unknown;
  result?: unknown;
  errorOutput?: { Error: string; Cause: string };
}

const EXPRESSION = /^\{%([\s\S]*)%\}$/;
const compiled = new Map<string, jsonata.Expression>();

/** Evaluates every `{% … %}` inside a value. @throws StatesError States.QueryEvaluationError */
export async function evaluate(
  value: unknown,
  states: StatesBinding,
  variables: Record<string, unknown>,
  place: string,
): Promise<unknown> {
  if (typeof value === 'string') {
    const expression = value.match(EXPRESSION)?.[1];
    return expression === undefined ? value : evaluateExpression(expression.trim(), states, variables, place);
  }
  if (Array.isArray(value))
    return Promise.all(value.map((item, index) => evaluate(item, states, variables, `${place}[${index}]`)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = await Promise.all(
    Object.entries(value).map(
      async ([key, entry]) => [key, await evaluate(entry, states, variables, `${place}/${key}`)] as const,
    ),
  );
  return Object.fromEntries(entries);
}

async function evaluateExpression(
  text: string,
  states: StatesBinding,
  variables: Record<string, unknown>,
  place: string,
): Promise<unknown> {
  let result: unknown;
  try {
    result = await compile(text).evaluate(undefined, { ...variables, states });
  } catch (error) {
    const { message } = error as { message?: string };
    throw new StatesError(
      'States.QueryEvaluationError',
      `The JSONata expression '${text}' specified for the field '${place}' threw an error during evaluation. ${message ?? String(error)}`,
    );
  }
  if (result === undefined) {
    throw new StatesError(
      'States.QueryEvaluationError',
      `The JSONata expression '${text}' specified for the field '${place}' returned nothing (undefined).`,
    );
  }
  // jsonata marks its sequences with properties of its own; what leaves an expression is plain JSON.
  return JSON.parse(JSON.stringify(result)) as unknown;
}

function compile(text: string): jsonata.Expression {
  const known = compiled.get(text);
  if (known) return known;
  const expression = jsonata(text);
  registerFunctions(expression);
  compiled.set(text, expression);
  return expression;
}

/** AWS's additions. https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn */
function registerFunctions(expression: jsonata.Expression): void {
  expression.registerFunction(
    'partition',
    (items: unknown[], size: number) => {
      const chunks: unknown[][] = [];
      for (let start = 0; start < items.length; start += Math.floor(size))
        chunks.push(items.slice(start, start + Math.floor(size)));
      return chunks;
    },
    '<a<x>n:a<a>>',
  );
  expression.registerFunction(
    'range',
    (first: number, last: number, step = 1) => {
      if (step === 0 || (last - first) / step > 1_000) throw new Error('$range: a step of 0, or more than 1,000 items');
      const items: number[] = [];
      for (let item = first; step > 0 ? item <= last : item >= last; item += step) items.push(item);
      return items;
    },
    '<nnn?:a<n>>',
  );
  expression.registerFunction(
    'hash',
    (data: string, algorithm = 'SHA-256') =>
      createHash(algorithm.replace('-', '').toLowerCase()).update(data).digest('hex'),
    '<ss?:s>',
  );
  expression.registerFunction('uuid', () => randomUUID(), '<:s>');
  expression.registerFunction('parse', (text: string) => JSON.parse(text), '<s:x>');
  expression.registerFunction(
    'random',
    (seed?: number) => (seed === undefined ? Math.random() : seededRandom(seed)),
    '<n?:n>',
  );
  expression.assign('eval', undefined);
}

/** mulberry32: one number for one seed. */
function seededRandom(seed: number): number {
  let state = (seed + 0x6d2b79f5) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 4_294_967_296;
}
