import { readdirSync, readFileSync } from 'node:fs';
import type { TaskResource } from '../../packages/laptop/services/states/interpreter/task-resource.ts';
import type { ServiceModel } from '../../packages/laptop/wire/service-model.ts';
import { checkCodes } from '../../pipeline/contracts/check.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation */
const ofEveryState = [
  ...['States.ALL', 'States.TaskFailed', 'States.Timeout', 'States.HeartbeatTimeout', 'States.Permissions'],
  ...['States.QueryEvaluationError', 'States.ExceedToleratedFailureThreshold', 'States.DataLimitExceeded'],
];

/** Codes that any service may answer. https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html */
const ofEveryService = ['ThrottlingException', 'RequestExpired', 'ServiceUnavailable', 'InternalFailure'];

/**
 * How Step Functions names a code that the service's model does not have is documented nowhere. The base of the
 * service's errors was seen; the code itself costs nothing to name beside it.
 */
const named = (prefix: string | undefined, base: string | undefined) => [
  `${prefix}.${base}`,
  ...ofEveryService.map((code) => `${prefix}.${code}`),
];

/**
 * How the environment of a function ends under it: it dies, or the function's time is over. Of the SDK inside: a socket's time.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-handling-failure-using-retry
 */
const ofEveryFunction = ['Lambda.Unknown', 'Runtime.ExitError', 'Sandbox.Timedout', 'TimeoutError'];

/** What functions that people bring may throw by contract (pipeline/contracts/check.ts). */
const byContract = ['CheckFailed'];

/** The names that a Task may fail with, and so may retry or catch. */
export function possibleErrors(resource: TaskResource, model: ServiceModel, functionErrors: Set<string>): Set<string> {
  if (resource.kind === 'function') return new Set([...ofEveryState, ...functionErrors, ...ofEveryFunction]);
  const { service, kind } = resource;
  const prefix = kind === 'optimized' ? service.optimized?.prefix : service.sdk;
  const base = kind === 'optimized' ? service.optimized?.baseError : `${service.sdk}Exception`;
  const modelled = [...model.errors.values()].map(({ name }) => name.replace(/(Exception)?$/, 'Exception'));
  return new Set([
    ...ofEveryState,
    ...[...modelled, 'SdkClientException'].map((name) => `${prefix}.${name}`),
    ...named(prefix, base),
    ...(service.name === 'lambda' ? [...functionErrors, ...ofEveryFunction] : []),
  ]);
}

/** The names of errors that our functions, and those that people bring, may end with. */
export async function errorsOfFunctions(): Promise<Set<string>> {
  const sources = ['pipeline', 'handlers'].flatMap(sourcesIn);
  const codes = sources.flatMap((source) => [...source.matchAll(/ code = '(\w+)'/g)].map(([, code]) => String(code)));
  const clients = new Set(
    sources.flatMap((source) => [...source.matchAll(/'(@aws-sdk\/client-[\w-]+)'/g)].map(([, name]) => String(name))),
  );
  const exceptions: string[] = [];
  for (const client of clients) {
    for (const [name, exported] of Object.entries(await import(client))) {
      if (typeof exported === 'function' && exported.prototype instanceof Error) exceptions.push(name);
    }
  }
  return new Set([...codes, ...exceptions, ...Object.keys(checkCodes), ...ofEveryService, ...byContract]);
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(`${folder}/${path}`, 'utf8'));
}
