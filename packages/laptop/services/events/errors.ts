import { AwsError } from '../../cloud.ts';

export const invalid = (message: string, cause?: unknown) =>
  new AwsError('ValidationException', message, cause === undefined ? {} : { cause });
export const noBus = (name: string) => new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
export const noRule = (name: string, bus: string) =>
  new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus}.`);

export function paginate<Item>(
  items: readonly Item[],
  input: { Limit?: number; NextToken?: string },
): { page: Item[]; nextToken?: string } {
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0) throw invalid('Parameter NextToken is not valid.');
  const end = start + (input.Limit ?? 100);
  return {
    page: items.slice(start, end),
    ...(end < items.length && { nextToken: Buffer.from(String(end)).toString('base64url') }),
  };
}
