import { randomUUID } from 'node:crypto';
import { NoAnswer } from '../../../faults/throttling.ts';
import { AwsError } from '../../../service.ts';
import type { ServiceModel } from '../../../wire/service-model.ts';
import { StatesError } from '../interpreter/errors.ts';
import type { TaskResource } from './resource.ts';

type Integration = Exclude<TaskResource, { kind: 'function' }>;

/**
 * A refusal as Step Functions tells it. Integrations of the SDK: `SecretsManager.ResourceNotFoundException`, and
 * `SecretsManager.SecretsManagerException` for a code that the service's model does not have. Optimized ones are
 * made of AWS's older SDK: `DynamoDB.AmazonDynamoDBException`, and its longer text.
 */
export function taskError(error: unknown, { kind, service }: Integration, model: ServiceModel): unknown {
  const prefix = kind === 'optimized' ? service.optimized?.prefix : service.sdk;
  if (error instanceof NoAnswer) return new StatesError(`${prefix}.SdkClientException`, error.message);
  if (!(error instanceof AwsError)) return error;
  const { code, message, httpStatus } = error;
  const name = model.errors.get(code)?.name ?? model.errors.get(`${code}Exception`)?.name;
  const modelled = name && (name.endsWith('Exception') ? name : `${name}Exception`);
  const requestId = randomUUID();
  if (kind === 'sdk') {
    return new StatesError(
      `${prefix}.${modelled ?? `${service.sdk}Exception`}`,
      `${message} (Service: ${service.sdk}, Status Code: ${httpStatus}, Request ID: ${requestId})`,
    );
  }
  return new StatesError(
    `${prefix}.${modelled ?? service.optimized?.baseError}`,
    `${message} (Service: ${service.optimized?.service}; Status Code: ${httpStatus}; Error Code: ${code}; Request ID: ${requestId}; Proxy: null)`,
  );
}

/** An answer of a function that failed: its error's type, and what it said as it is. */
export function functionError(payload: string): StatesError {
  let type: unknown;
  try {
    type = (JSON.parse(payload) as { errorType?: unknown }).errorType;
  } catch {
    type = undefined;
  }
  return new StatesError(typeof type === 'string' ? type : 'Lambda.Unknown', payload);
}
