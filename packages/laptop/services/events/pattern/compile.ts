import { JsonTokens } from '../../json-tokens.ts';
import { parseAddress } from './addresses.ts';
import { readMatchExpression } from './match-expression.ts';
import type { Matcher } from './matchers.ts';
import { comparableNumber } from './numbers.ts';
import { areTooComplex, type WildcardStep } from './wildcards.ts';

/** One way to match: every path needs one of its matchers. Paths are joined with dots, as events' are. */
export type Alternative = ReadonlyMap<string, readonly Matcher[]>;

/** A pattern with its `$or` multiplied out: one alternative is enough. */
export type Pattern = readonly Alternative[];

export class InvalidPattern extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`Event pattern is not valid. Reason: ${reason}`, options);
    this.name = 'InvalidEventPatternException';
  }
}

const OR = '$or';

/** Names that stand for operators, now or later, name no field inside `$or`. */
const reservedInOr: readonly string[] = [
  ...['exactly', 'equals-ignore-case', 'prefix', 'suffix', 'anything-but', 'exists', 'wildcard', 'numeric', 'cidr'],
  ...['=', '<', '<=', '>', '>=', 'regex', 'not-wildcard', 'not-equals-ignore-case'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before', 'in-date-range'],
  ...['ip-address-in-range', 'ip-address-not-in-range'],
];

/** @throws InvalidPattern with EventBridge's words, place included */
export function compilePattern(text: string): Pattern {
  try {
    const tokens = new JsonTokens(text);
    if (tokens.next() !== 'object') throw tokens.fault('Filter is not an object');
    const pattern = readObject(tokens, [], [new Map()], false);
    expectSimple(pattern);
    return pattern;
  } catch (error) {
    if (error instanceof InvalidPattern) throw error;
    throw new InvalidPattern((error as Error).message, { cause: error });
  }
}

type Draft = Map<string, readonly Matcher[]>;

/** Reads fields into each of the drafts; `$or` multiplies the drafts. */
function readObject(tokens: JsonTokens, path: readonly string[], before: Draft[], isInOr: boolean): Draft[] {
  let drafts = before;
  let isEmpty = true;
  while (tokens.next() !== 'object-end') {
    isEmpty = false;
    const name = tokens.text();
    if (name === OR) {
      drafts = readOr(tokens, path, drafts);
      continue;
    }
    if (isInOr && reservedInOr.includes(name))
      throw tokens.fault(`${name} is Ruler reserved fieldName which cannot be used inside ${OR}.`);
    const token = tokens.next();
    if (token === 'object') {
      drafts = readObject(tokens, [...path, name], drafts, isInOr);
    } else if (token === 'array') {
      const matchers = readMatchers(tokens);
      for (const draft of drafts) draft.set([...path, name].join('.'), matchers);
    } else {
      throw tokens.fault(`"${name}" must be an object or an array`);
    }
  }
  if (isEmpty) throw tokens.fault('Empty objects are not allowed');
  return drafts;
}

function readOr(tokens: JsonTokens, path: readonly string[], before: Draft[]): Draft[] {
  if (tokens.next() !== 'array') throw tokens.fault(`It must be an Array followed with ${OR}.`);
  const drafts: Draft[] = [];
  let count = 0;
  while (tokens.next() !== 'array-end') {
    count += 1;
    if (tokens.token !== 'object') throw tokens.fault(`Only JSON object is allowed in array of ${OR} relationship.`);
    drafts.push(
      ...readObject(
        tokens,
        path,
        before.map((draft) => new Map(draft)),
        true,
      ),
    );
  }
  if (count < 2) throw tokens.fault(`There must have at least 2 Objects in ${OR} relationship.`);
  return drafts;
}

function readMatchers(tokens: JsonTokens): Matcher[] {
  const matchers: Matcher[] = [];
  while (tokens.next() !== 'array-end') matchers.push(readMatcher(tokens));
  if (matchers.length === 0) throw tokens.fault('Empty arrays are not allowed');
  return matchers;
}

function readMatcher(tokens: JsonTokens): Matcher {
  switch (tokens.token) {
    case 'object':
      return readMatchExpression(tokens);
    case 'string': {
      const text = tokens.text();
      const address = parseAddress(text);
      return { kind: 'exact', leaf: `"${text}"`, ...(address && { address }) };
    }
    case 'number':
      return { kind: 'number', leaf: tokens.text(), value: comparableNumber(tokens.text()) };
    case 'true':
    case 'false':
    case 'null':
      return { kind: 'exact', leaf: tokens.text() };
    default:
      throw tokens.fault('Match value must be String, number, true, false, or null');
  }
}

function expectSimple(pattern: Pattern): void {
  const byPath = new Map<string, Map<string, readonly WildcardStep[]>>();
  for (const alternative of pattern) {
    for (const [path, matchers] of alternative) {
      for (const matcher of matchers.flatMap((one) => (one.kind === 'anything-but' ? one.excluded : [one]))) {
        if (matcher.kind !== 'wildcard') continue;
        const known = byPath.get(path) ?? new Map();
        byPath.set(path, known.set(matcher.steps.map(String).join(''), matcher.steps));
      }
    }
  }
  for (const patterns of byPath.values()) {
    if (!areTooComplex([...patterns.values()])) continue;
    throw new InvalidPattern(
      'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character',
    );
  }
}
