import { randomUUID } from 'node:crypto';
import { AwsError } from '../../../cloud.ts';
import { NoAnswer } from '../../../faults/throttling.ts';
import { describeFailure } from '../../../wire/failure.ts';
import type { ServiceModel } from '../../../wire/service-model.ts';
import { StatesError } from '../interpreter/errors.ts';
import type { TaskResource } from '../interpreter/task-resource.ts';

type Integration = Exclude<TaskResource, { kind: 'function' }>;

interface Surroundings {
  readonly model: ServiceModel;
  log(line: string): void;
}

/**
 * A refusal as Step Functions words it. Integrations of the SDK: `SecretsManager.ResourceNotFoundException`, and
 * `SecretsManager.SecretsManagerException` for a code that the service's model does not have. Optimized ones are
 * made of AWS's older SDK: `DynamoDB.AmazonDynamoDBException`, and its longer text.
 */
export function taskError(error: unknown, integration: Integration, { model, log }: Surroundings): StatesError {
  const { kind, service } = integration;
  if (error instanceof StatesError) return error;
  const prefix = kind === 'optimized' ? service.optimized?.prefix : service.sdk;
  if (error instanceof NoAnswer) return new StatesError(`${prefix}.SdkClientException`, error.message);
  if (!(error instanceof AwsError)) {
    log(`states: ${integration.type}:${integration.action}: ${describeFailure(error)}`);
    return taskError(internalFailure(error), integration, { model, log });
  }
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

/** A fault of the laptop's own looks to a Task as it looks to every caller: the service answers 500. */
const internalFailure = (cause: unknown) =>
  new AwsError('InternalFailure', 'The request processing has failed because of an unknown error.', {
    httpStatus: 500,
    cause,
  });

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

/** Error and cause, each where there is one. */
export function failureDetails({ error, causeText }: StatesError): Record<string, string> {
  return { ...(error !== undefined && { error }), ...(causeText !== undefined && { cause: causeText }) };
}
