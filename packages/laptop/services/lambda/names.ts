import { AwsError, type Call } from '../../cloud.ts';
import { check, longest, pattern, shortest } from '../constraints.ts';
import { functionNotFound } from './errors.ts';

/** A function as a caller names it. https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html#API_GetFunction_RequestSyntax */
export interface FunctionReference {
  readonly name: string;
  readonly region: string;
  /** Version, alias or `$LATEST`; missing when the caller did not say. */
  readonly qualifier?: string;
}

const reference =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?';
const parts =
  /^(?:arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):(\d{12}):function:|(\d{12}):(?:function:)?|function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;

/** Reads FunctionName and Qualifier together, as every operation takes them. */
export function parseFunction(call: Call, functionName: string, qualifier?: string): FunctionReference {
  check(
    ['functionName', functionName, shortest(1), longest(256), pattern(reference)],
    ['qualifier', qualifier, shortest(1), longest(128), pattern('\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+')],
  );
  const found = parts.exec(functionName);
  if (!found) throw functionNotFound(functionArn(call, functionName));
  const [, region = call.region, accountA, accountB, name = '', derived] = found;
  if (name.length > 64) {
    check(['functionName', functionName, longest(64)]);
    throw functionNotFound(functionArn(call, name));
  }
  if (region !== call.region) {
    throw new AwsError(
      'ResourceNotFoundException',
      `Functions from '${region}' are not reachable in this region ('${call.region}')`,
      { httpStatus: 404, fields: { Type: 'User' } },
    );
  }
  const account = accountA ?? accountB;
  if (account !== undefined && account !== call.accountId) throw functionNotFound(functionName);
  if (derived !== undefined && qualifier !== undefined && derived !== qualifier) {
    throw new AwsError(
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
      { fields: { Type: 'User' } },
    );
  }
  const chosen = qualifier ?? derived;
  return { name, region, ...(chosen === undefined ? {} : { qualifier: chosen }) };
}

export function functionArn(scope: { region: string; accountId: string }, name: string, qualifier?: string): string {
  const arn = `arn:aws:lambda:${scope.region}:${scope.accountId}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}
