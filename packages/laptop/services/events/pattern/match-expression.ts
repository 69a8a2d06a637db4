import { JsonFault, type JsonTokens, type Token } from '../../json-tokens.ts';
import { parseBlock } from './addresses.ts';
import type { Matcher, NumericRange } from './matchers.ts';
import { comparableNumber } from './numbers.ts';
import { parseWildcard } from './wildcards.ts';

const ONE_KEY = 'Only one key allowed in match expression';
const TOO_MANY = 'Too many elements in numeric expression';

/** Reads `{"prefix": "a"}` and its like, whose opening brace has been read. @throws JsonFault */
export function readMatchExpression(tokens: JsonTokens): Matcher {
  if (tokens.next() !== 'name') throw tokens.fault('Match expression name not found');
  const name = tokens.text();
  switch (name) {
    case 'exactly':
      return closed(tokens, { kind: 'exact', leaf: `"${readString(tokens, 'exact')}"` });
    case 'prefix':
    case 'suffix':
      return readAffix(tokens, name);
    case 'equals-ignore-case':
      return closed(tokens, { kind: name, part: `"${readString(tokens, name)}"`, ignoresCase: true });
    case 'wildcard':
      return readWildcard(tokens);
    case 'numeric': {
      if (tokens.next() !== 'array') throw tokens.fault('Value of numeric must be an array.');
      const matcher = readNumeric(tokens);
      if (tokens.next() !== 'object-end') throw tokens.fault(TOO_MANY);
      return matcher;
    }
    case 'cidr':
      // The message says prefix: so does EventBridge's.
      return closed(tokens, { kind: 'cidr', block: parseBlock(readString(tokens, 'prefix')) });
    case 'exists':
      return readExists(tokens);
    case 'anything-but':
      return readAnythingBut(tokens);
    default:
      throw tokens.fault(`Unrecognized match type ${name}`);
  }
}

function readString(tokens: JsonTokens, name: string): string {
  if (tokens.next() !== 'string') throw tokens.fault(`${name} match pattern must be a string`);
  return tokens.text();
}

function closed<M extends Matcher>(tokens: JsonTokens, matcher: M): M {
  if (tokens.next() !== 'object-end') throw tokens.fault(ONE_KEY);
  return matcher;
}

function readAffix(tokens: JsonTokens, kind: 'prefix' | 'suffix'): Matcher {
  const quoted = (text: string) => (kind === 'prefix' ? `"${text}` : `${text}"`);
  const token = tokens.next();
  if (token === 'string') return closed(tokens, { kind, part: quoted(tokens.text()), ignoresCase: false });
  if (token !== 'object') throw tokens.fault(`${kind} match pattern must be a string`);
  const title = kind === 'prefix' ? 'Prefix' : 'Suffix';
  if (tokens.next() !== 'name') throw tokens.fault(`${title} expression name not found`);
  const name = tokens.text();
  if (name !== 'equals-ignore-case') throw tokens.fault(`Unsupported ${kind} pattern: ${name}`);
  const matcher = closed(tokens, { kind, part: quoted(readString(tokens, name)), ignoresCase: true } as const);
  return closed(tokens, matcher);
}

function readWildcard(tokens: JsonTokens): Matcher {
  const text = readString(tokens, 'wildcard');
  return closed(tokens, wildcard(tokens, text));
}

function wildcard(tokens: JsonTokens, text: string): Matcher {
  try {
    return { kind: 'wildcard', steps: parseWildcard(text) };
  } catch (error) {
    throw tokens.fault((error as Error).message);
  }
}

function readExists(tokens: JsonTokens): Matcher {
  const token = tokens.next();
  if (token !== 'true' && token !== 'false') throw tokens.fault('exists match pattern must be either true or false.');
  return closed(tokens, { kind: token === 'true' ? 'present' : 'absent' });
}

function readNumeric(tokens: JsonTokens): Matcher {
  if (tokens.next() !== 'string') throw tokens.fault(`Invalid member in numeric match: ${tokens.text()}`);
  const operator = tokens.text();
  const token = tokens.next();
  if (!['=', '<', '<=', '>', '>='].includes(operator))
    throw tokens.fault(`Unrecognized numeric range operator: ${operator}`);
  const title = operator === '=' ? 'equals' : operator;
  const value = numberAt(tokens, token, title);
  const after = tokens.next();
  if (operator.startsWith('>')) {
    const below = { bottom: value, isOpenBelow: operator === '>' };
    if (after === 'array-end') return range({ ...below, top: Number.MAX_VALUE, isOpenAbove: false });
    return readTop(tokens, after, below);
  }
  if (after !== 'array-end') throw tokens.fault(TOO_MANY);
  if (operator === '=') return range({ bottom: value, isOpenBelow: false, top: value, isOpenAbove: false });
  return range({ bottom: -Number.MAX_VALUE, isOpenBelow: false, top: value, isOpenAbove: operator === '<' });
}

