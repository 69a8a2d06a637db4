/**
 * EventBridge's event patterns. Values that a pattern lists are alternatives; fields are conjunctions; a list in the
 * event matches when any of its items does. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export class InvalidPattern extends Error {
  constructor(reason: string) {
    super(`Event pattern is not valid. Reason: ${reason}`);
    this.name = 'InvalidEventPatternException';
  }
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type PatternNode = { [key: string]: Json };

/** Parses and checks a pattern. @throws InvalidPattern */
export function parsePattern(text: string): PatternNode {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InvalidPattern('Filter is not an object');
  }
  if (!isObject(parsed)) throw new InvalidPattern('Filter is not an object');
  if (Object.keys(parsed).length === 0) throw new InvalidPattern('Empty event pattern');
  checkNode(parsed as PatternNode);
  return parsed as PatternNode;
}

export function matchesPattern(pattern: PatternNode, event: unknown): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    if (key === '$or' && Array.isArray(wanted))
      return wanted.some((branch) => matchesPattern(branch as PatternNode, event));
    return matchesField(wanted, values(event, key));
  });
}

/** What stands under a key: in a list of objects, what stands under it in each. */
function values(event: unknown, key: string): unknown[] {
  if (Array.isArray(event)) return event.flatMap((item) => values(item, key));
  return isObject(event) && Object.hasOwn(event, key) ? [(event as Record<string, unknown>)[key]] : [];
}

function matchesField(wanted: Json, found: unknown[]): boolean {
  if (!Array.isArray(wanted)) {
    if (!isObject(wanted)) return false;
    // Without the field, only what asks for absence can match.
    if (found.length === 0) return matchesPattern(wanted as PatternNode, {});
    return found.some(
      (item) =>
        (Array.isArray(item) ? item : [item]).some(
          (one) => isObject(one) && matchesPattern(wanted as PatternNode, one),
        ) ||
        (isObject(item) && matchesPattern(wanted as PatternNode, item)),
    );
  }
  const leaves = found.flatMap((item) => (Array.isArray(item) ? item.flat(Number.POSITIVE_INFINITY) : [item]));
  return wanted.some((matcher) => matchesLeaf(matcher, leaves, found.length > 0));
}

function matchesLeaf(matcher: Json, leaves: unknown[], isPresent: boolean): boolean {
  if (!isObject(matcher)) return leaves.some((leaf) => leaf === matcher);
  const [operator, operand] = Object.entries(matcher as PatternNode)[0] as [string, Json];
  if (operator === 'exists') return (isPresent && leaves.some((leaf) => !isObject(leaf))) === operand;
  if (operator === 'anything-but')
    return isPresent && leaves.length > 0 && !leaves.some((leaf) => matchesAnythingBut(operand, leaf));
  return leaves.some((leaf) => operators[operator]?.match(operand, leaf) === true);
}

/** Whether a value is one of those that `anything-but` excludes. */
function matchesAnythingBut(operand: Json, leaf: unknown): boolean {
  if (Array.isArray(operand)) return operand.includes(leaf as Json);
  if (!isObject(operand)) return operand === leaf;
  const [operator, inner] = Object.entries(operand as PatternNode)[0] as [string, Json];
  return (Array.isArray(inner) ? inner : [inner]).some((one) => operators[operator]?.match(one, leaf) === true);
}

interface Operator {
  match(operand: Json, leaf: unknown): boolean;
  check(operand: Json): string | undefined;
}

const text = (operand: Json) => (typeof operand === 'string' ? undefined : 'must be a string');
const ignoringCase = (operand: Json) =>
  isObject(operand) ? (operand as PatternNode)['equals-ignore-case'] : undefined;
const affix = (name: string, test: (leaf: string, part: string) => boolean): Operator => ({
  match: (operand, leaf) => {
    if (typeof leaf !== 'string') return false;
    const folded = ignoringCase(operand);
    return typeof folded === 'string'
      ? test(leaf.toLowerCase(), folded.toLowerCase())
      : typeof operand === 'string' && test(leaf, operand);
  },
  check: (operand) =>
    typeof operand === 'string' || typeof ignoringCase(operand) === 'string'
      ? undefined
      : `${name} match pattern must be a string`,
});

const operators: Record<string, Operator> = {
  prefix: affix('prefix', (leaf, part) => leaf.startsWith(part)),
  suffix: affix('suffix', (leaf, part) => leaf.endsWith(part)),
  'equals-ignore-case': {
    match: (operand, leaf) => typeof leaf === 'string' && leaf.toLowerCase() === String(operand).toLowerCase(),
    check: (operand) => text(operand) && 'equals-ignore-case match pattern must be a string',
  },
  wildcard: {
    match: (operand, leaf) => typeof leaf === 'string' && wildcard(String(operand)).test(leaf),
    check: (operand) => {
      if (typeof operand !== 'string') return 'wildcard match pattern must be a string';
      if (operand.includes('**')) return `Consecutive wildcard characters at pos ${operand.indexOf('**')}`;
      return /(^|[^\\])(\\\\)*\\[^*\\]/.test(operand)
        ? `Invalid escape character at pos ${operand.search(/\\[^*\\]/)}`
        : undefined;
    },
  },
  numeric: {
    match: (operand, leaf) =>
      typeof leaf === 'number' &&
      comparisons(operand as Json[]).every(([compare, bound]) => compareNumbers(compare, leaf, bound)),
    check: checkNumeric,
  },
  cidr: {
    match: (operand, leaf) => typeof leaf === 'string' && inCidr(leaf, String(operand)),
    check: (operand) =>
      typeof operand === 'string' && cidrRange(operand) ? undefined : `Malformed CIDR, one '/' required`,
  },
  exists: {
    match: () => false,
    check: (operand) =>
      typeof operand === 'boolean' ? undefined : 'exists match pattern must be either true or false.',
  },
  'anything-but': { match: () => false, check: checkAnythingBut },
};

