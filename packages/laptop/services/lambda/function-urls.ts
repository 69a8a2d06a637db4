import { createHash } from 'node:crypto';
import type { Operation } from '../../cloud.ts';
import { check, oneOf, pattern } from '../constraints.ts';
import { conflict, functionNotFound, notFound } from './errors.ts';
import type { Lambda } from './lambda.ts';
import { page } from './requests.ts';
import type { LambdaFunction, UrlConfig } from './state.ts';

/** CreateFunctionUrlConfig and its siblings. https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html */
export function functionUrlOperations(lambda: Lambda): Record<string, Operation> {
  const validate = (input: any) =>
    check(
      ['qualifier', input.Qualifier, pattern('((?!^\\d+$)^[0-9a-zA-Z-_]+$)')],
      ['authType', input.AuthType, oneOf('NONE', 'AWS_IAM')],
      // Streaming is refused here, not at the first request.
      ['invokeMode', input.InvokeMode, oneOf('BUFFERED')],
    );
  const of = (action: string) => ({
    validate,
    access: (input: any, call: any) => [
      {
        action: `lambda:${action}`,
        resource: lambda.arnOf(call, input),
        ...(input.AuthType ? { context: { 'lambda:FunctionUrlAuthType': input.AuthType } } : {}),
      },
    ],
  });
  const configured = (input: any, call: any) => {
    const { fn, qualifier } = lambda.find(call, input);
    const config = fn.urls.get(qualifier ?? '');
    if (!config) throw notFound('The resource you requested does not exist.');
    return { fn, qualifier, config };
  };
  return {
    CreateFunctionUrlConfig: {
      ...of('CreateFunctionUrlConfig'),
      handle(input, call) {
        const { fn, qualifier } = lambda.find(call, input);
        const { LastModifiedTime: _, ...created } = describe(lambda, createUrl(lambda, fn, qualifier, input));
        return created;
      },
    },
    GetFunctionUrlConfig: {
      ...of('GetFunctionUrlConfig'),
      handle: (input, call) => describe(lambda, configured(input, call).config),
    },
    UpdateFunctionUrlConfig: {
      ...of('UpdateFunctionUrlConfig'),
      handle(input, call) {
        const { fn, qualifier, config } = configured(input, call);
        const changed: UrlConfig = {
          ...config,
          authType: input.AuthType ?? config.authType,
          ...(input.Cors ? { cors: input.Cors } : {}),
          lastModified: lambda.cloud.clock.now(),
        };
        fn.urls.set(qualifier ?? '', changed);
        return describe(lambda, changed);
      },
    },
    DeleteFunctionUrlConfig: {
      ...of('DeleteFunctionUrlConfig'),
      handle(input, call) {
        const { fn, qualifier } = configured(input, call);
        fn.urls.delete(qualifier ?? '');
      },
    },
    ListFunctionUrlConfigs: {
      ...of('ListFunctionUrlConfigs'),
      handle(input, call) {
        const { fn } = lambda.find(call, input);
        const { items, marker } = page([...fn.urls.values()], ({ id }) => id, input);
        return { FunctionUrlConfigs: items.map((config) => describe(lambda, config)), ...marker };
      },
    },
  };
}

/** Throws ResourceConflictException when there is one already. */
export function createUrl(lambda: Lambda, fn: LambdaFunction, qualifier: string | undefined, input: any): UrlConfig {
  if (qualifier !== undefined && !fn.aliases.has(qualifier)) throw functionNotFound(`${fn.arn}:${qualifier}`);
  const functionArn = qualifier === undefined ? fn.arn : `${fn.arn}:${qualifier}`;
  if (fn.urls.has(qualifier ?? '')) {
    throw conflict(
      `Failed to create function url config for [functionArn = ${functionArn}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
    );
  }
  const now = lambda.cloud.clock.now();
  const config: UrlConfig = {
    // The same function keeps its address over restarts.
    id: createHash('sha256').update(functionArn).digest('hex').slice(0, 32),
    functionArn,
    ...(qualifier === undefined ? {} : { qualifier }),
    authType: input.AuthType,
    ...(input.Cors ? { cors: input.Cors } : {}),
    creationTime: now,
    lastModified: now,
  };
  fn.urls.set(qualifier ?? '', config);
  return config;
}

export const functionUrl = (lambda: Lambda, { id }: UrlConfig) => `${lambda.cloud.endpointUrl}/_functions/url/${id}/`;

function describe(lambda: Lambda, config: UrlConfig) {
  return {
    FunctionUrl: functionUrl(lambda, config),
    FunctionArn: config.functionArn,
    AuthType: config.authType,
    ...(config.cors ? { Cors: config.cors } : {}),
    CreationTime: config.creationTime.toISOString(),
    LastModifiedTime: config.lastModified.toISOString(),
    InvokeMode: 'BUFFERED',
  };
}