function readTop(tokens: JsonTokens, token: Token, below: Pick<NumericRange, 'bottom' | 'isOpenBelow'>): Matcher {
  if (token !== 'string') throw tokens.fault(`Bad value in numeric range: ${tokens.text()}`);
  const operator = tokens.text();
  if (operator !== '<' && operator !== '<=') throw tokens.fault(`Bad numeric range operator: ${operator}`);
  const top = numberAt(tokens, tokens.next(), operator);
  if (tokens.next() !== 'array-end') throw tokens.fault('Too many terms in numeric range expression');
  if (below.bottom >= top) throw tokens.fault('Bottom must be less than top');
  return range({ ...below, top, isOpenAbove: operator === '<' });
}

function numberAt(tokens: JsonTokens, token: Token, title: string): number {
  if (token !== 'number') throw tokens.fault(`Value of ${title} must be numeric`);
  const value = comparableNumber(tokens.text());
  if (value === undefined) throw tokens.fault(`Cannot compare number : ${tokens.text()}`);
  return value;
}

const range = (numericRange: NumericRange): Matcher => ({ kind: 'range', range: numericRange });

type Exclusion = 'equals-ignore-case' | 'prefix' | 'suffix' | 'wildcard';
const exclusions: readonly string[] = ['equals-ignore-case', 'prefix', 'suffix', 'wildcard'];

function readAnythingBut(tokens: JsonTokens): Matcher {
  let token = tokens.next();
  let exclusion: Exclusion | undefined;
  if (token === 'object') {
    if (tokens.next() !== 'name') throw tokens.fault('Anything-But expression name not found');
    const name = tokens.text();
    if (!exclusions.includes(name)) throw tokens.fault(`Unsupported anything-but pattern: ${name}`);
    exclusion = name as Exclusion;
    token = tokens.next();
  }
  if (token !== 'array' && token !== 'string' && token !== 'number')
    throw tokens.fault('Value of anything-but must be an array or single string/number value.');
  const read = (at: Token) => (exclusion ? readExcluded(tokens, at, exclusion) : readPlain(tokens, at));
  const excluded = token === 'array' ? readList(tokens, read) : [read(token)];
  if (!exclusion) expectOneKind(tokens, excluded);
  if (tokens.next() !== 'object-end') throw tokens.fault(TOO_MANY);
  if (exclusion && tokens.next() !== 'object-end') throw tokens.fault(TOO_MANY);
  return { kind: 'anything-but', excluded };
}

/** An error inside a list names the place twice, as AWS does. */
function readList(tokens: JsonTokens, read: (token: Token) => Matcher): Matcher[] {
  const list: Matcher[] = [];
  try {
    while (tokens.next() !== 'array-end') list.push(read(tokens.token));
  } catch (error) {
    throw error instanceof JsonFault ? tokens.fault(error.message) : error;
  }
  return list;
}

function readPlain(tokens: JsonTokens, token: Token): Matcher {
  if (token === 'string') return { kind: 'exact', leaf: `"${tokens.text()}"` };
  if (token !== 'number') throw tokens.fault('Inside anything but list, start|null|boolean is not supported.');
  const leaf = tokens.text();
  const value = comparableNumber(leaf);
  if (value === undefined) throw tokens.fault(`Cannot compare number : ${leaf}`);
  return { kind: 'number', leaf, value };
}

function expectOneKind(tokens: JsonTokens, excluded: readonly Matcher[]): void {
  if (new Set(excluded.map(({ kind }) => kind)).size === 1) return;
  throw tokens.fault('Inside anything but list, either all values are number or string, mixed type is not supported');
}

function readExcluded(tokens: JsonTokens, token: Token, exclusion: Exclusion): Matcher {
  if (token !== 'string') throw tokens.fault(notText[exclusion]);
  const text = tokens.text();
  if (exclusion === 'wildcard') return wildcard(tokens, text);
  if (exclusion === 'equals-ignore-case') return { kind: exclusion, part: `"${text}"`, ignoresCase: true };
  if (text === '') throw tokens.fault('Null prefix/suffix not allowed');
  return { kind: exclusion, part: exclusion === 'prefix' ? `"${text}` : `${text}"`, ignoresCase: false };
}

const notText: Record<Exclusion, string> = {
  'equals-ignore-case': 'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
  prefix: 'prefix/suffix match pattern must be a string',
  suffix: 'prefix/suffix match pattern must be a string',
  wildcard: 'wildcard match pattern must be a string',
};
