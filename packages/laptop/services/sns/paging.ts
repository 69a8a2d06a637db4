import { invalidParameter } from './errors.ts';

const PAGE = 100;

/** Pages of a hundred, in the order of the items. */
export function pageOf<Item>(items: readonly Item[], token: string | undefined): { page: Item[]; NextToken?: string } {
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0 || (token !== undefined && start === 0))
    throw invalidParameter('NextToken');
  const end = start + PAGE;
  return {
    page: items.slice(start, end),
    ...(end < items.length ? { NextToken: Buffer.from(String(end)).toString('base64url') } : {}),
  };
}
