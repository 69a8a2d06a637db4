import { AwsError } from '../cloud.ts';

/** How each service calls a refusal; `AccessDeniedException` where it is not listed. */
const refusals: Readonly<Record<string, string>> = {
  sns: 'AuthorizationError',
  iam: 'AccessDenied',
  sts: 'AccessDenied',
  rds: 'AccessDenied',
  cloudformation: 'AccessDenied',
  ec2: 'UnauthorizedOperation',
};

/** Services of the JSON protocols answer 400 to a refusal, the others 403. */
const answered400 = new Set([
  'secretsmanager',
  'events',
  'ssm',
  'logs',
  'states',
  'sqs',
  'monitoring',
  'dynamodb',
  'kms',
]);

export function accessDenied(service: string, message: string): AwsError {
  return new AwsError(refusals[service] ?? 'AccessDeniedException', message, {
    httpStatus: answered400.has(service) ? 400 : 403,
  });
}
