import { AwsError } from '../../cloud.ts';
import { between, check, longest, shortest } from '../constraints.ts';

const SPECIAL = /[<>{}[\]?*"#%\\^|~`$&,;:/\s\p{Cc}]/u;

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html, parameter name */
export function validateName(name: string): void {
  check(['name', name, longest(80), shortest(1)]);
  if (!SPECIAL.test(name)) return;
  throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

/** `kinds` are what the operation takes: `execution`, `stateMachine`, … */
export function validateArn(arn: string, ...kinds: string[]): void {
  if (!/^arn:[^:]+:states:[^:]+:\d{12}:/.test(arn))
    throw new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${arn.split(':').slice(0, 2).join(':')}'`);
  const kind = arn.split(':')[5] as string;
  if (kinds.length === 0 || kinds.includes(kind)) return;
  throw new AwsError('InvalidArn', `Invalid Arn: 'Resource type not valid in this context: ${kind}'`);
}

export interface Page {
  maxResults?: number;
  nextToken?: string;
}

export function validatePage(input: Page, longestToken = 1024): void {
  check(
    ['maxResults', input.maxResults, between(0, 1000)],
    ['nextToken', input.nextToken, longest(longestToken), shortest(1)],
  );
}

export function paginate<Item>(items: readonly Item[], input: Page): { page: Item[]; nextToken?: string } {
  const size = input.maxResults || 100;
  const start = readToken(input) ?? 0;
  const end = start + size;
  return { page: items.slice(start, end), ...(end < items.length && { nextToken: writeToken(end) }) };
}

/** Of items in the order they came, the newest first. What comes between two pages moves nothing: a token counts the older. */
export function paginateNewestFirst<Item>(items: readonly Item[], input: Page): { page: Item[]; nextToken?: string } {
  const size = input.maxResults || 100;
  const end = readToken(input) ?? items.length;
  const start = Math.max(0, end - size);
  return { page: items.slice(start, end).reverse(), ...(start > 0 && { nextToken: writeToken(start) }) };
}

function readToken({ nextToken }: Page): number | undefined {
  if (nextToken === undefined) return undefined;
  const position = Number(Buffer.from(nextToken, 'base64url').toString('utf8'));
  if (!Number.isInteger(position) || position < 0) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
  return position;
}

function writeToken(position: number): string {
  return Buffer.from(String(position)).toString('base64url');
}
