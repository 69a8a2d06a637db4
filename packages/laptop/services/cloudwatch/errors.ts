import { AwsError } from '../../cloud.ts';

export const missingParameter = (name: string) =>
  new AwsError('MissingParameter', `The parameter ${name} is required.`);
export const invalidValue = (message: string) => new AwsError('InvalidParameterValue', message);
export const invalidCombination = (message: string) => new AwsError('InvalidParameterCombination', message);
export const validationError = (message: string) => new AwsError('ValidationError', message);
export const notFound = (message = '') => new AwsError('ResourceNotFound', message, { httpStatus: 404 });

/** Pages by a token that names where the next one begins. */
export function pageOf<Item>(items: readonly Item[], size: number, token: string | undefined) {
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0 || (token !== undefined && start === 0)) {
    throw new AwsError('InvalidNextToken', 'The next token specified is invalid.');
  }
  const end = start + size;
  return {
    page: items.slice(start, end),
    ...(end < items.length ? { NextToken: Buffer.from(String(end)).toString('base64url') } : {}),
  };
}
