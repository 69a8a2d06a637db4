import { AwsError } from '../../cloud.ts';

const user = { Type: 'User' };

export const invalidParameter = (message: string) =>
  new AwsError('InvalidParameterValueException', message, { fields: user });
export const notFound = (message: string) =>
  new AwsError('ResourceNotFoundException', message, { httpStatus: 404, fields: user });
export const conflict = (message: string) =>
  new AwsError('ResourceConflictException', message, { httpStatus: 409, fields: user });
export const functionNotFound = (arn: string) => notFound(`Function not found: ${arn}`);

export function preconditionFailed(operation: 'GetFunction/GetAlias' | 'GetPolicy' = 'GetFunction/GetAlias'): AwsError {
  return new AwsError(
    'PreconditionFailedException',
    `The Revision Id provided does not match the latest Revision Id. Call the ${operation} API to retrieve the latest Revision Id`,
    { httpStatus: 412, fields: user },
  );
}

export function throttled(
  reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' | 'ConcurrentInvocationLimitExceeded',
) {
  return new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
    httpStatus: 429,
    fields: { ...user, Reason: reason },
  });
}
