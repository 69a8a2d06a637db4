/** A wildcard pattern: the characters to meet, and `many` for any number of them. */
export type WildcardStep = string | typeof many;
export const many = Symbol('any number of characters');

/** Steps over the text in its quotes, as EventBridge counts positions. @throws Error with EventBridge's words */
export function parseWildcard(text: string): WildcardStep[] {
  const characters = [...`"${text}"`];
  const steps: WildcardStep[] = [];
  let position = 0;
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] as string;
    const following = characters[index + 1];
    if (character === '*') {
      if (following === '*') throw new Error(`Consecutive wildcard characters at pos ${position}`);
      steps.push(many);
    } else if (character === '\\') {
      if (following !== '*' && following !== '\\') throw new Error(`Invalid escape character at pos ${position}`);
      steps.push(following);
      index += 1;
      position += 1;
    } else {
      steps.push(character);
    }
    position += Buffer.byteLength(character);
  }
  return steps;
}

export function matchesWildcard(steps: readonly WildcardStep[], value: string): boolean {
  let reached = closure(steps, [0]);
  for (const character of value) {
    reached = advance(steps, reached, character);
    if (reached.length === 0) return false;
  }
  return reached.includes(steps.length);
}

/** Places in the pattern that are reached without a character more. */
function closure(steps: readonly WildcardStep[], places: readonly number[]): number[] {
  const all = new Set(places);
  for (const place of all) if (steps[place] === many) all.add(place + 1);
  return [...all];
}

/** A place is how many steps are behind; behind `many` one may stay. */
function advance(steps: readonly WildcardStep[], places: readonly number[], character: string): number[] {
  const next = new Set<number>();
  for (const place of places) {
    if (steps[place - 1] === many) next.add(place);
    if (steps[place] === character) next.add(place + 1);
  }
  return closure(steps, [...next]);
}

/** A pattern at which, or above which, EventBridge refuses a rule. Observed at its documented examples. */
const MOST_COMPLEX = 10;
const MOST_STATES = 20_000;

/**
 * Whether a field's wildcards are too costly together: the worst text keeps too many beginnings of them open at once.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching-complexity
 */
export function areTooComplex(patterns: readonly (readonly WildcardStep[])[]): boolean {
  const alphabet = new Set(patterns.flat().filter((step) => step !== many));
  const first = patterns.map((steps) => closure(steps, [0]));
  const queue = [first];
  const seen = new Set([JSON.stringify(first)]);
  for (const places of queue) {
    for (const character of alphabet) {
      const next = patterns.map((steps, index) => advance(steps, places[index] as number[], character));
      if (openBeginnings(next) >= MOST_COMPLEX) return true;
      const key = JSON.stringify(next);
      if (seen.has(key) || seen.size >= MOST_STATES) continue;
      seen.add(key);
      queue.push(next);
    }
  }
  return false;
}

/** How many beginnings of the patterns the text matches: `ab` matches `a*` and `a*b` of `a*bc`. */
const openBeginnings = (reached: readonly number[][]) => reached.reduce((sum, places) => sum + places.length, 0);
