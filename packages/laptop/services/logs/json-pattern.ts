import { compileExpression } from './expression.ts';
import { invalid } from './validation.ts';

type Test = (record: unknown) => boolean;

/** `{ ($.level = "ERROR") && $.durationMs > 100 }` */
export function compileJsonPattern(pattern: string): (message: string) => boolean {
  const inner = /^\{(.*)\}$/s.exec(pattern)?.[1];
  if (inner === undefined) throw invalid(`Invalid filter pattern: ${pattern}`);
  const test = new Parser(tokenize(inner), pattern).parse();
  return (message) => {
    const record = readRecord(message);
    return record !== undefined && test(record);
  };
}

/** What the selectors of a JSON pattern find in a line, by selector: TestMetricFilter's extracted values. */
export function selectedValues(pattern: string, message: string): Record<string, string> {
  const record = pattern.trim().startsWith('{') ? readRecord(message) : undefined;
  if (record === undefined) return {};
  const selectors = tokenize(pattern.trim().slice(1, -1)).filter((token) => token.startsWith('$'));
  const found = selectors.map((selector) => [selector, select(record, selector)] as const);
  return Object.fromEntries(
    found
      .filter(([, value]) => value !== undefined)
      .map(([selector, value]) => [selector, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function readRecord(message: string): unknown {
  const text = message.trimEnd();
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A line that only looks like JSON matches no JSON pattern.
    return undefined;
  }
}

function tokenize(text: string): string[] {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|%[^%]+%|&&|\|\||>=|<=|!=|[()=<>]|[^\s()=<>!&|]+/g)].map(
    ([token]) => token,
  );
}

class Parser {
  readonly #tokens: string[];
  readonly #pattern: string;

  constructor(tokens: string[], pattern: string) {
    this.#tokens = tokens;
    this.#pattern = pattern;
  }

  parse(): Test {
    const test = this.#any();
    if (this.#tokens.length > 0) throw this.#invalid();
    return test;
  }

  #any(): Test {
    const tests = [this.#all()];
    while (this.#tokens[0] === '||') {
      this.#tokens.shift();
      tests.push(this.#all());
    }
    return (record) => tests.some((test) => test(record));
  }

  #all(): Test {
    const tests = [this.#one()];
    while (this.#tokens[0] === '&&') {
      this.#tokens.shift();
      tests.push(this.#one());
    }
    return (record) => tests.every((test) => test(record));
  }

  #one(): Test {
    if (this.#tokens[0] === '(') {
      this.#tokens.shift();
      const test = this.#any();
      if (this.#tokens.shift() !== ')') throw this.#invalid();
      return test;
    }
    const selector = this.#tokens.shift();
    if (!selector?.startsWith('$')) throw this.#invalid();
    return this.#comparison(selector);
  }

  #comparison(selector: string): Test {
    const read = (record: unknown) => select(record, selector);
    const operator = this.#tokens.shift();
    if (operator === 'IS') {
      const kind = this.#tokens.shift();
      if (kind === 'TRUE') return (record) => read(record) === true;
      if (kind === 'FALSE') return (record) => read(record) === false;
      if (kind === 'NULL') return (record) => read(record) === null;
      throw this.#invalid();
    }
    if (operator === 'NOT' && this.#tokens.shift() === 'EXISTS') return (record) => read(record) === undefined;
    const value = this.#tokens.shift();
    if (operator === undefined || value === undefined || operator === 'NOT') throw this.#invalid();
    return (record) => compare(read(record), operator, value);
  }

  #invalid() {
    return invalid(`Invalid filter pattern: ${this.#pattern}`);
  }
}

function select(record: unknown, selector: string): unknown {
  const keys = [...selector.slice(1).matchAll(/\.([^.[\]]+)|\[(?:'([^']+)'|"([^"]+)"|(\d+))\]/g)];
  return keys.reduce<any>((value, [, name, single, double, index]) => {
    if (value === null || typeof value !== 'object') return undefined;
    const key = name ?? single ?? double ?? (index as string);
    return Object.hasOwn(value, key) ? value[key] : undefined;
  }, record);
}

function compare(found: unknown, operator: string, wanted: string): boolean {
  if (found === undefined) return false;
  const equal = () => {
    if (wanted.startsWith('%')) return compileExpression(wanted.slice(1, -1)).test(String(found));
    const text = wanted.startsWith('"') ? wanted.slice(1, -1).replace(/\\(.)/g, '$1') : wanted;
    if (typeof found === 'number') return found === Number(text);
    if (typeof found !== 'string') return false;
    const glob = text.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${glob.join('[^]*')}$`).test(found);
  };
  switch (operator) {
    case '=':
      return equal();
    case '!=':
      return !equal();
    case '>':
      return Number(found) > Number(wanted);
    case '<':
      return Number(found) < Number(wanted);
    case '>=':
      return Number(found) >= Number(wanted);
    case '<=':
      return Number(found) <= Number(wanted);
    default:
      throw invalid(`Invalid operator in the filter pattern: ${operator}`);
  }
}
