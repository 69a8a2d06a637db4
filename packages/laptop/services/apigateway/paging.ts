import { badRequest } from './lookup.ts';

/** Items by the page, after the one that the token names. API Gateway's numbers are text. */
export function page<T, D>(
  items: readonly T[],
  keyOf: (item: T) => string,
  input: { MaxResults?: string; NextToken?: string },
  describe: (item: T) => D,
): { Items: D[]; NextToken?: string } {
  const most = input.MaxResults === undefined ? items.length : Number(input.MaxResults);
  if (input.MaxResults !== undefined && !(Number.isInteger(most) && most > 0)) {
    throw badRequest(`Invalid MaxResults: ${input.MaxResults}`);
  }
  const after = input.NextToken && Buffer.from(input.NextToken, 'base64url').toString('utf8');
  const start = after ? items.findIndex((item) => keyOf(item) === after) + 1 : 0;
  if (after && start === 0) throw badRequest('Invalid NextToken');
  const found = items.slice(start, start + most);
  const last = found[found.length - 1];
  const more = last !== undefined && start + most < items.length;
  return {
    Items: found.map(describe),
    ...(more ? { NextToken: Buffer.from(keyOf(last)).toString('base64url') } : {}),
  };
}
