import * as v from 'valibot';

/**
 * A problem of the manifest's shape in words: the place, what is written there, what to write instead. Never what stood
 * there: a value may have been pasted in by mistake. Pure.
 */
export function describeManifestIssue(issue: v.BaseIssue<unknown>, knownKeys: ReadonlySet<string>): string {
  const keys = (issue.path ?? []).map(({ key }) => String(key));
  const last = keys.at(-1) ?? '';
  if (issue.kind === 'schema' && issue.expected === 'never') {
    const similar = mostSimilar(last, knownKeys);
    return `${place(keys.slice(0, -1))}: unknown key "${last}".${similar ? ` Did you mean "${similar}"?` : ''}`;
  }
  if (issue.kind === 'schema' && issue.type === 'strict_object' && issue.expected === `"${last}"`) {
    return `${place(keys.slice(0, -1))}: "${last}" is missing.`;
  }
  return `${place(keys)}: expected ${expectation(issue)}, came ${kindOf(issue.input)}.`;
}

/** Messages of ours say what was expected; valibot's own begin with "Invalid" and show what came. */
function expectation(issue: v.BaseIssue<unknown>): string {
  if (!issue.message.startsWith('Invalid ')) return issue.message.replace(/^expected /, '');
  const expected = issue.expected ?? String(issue.requirement ?? issue.type);
  if (Object.hasOwn(kindWords, expected)) return kindWords[expected] as string;
  // `("a" | "b" | "c")` is a choice.
  return expected
    .replace(/^\((.*)\)$/, '$1')
    .replace(/ \| (?=[^|]*$)/, ' or ')
    .replaceAll(' | ', ', ');
}

const kindWords: Readonly<Record<string, string>> = {
  Object: 'an object: { … }',
  Array: 'a list: [ … ]',
  string: 'text in quotes',
  number: 'a number',
  boolean: 'true or false',
};

/** The value, or what is wrong with it in words. */
export type Read<Value> = { readonly value: Value } | { readonly problems: readonly string[] };

/** Reads a manifest or a part of it. Schemas take a list for an object without members: that is refused here. Pure. */
export function readStrictly<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  knownKeys: ReadonlySet<string>,
): Read<v.InferOutput<Schema>> {
  const parsed = v.safeParse(schema, input, { abortPipeEarly: true });
  if (!parsed.success) return { problems: parsed.issues.map((issue) => describeManifestIssue(issue, knownKeys)) };
  const lists = listsAsObjects(input, parsed.output, []);
  return lists.length > 0 ? { problems: lists } : { value: parsed.output };
}

function listsAsObjects(input: unknown, output: unknown, keys: readonly string[]): string[] {
  if (typeof input !== 'object' || input === null || typeof output !== 'object' || output === null) return [];
  if (Array.isArray(input) && !Array.isArray(output))
    return [`${place(keys)}: expected ${kindWords.Object}, came a list.`];
  return Object.entries(input).flatMap(([key, inner]) =>
    Object.hasOwn(output, key) ? listsAsObjects(inner, (output as Record<string, unknown>)[key], [...keys, key]) : [],
  );
}

function kindOf(input: unknown): string {
  if (input === undefined) return 'nothing';
  if (input === null) return 'null';
  return Array.isArray(input) ? 'a list' : `a${typeof input === 'object' ? 'n' : ''} ${typeof input}`;
}

/** `secrets["app/db"].consumers[0]` */
function place(keys: readonly string[]): string {
  if (keys.length === 0) return 'the manifest';
  return keys
    .map((key, index) => {
      if (/^\d+$/.test(key)) return `[${key}]`;
      if (!/^\w+$/.test(key)) return `["${key}"]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

function mostSimilar(word: string, known: ReadonlySet<string>): string | undefined {
  const beginning = [...known].find((key) => key.toLowerCase().startsWith(word.toLowerCase()));
  if (beginning && word.length >= 3) return beginning;
  const [best] = [...known]
    .map((key) => ({ key, distance: editDistance(word.toLowerCase(), key.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  return best && best.distance <= Math.max(1, Math.floor(word.length / 4)) ? best.key : undefined;
}

/** Levenshtein's, by one row. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [i, character] of [...left].entries()) {
    const next = [i + 1];
    for (let j = 0; j < right.length; j += 1) {
      const replaced = row[j]! + (character === right[j] ? 0 : 1);
      next.push(Math.min(replaced, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}

/** Every key that a schema knows, at any depth. */
export function keysOf(schema: unknown, found = new Set<string>(), seen = new Set<unknown>()): Set<string> {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return found;
  seen.add(schema);
  const { entries, wrapped, options, item, value, pipe } = schema as Record<string, any>;
  for (const [key, entry] of Object.entries(entries ?? {})) {
    found.add(key);
    keysOf(entry, found, seen);
  }
  for (const inner of [wrapped, item, value, ...(options ?? []), ...(pipe ?? [])]) keysOf(inner, found, seen);
  return found;
}
