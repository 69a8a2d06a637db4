import { JsonTokens } from '../../json-tokens.ts';
import type { Alternative, Pattern } from './compile.ts';
import { type Leaf, type Matcher, matchesLeaf } from './matchers.ts';

/** In which element of which array of the event a value stands. Arrays are numbered as they come. */
type Membership = ReadonlyMap<number, number>;

interface Value {
  readonly leaf: Leaf;
  readonly membership: Membership;
}

/** An event as paths and the values at their ends. */
export type FlatEvent = ReadonlyMap<string, readonly Value[]>;

/** @throws JsonFault when the text is no JSON object */
export function flattenEvent(text: string): FlatEvent {
  const tokens = new JsonTokens(text);
  const fields = new Map<string, Value[]>();
  let arrays = 0;
  const add = (path: string, membership: Membership) => {
    const leaf = tokens.token === 'string' ? `"${tokens.text()}"` : tokens.text();
    const values = fields.get(path);
    if (values) values.push({ leaf, membership });
    else fields.set(path, [{ leaf, membership }]);
  };
  const readValue = (path: string, membership: Membership, inner: Membership) => {
    if (tokens.token === 'object') readObject(path, inner);
    else if (tokens.token === 'array') readArray(path, inner);
    else add(path, membership);
  };
  const readObject = (path: string, membership: Membership) => {
    while (tokens.next() !== 'object-end') {
      const name = tokens.text();
      tokens.next();
      readValue(path === '' ? name : `${path}.${name}`, membership, membership);
    }
  };
  const readArray = (path: string, membership: Membership) => {
    const array = arrays;
    arrays += 1;
    for (let index = 0; tokens.next() !== 'array-end'; index += 1)
      readValue(path, membership, new Map(membership).set(array, index));
  };
  if (tokens.next() !== 'object') throw tokens.fault('Event must be a JSON object');
  readObject('', new Map());
  return fields;
}

export function matchesPattern(pattern: Pattern, event: FlatEvent): boolean {
  return pattern.some((alternative) => matchesAlternative(alternative, event));
}

/**
 * Whether there is a choice of one value for each path such that no two of them stand in different elements of one
 * array. All choices go forward together, path by path.
 */
function matchesAlternative(alternative: Alternative, event: FlatEvent): boolean {
  let choices: readonly Membership[] = [new Map()];
  for (const path of [...alternative.keys()].sort()) {
    const values = event.get(path) ?? [];
    choices = distinct(choices.flatMap((choice) => extend(choice, alternative.get(path) as Matcher[], values)));
    if (choices.length === 0) return false;
  }
  return true;
}

function extend(choice: Membership, matchers: readonly Matcher[], values: readonly Value[]): Membership[] {
  const merged = values.map((value) => ({ leaf: value.leaf, membership: merge(choice, value.membership) }));
  const reachable = merged.filter((value): value is Value => value.membership !== undefined);
  const extended = reachable
    .filter(({ leaf }) => matchers.some((matcher) => matchesLeaf(matcher, leaf)))
    .map(({ membership }) => membership);
  const isAbsent = reachable.length === 0 && matchers.some(({ kind }) => kind === 'absent');
  return isAbsent ? [...extended, choice] : extended;
}

/** Undefined when the two stand in different elements of one array. */
function merge(one: Membership, other: Membership): Membership | undefined {
  if (other.size === 0) return one;
  const merged = new Map(one);
  for (const [array, index] of other) {
    const known = merged.get(array);
    if (known !== undefined && known !== index) return undefined;
    merged.set(array, index);
  }
  return merged;
}

function distinct(choices: readonly Membership[]): Membership[] {
  const byText = new Map<string, Membership>();
  for (const choice of choices) {
    const text = [...choice].sort(([a], [b]) => a - b).join(';');
    byText.set(text, choice);
  }
  return [...byText.values()];
}
