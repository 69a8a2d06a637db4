import { parseArn } from './arn.ts';

/** Where a stack goes, as far as it is known. */
export interface StackPlace {
  readonly account?: string;
  readonly region?: string;
}

/** What an ARN names, and where that may be. */
export interface NamedArn {
  readonly arn: string;
  /** `everywhere`: its place is a matter of the name alone, such as the region of a model. */
  readonly region: 'of-the-stack' | 'everywhere';
  /** `cross-account`: another account's, where it was said. */
  readonly account: 'of-the-stack' | 'cross-account';
}

/**
 * Why an ARN may not stand where it stands, or undefined: what it names is in the stack's account and region, or in an
 * account that was named for it. A place that is not known refuses nothing. Pure.
 */
export function placeProblem(
  { arn, region, account }: NamedArn,
  stack: StackPlace,
  crossAccount: readonly string[],
): string | undefined {
  const parts = parseArn(arn);
  if (!parts) return undefined;
  if (region === 'of-the-stack' && stack.region !== undefined && parts.region !== stack.region) {
    return `expected an ARN in ${stack.region}, where the stack goes: nothing is called across regions. Name what is there`;
  }
  // What AWS owns has no account.
  if (parts.account === '' || stack.account === undefined || parts.account === stack.account) return undefined;
  if (account === 'of-the-stack') {
    return `expected an ARN in account ${stack.account}, where the stack goes. Name what is there`;
  }
  if (crossAccount.includes(parts.account)) return undefined;
  return `expected an ARN in account ${stack.account}, where the stack goes, or in one that "crossAccount" names. Write "crossAccount": ["<account>"] if that is what you want`;
}
