import { AwsError } from '../../service.ts';

const SPECIAL = /[<>{}[\]?*"#%\\^|~`$&,;:/\s\p{Cc}]/u;

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html, parameter name */
export function validateName(name: string): void {
  if (name.length >= 1 && name.length <= 80 && !SPECIAL.test(name)) return;
  throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

export function validateArn(arn: string): void {
  if (/^arn:[^:]+:states:[^:]+:\d{12}:/.test(arn)) return;
  throw new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${arn.split(':').slice(0, 2).join(':')}'`);
}

export function paginate<Item>(
  items: Item[],
  input: { maxResults?: number; nextToken?: string },
): { page: Item[]; nextToken?: string } {
  const size = input.maxResults || 100;
  const start = input.nextToken === undefined ? 0 : Number(Buffer.from(input.nextToken, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
  const end = start + size;
  return {
    page: items.slice(start, end),
    ...(end < items.length && { nextToken: Buffer.from(String(end)).toString('base64url') }),
  };
}
