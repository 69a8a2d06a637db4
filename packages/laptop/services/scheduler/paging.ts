import { between, check, longest, shortest } from '../constraints.ts';
import { invalid } from './state.ts';

export interface PageInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

export function checkPage(input: PageInput): void {
  check(['maxResults', input.MaxResults, between(1, 100)], ['nextToken', input.NextToken, shortest(1), longest(2048)]);
}

/** A page in the order of the keys; the token names the last one of the page before. */
export function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  input: PageInput,
): { page: Item[]; NextToken?: string } {
  const sorted = [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const after = input.NextToken === undefined ? '' : readToken(input.NextToken);
  const rest = sorted.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, input.MaxResults ?? 100);
  const last = page[page.length - 1];
  if (last === undefined || page.length === rest.length) return { page };
  return { page, NextToken: Buffer.from(`after:${keyOf(last)}`).toString('base64url') };
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!text.startsWith('after:')) throw invalid('Invalid NextToken.');
  return text.slice('after:'.length);
}
