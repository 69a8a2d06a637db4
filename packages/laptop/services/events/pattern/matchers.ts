import { type AddressBlock, contains, parseAddress } from './addresses.ts';
import { comparableNumber } from './numbers.ts';
import { matchesWildcard, type WildcardStep } from './wildcards.ts';

/** A value at the end of a path of an event: a string in quotes, everything else as it is written. */
export type Leaf = string;

/** What a pattern asks of one value; `absent` asks that there is none. */
export type Matcher =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present' }
  | { readonly kind: 'exact'; readonly leaf: Leaf; readonly address?: AddressBlock }
  | { readonly kind: 'number'; readonly leaf: Leaf; readonly value: number | undefined }
  | { readonly kind: 'prefix' | 'suffix' | 'equals-ignore-case'; readonly part: Leaf; readonly ignoresCase: boolean }
  | { readonly kind: 'range'; readonly range: NumericRange }
  | { readonly kind: 'cidr'; readonly block: AddressBlock }
  | { readonly kind: 'wildcard'; readonly steps: readonly WildcardStep[] }
  | { readonly kind: 'anything-but'; readonly excluded: readonly Matcher[] };

export interface NumericRange {
  readonly bottom: number;
  readonly isOpenBelow: boolean;
  readonly top: number;
  readonly isOpenAbove: boolean;
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html */
export function matchesLeaf(matcher: Matcher, leaf: Leaf): boolean {
  switch (matcher.kind) {
    case 'absent':
      return false;
    case 'present':
      return true;
    case 'exact':
      return matcher.address ? isIn(matcher.address, leaf) : leaf === matcher.leaf;
    case 'number':
      return leaf === matcher.leaf || (matcher.value !== undefined && comparableNumber(leaf) === matcher.value);
    case 'prefix':
      return folded(leaf, matcher).startsWith(folded(matcher.part, matcher));
    case 'suffix':
      return folded(leaf, matcher).endsWith(folded(matcher.part, matcher));
    case 'equals-ignore-case':
      return folded(leaf, matcher) === folded(matcher.part, matcher);
    case 'range':
      return isInRange(matcher.range, comparableNumber(leaf));
    case 'cidr':
      return isIn(matcher.block, leaf);
    case 'wildcard':
      return matchesWildcard(matcher.steps, leaf);
    case 'anything-but':
      return !matcher.excluded.some((one) => matchesLeaf(one, leaf));
  }
}

const folded = (leaf: Leaf, { ignoresCase }: { ignoresCase: boolean }) => (ignoresCase ? leaf.toLowerCase() : leaf);

function isIn(block: AddressBlock, leaf: Leaf): boolean {
  const text = leaf.startsWith('"') && leaf.endsWith('"') ? leaf.slice(1, -1) : leaf;
  const address = parseAddress(text);
  return address !== undefined && contains(block, address);
}

function isInRange(range: NumericRange, value: number | undefined): boolean {
  if (value === undefined) return false;
  const isAbove = range.isOpenBelow ? value > range.bottom : value >= range.bottom;
  const isBelow = range.isOpenAbove ? value < range.top : value <= range.top;
  return isAbove && isBelow;
}
