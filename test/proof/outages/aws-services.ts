import type { FaultRule } from '../../../packages/laptop/faults/rule.ts';

/** What a service answers that is not there, as its own model names it. */
const refusals = {
  kms: { code: 'KMSInternalException', httpStatus: 500 },
  secretsmanager: { code: 'InternalServiceError', httpStatus: 500 },
  lambda: { code: 'ServiceException', httpStatus: 500 },
  dynamodb: { code: 'InternalServerError', httpStatus: 500 },
  events: { code: 'InternalException', httpStatus: 500 },
} as const;

export type AwsService = keyof typeof refusals;
export const awsServices = Object.keys(refusals) as AwsService[];

export const titles: Readonly<Record<AwsService, string>> = {
  kms: 'KMS',
  secretsmanager: 'Secrets Manager',
  lambda: 'Lambda',
  dynamodb: 'DynamoDB',
  events: 'EventBridge',
};

/** Every call of the service that is about one secret is refused. */
export function outageOf(service: AwsService, secretName: string): FaultRule {
  const message = 'The service is not available.';
  return { kind: 'error', service, mentions: secretName, rate: 1, message, ...refusals[service] };
}
