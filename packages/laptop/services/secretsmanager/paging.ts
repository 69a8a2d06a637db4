import { AwsError } from '../../cloud.ts';

/** Pages by an opaque token. @throws InvalidNextTokenException for one that is not ours */
export function paginate<Item>(
  items: Item[],
  input: { MaxResults?: number; NextToken?: string },
  most: number,
): { page: Item[]; nextToken?: string } {
  const start = input.NextToken === undefined ? 0 : readToken(input.NextToken);
  const end = start + (input.MaxResults ?? most);
  return { page: items.slice(start, end), ...(end < items.length && { nextToken: makeToken(end) }) };
}

const makeToken = (position: number) => Buffer.from(`from ${position}`).toString('base64url');

function readToken(token: string): number {
  const position = /^from (\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1];
  if (position !== undefined && makeToken(Number(position)) === token) return Number(position);
  throw new AwsError('InvalidNextTokenException', 'Invalid pagination token');
}
