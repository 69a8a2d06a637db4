import { isReadable } from '../grammar/plain-text.ts';

/** Deeper than any manifest is; code that walks through it needs no other bound. */
const DEEPEST = 20;
const LONGEST_TEXT = 8_192;
const MOST_VALUES = 50_000;
const tooMany = `the manifest: expected at most ${MOST_VALUES} values. Divide it by pipelines`;

/** Objects answer to these without having them, and readers of JSON leave them out or take them for something else. */
export const inheritedNames: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  'prototype',
]);

/**
 * Text that is more than text on its way: the CDK puts its own values in the place of its tokens, and CloudFormation those
 * of secrets and parameters. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
 */
const resolvedOnTheWay = /[$#]\{Token\[|\{\{\s*resolve:/i;

/**
 * What no member of a manifest may be, whatever its meaning: each with its place and what to write instead. What stood
 * there is in no message. Pure.
 */
export function structureProblems(input: unknown): string[] {
  const problems: string[] = [];
  const walk: { value: unknown; place: string; depth: number }[] = [{ value: input, place: 'the manifest', depth: 0 }];
  for (let seen = 0; seen < walk.length; seen += 1) {
    const { value, place, depth } = walk[seen]!;
    const problem = problemOf(value, depth);
    if (problem) problems.push(`${place}: ${problem}`);
    if (problem || typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      const keyProblem = Array.isArray(value) ? undefined : problemOfKey(key);
      if (keyProblem) problems.push(`${place}: ${keyProblem}`);
      else if (walk.length >= MOST_VALUES) return [tooMany];
      else walk.push({ value: inner, place: inside(place, key, Array.isArray(value)), depth: depth + 1 });
    }
  }
  return problems;
}

function problemOf(value: unknown, depth: number): string | undefined {
  if (depth > DEEPEST) return `expected at most ${DEEPEST} levels. Write it flatter`;
  if (typeof value === 'number' && !isExact(value)) {
    return 'expected a number of at most 9007199254740991: a larger one is not kept as it stands there';
  }
  if (typeof value !== 'string') return undefined;
  if (value.length > LONGEST_TEXT) return `expected at most ${LONGEST_TEXT} characters. Write a shorter text`;
  if (!isReadable(value))
    return 'expected text without control characters and marks of direction. Write it again by hand';
  if (resolvedOnTheWay.test(value)) {
    return 'expected text that stands for itself, without {{resolve:…}} and tokens of the CDK. Write what it stands for';
  }
  return undefined;
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function problemOfKey(key: string): string | undefined {
  if (inheritedNames.has(key)) return `the key "${key}" is a name that objects inherit. Write another one`;
  if (key.length <= 512 && isReadable(key) && !/[\t\r\n]/.test(key) && !resolvedOnTheWay.test(key)) return undefined;
  return `the key ${JSON.stringify([...key].slice(0, 40).join('')).replace(/[^ -~]/g, '?')} is longer than 512 characters, or holds a control character, a mark of direction or a reference. Write it again by hand`;
}

/** `secrets["app/db"].consumers[0]` */
function inside(place: string, key: string, isList: boolean): string {
  if (isList) return `${place}[${key}]`;
  const step = /^\w+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  return place === 'the manifest' ? step.replace(/^\./, '') : `${place}${step}`;
}
