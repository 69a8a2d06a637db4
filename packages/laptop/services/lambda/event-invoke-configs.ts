import type { Operation } from '../../cloud.ts';
import { between, check } from '../constraints.ts';
import { invalidParameter, notFound } from './errors.ts';
import type { Lambda } from './lambda.ts';
import { page } from './requests.ts';
import type { EventInvokeConfig, LambdaFunction } from './state.ts';

/** How asynchronous invocations are retried, and where their results go. */
export function eventInvokeConfigOperations(lambda: Lambda): Record<string, Operation> {
  const on = (action: string) => (input: any, call: any) => [
    { action: `lambda:${action}`, resource: lambda.arnOf(call, input) },
  ];
  const validate = (input: any) =>
    check(
      ['maximumRetryAttempts', input.MaximumRetryAttempts, between(0, 2)],
      ['maximumEventAgeInSeconds', input.MaximumEventAgeInSeconds, between(60, 21_600)],
    );
  const put =
    (merge: boolean): Operation['handle'] =>
    (input, call) => {
      const { fn, qualifier = '$LATEST' } = lambda.find(call, input);
      if (
        input.MaximumRetryAttempts === undefined &&
        input.MaximumEventAgeInSeconds === undefined &&
        !input.DestinationConfig
      ) {
        throw invalidParameter('You must specify at least one of error handling or destination setting.');
      }
      const before = merge ? configOf(fn, qualifier) : undefined;
      const config: EventInvokeConfig = {
        maximumRetryAttempts: input.MaximumRetryAttempts ?? before?.maximumRetryAttempts,
        maximumEventAgeSeconds: input.MaximumEventAgeInSeconds ?? before?.maximumEventAgeSeconds,
        destination: input.DestinationConfig
          ? {
              onSuccessArn: input.DestinationConfig.OnSuccess?.Destination,
              onFailureArn: input.DestinationConfig.OnFailure?.Destination,
            }
          : (before?.destination ?? {}),
        lastModified: lambda.cloud.clock.now(),
      };
      fn.eventInvokeConfigs.set(qualifier, config);
      return describe(fn, qualifier, config);
    };
  return {
    PutFunctionEventInvokeConfig: { validate, access: on('PutFunctionEventInvokeConfig'), handle: put(false) },
    UpdateFunctionEventInvokeConfig: { validate, access: on('UpdateFunctionEventInvokeConfig'), handle: put(true) },
    GetFunctionEventInvokeConfig: {
      access: on('GetFunctionEventInvokeConfig'),
      handle(input, call) {
        const { fn, qualifier = '$LATEST' } = lambda.find(call, input);
        return describe(fn, qualifier, configOf(fn, qualifier));
      },
    },
    DeleteFunctionEventInvokeConfig: {
      access: on('DeleteFunctionEventInvokeConfig'),
      handle(input, call) {
        const { fn, qualifier = '$LATEST' } = lambda.find(call, input);
        configOf(fn, qualifier);
        fn.eventInvokeConfigs.delete(qualifier);
      },
    },
    ListFunctionEventInvokeConfigs: {
      access: on('ListFunctionEventInvokeConfigs'),
      handle(input, call) {
        const { fn } = lambda.find(call, input);
        const { items, marker } = page([...fn.eventInvokeConfigs], ([qualifier]) => qualifier, input);
        return { FunctionEventInvokeConfigs: items.map(([key, config]) => describe(fn, key, config)), ...marker };
      },
    },
  };
}

function configOf(fn: LambdaFunction, qualifier: string): EventInvokeConfig {
  const config = fn.eventInvokeConfigs.get(qualifier);
  if (!config) throw notFound(`The function ${fn.arn}:${qualifier} doesn't have an EventInvokeConfig`);
  return config;
}

function describe(fn: LambdaFunction, qualifier: string, config: EventInvokeConfig) {
  const { onSuccessArn, onFailureArn } = config.destination;
  return {
    FunctionArn: `${fn.arn}:${qualifier}`,
    LastModified: config.lastModified,
    MaximumRetryAttempts: config.maximumRetryAttempts,
    MaximumEventAgeInSeconds: config.maximumEventAgeSeconds,
    DestinationConfig: {
      OnSuccess: onSuccessArn ? { Destination: onSuccessArn } : {},
      OnFailure: onFailureArn ? { Destination: onFailureArn } : {},
    },
  };
}