function checkNode(node: PatternNode): void {
  for (const [key, wanted] of Object.entries(node)) {
    if (key === '$or' && Array.isArray(wanted) && wanted.every(isObject)) {
      for (const branch of wanted) checkNode(branch as PatternNode);
      continue;
    }
    if (Array.isArray(wanted)) {
      if (wanted.length === 0) throw new InvalidPattern('Empty arrays are not allowed');
      for (const matcher of wanted) checkMatcher(matcher);
    } else if (isObject(wanted)) {
      if (Object.keys(wanted as object).length === 0) throw new InvalidPattern('Empty objects are not allowed');
      checkNode(wanted as PatternNode);
    } else {
      throw new InvalidPattern(`"${key}" must be an object or an array`);
    }
  }
}

function checkMatcher(matcher: Json): void {
  if (Array.isArray(matcher)) throw new InvalidPattern('Match value must be String, number, true, false, or null');
  if (!isObject(matcher)) return;
  const entries = Object.entries(matcher as PatternNode);
  if (entries.length !== 1) throw new InvalidPattern('Only one key allowed in match expression');
  const [name, operand] = entries[0] as [string, Json];
  const operator = operators[name];
  if (!operator) throw new InvalidPattern(`Unrecognized match type ${name}`);
  const problem = operator.check(operand);
  if (problem) throw new InvalidPattern(problem);
}

function checkAnythingBut(operand: Json): string | undefined {
  if (Array.isArray(operand)) {
    if (operand.length === 0) return 'Empty arrays are not allowed';
    const kinds = new Set(operand.map((item) => typeof item));
    return kinds.size === 1 && (kinds.has('string') || kinds.has('number'))
      ? undefined
      : 'Inside anything but list, either all values are number or string, mixed type is not supported';
  }
  if (!isObject(operand))
    return operand === null || typeof operand === 'boolean'
      ? 'Value of anything-but must be an array or single string/number value.'
      : undefined;
  const entries = Object.entries(operand as PatternNode);
  const [name, inner] = entries[0] ?? [];
  if (
    entries.length !== 1 ||
    name === undefined ||
    !['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name)
  ) {
    return `Unsupported anything-but pattern: ${name}`;
  }
  const parts = Array.isArray(inner) ? inner : [inner];
  if (parts.length === 0) return 'Empty arrays are not allowed';
  return parts.map((part) => operators[name]?.check(part as Json)).find((problem) => problem !== undefined);
}

function comparisons(operand: Json[]): [string, number][] {
  const pairs: [string, number][] = [];
  for (let i = 0; i + 1 < operand.length; i += 2) pairs.push([String(operand[i]), Number(operand[i + 1])]);
  return pairs;
}

function checkNumeric(operand: Json): string | undefined {
  if (!Array.isArray(operand) || operand.length === 0) return 'Invalid member in numeric match: ';
  if (operand.length % 2 !== 0) return 'Bad value of numeric range';
  for (const [compare, bound] of comparisons(operand)) {
    if (!['=', '<', '<=', '>', '>='].includes(compare)) return `Unrecognized numeric range operator: ${compare}`;
    if (typeof bound !== 'number' || Number.isNaN(bound) || Math.abs(bound) > 5e9) return `Bad value of numeric range`;
  }
  const [first, second] = comparisons(operand);
  if (operand.length > 4) return 'Too many elements in numeric expression';
  if (!second || !first) return undefined;
  if (!first[0].startsWith('>') || !second[0].startsWith('<')) return `Bad numeric range operator: ${second[0]}`;
  return first[1] < second[1] ? undefined : 'Bottom must be less than top';
}

function compareNumbers(compare: string, leaf: number, bound: number): boolean {
  switch (compare) {
    case '=':
      return leaf === bound;
    case '<':
      return leaf < bound;
    case '<=':
      return leaf <= bound;
    case '>':
      return leaf > bound;
    default:
      return leaf >= bound;
  }
}

function wildcard(pattern: string): RegExp {
  const source = pattern.replace(/\\[*\\]|\*|[.+?^${}()|[\]\\]/g, (part) => {
    if (part === '*') return '.*';
    return part.length === 2 ? `\\${part[1]}` : `\\${part}`;
  });
  return new RegExp(`^${source}$`, 's');
}

function inCidr(address: string, block: string): boolean {
  const range = cidrRange(block);
  const value = addressValue(address);
  if (!range || !value || value.bits !== range.bits) return false;
  const shift = BigInt(range.bits - range.prefix);
  return value.value >> shift === range.value >> shift;
}

function cidrRange(block: string): { value: bigint; bits: number; prefix: number } | undefined {
  const [address, prefix, ...rest] = block.split('/');
  const parsed = addressValue(address ?? '');
  if (!parsed || prefix === undefined || rest.length > 0 || !/^\d+$/.test(prefix) || Number(prefix) > parsed.bits)
    return undefined;
  return { ...parsed, prefix: Number(prefix) };
}

function addressValue(address: string): { value: bigint; bits: number } | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    const parts = address.split('.').map(Number);
    if (parts.some((part) => part > 255)) return undefined;
    return { value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n), bits: 32 };
  }
  if (!/^[0-9a-f:]+$/i.test(address) || !address.includes(':')) return undefined;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  if (groups.length !== 8) return undefined;
  return { value: groups.reduce((sum, group) => sum * 65_536n + BigInt(Number.parseInt(group, 16)), 0n), bits: 128 };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
