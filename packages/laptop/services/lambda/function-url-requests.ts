import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud, type Principal } from '../../cloud.ts';
import { corsHeaders, httpEvent, httpResponse, isPreflight } from '../../environments/http-payload.ts';
import type { Callers } from '../../identity/callers.ts';
import { readCredentials } from '../../identity/credentials.ts';
import type { RawRequest, RawResponse } from '../../wire/routes.ts';
import type { Lambda } from './lambda.ts';
import { policyDocument } from './permissions.ts';
import { type LambdaFunction, type PolicyStatement, resolveVersion, type UrlConfig } from './state.ts';

export const URL_PREFIX = '/_functions/url/';

/** Serves `/_functions/url/<id>/…`. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html */
export async function serveFunctionUrl(lambda: Lambda, request: RawRequest): Promise<RawResponse> {
  const [id = '', ...rest] = request.path.slice(URL_PREFIX.length).split('/');
  const found = findUrl(lambda, id);
  if (!found) return failure(403, 'AccessDeniedException', forbidden);
  const { fn, config } = found;
  const cors = corsHeaders(config.cors, request);
  if (config.cors && isPreflight(request)) return { status: 200, headers: cors };
  let authorizer: unknown;
  try {
    authorizer = await admit(lambda.cloud, fn, config, request);
  } catch (error) {
    if (error instanceof AwsError) return failure(403, error.code, error.message);
    throw error;
  }
  if (authorizer === undefined) return failure(403, 'AccessDeniedException', forbidden);
  const answer = await run(lambda, fn, config, { request, rawPath: `/${rest.join('/')}`, authorizer });
  return { ...answer, headers: { ...answer.headers, ...cors } };
}

const forbidden =
  'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';

function failure(status: number, type: string, text: string): RawResponse {
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': type };
  return { status, headers, body: JSON.stringify({ Message: text }) };
}

function findUrl(lambda: Lambda, id: string): { fn: LambdaFunction; config: UrlConfig } | undefined {
  for (const fn of lambda.state.all()) {
    for (const config of fn.urls.values()) {
      const lives = config.qualifier === undefined || fn.aliases.has(config.qualifier);
      if (config.id === id && lives) return { fn, config };
    }
  }
  return undefined;
}

/**
 * Answers what the event says of the caller; undefined when the caller may not come in. Since October 2025 both actions
 * have to be allowed. https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
 */
async function admit(cloud: Cloud, fn: LambdaFunction, config: UrlConfig, request: RawRequest): Promise<unknown> {
  const policy = policyDocument(fn, config.qualifier);
  const contexts = {
    'lambda:InvokeFunctionUrl': { 'lambda:FunctionUrlAuthType': config.authType },
    'lambda:InvokeFunction': { 'lambda:InvokedViaFunctionUrl': 'true' },
  };
  if (config.authType === 'NONE') {
    const statements = policy?.Statement ?? [];
    const admitted = Object.entries(contexts).every(([action, context]) =>
      statements.some((statement) => letsAnybodyIn(statement, action, context)),
    );
    return admitted ? null : undefined;
  }
  const principal = caller(cloud, request);
  for (const [action, context] of Object.entries(contexts)) {
    const resourcePolicy = policy ? { resourcePolicy: policy } : {};
    const { allowed } = await cloud.authorise(principal, {
      action,
      resource: config.functionArn,
      context,
      ...resourcePolicy,
    });
    if (!allowed) return undefined;
  }
  const { accountId } = cloud;
  return { iam: { accessKey: principal.accessKeyId, accountId, callerId: principal.arn, userArn: principal.arn } };
}

// An unsigned request has no identity to evaluate. Only a statement for every principal can admit it.
function letsAnybodyIn(statement: PolicyStatement, action: string, context: Readonly<Record<string, string>>): boolean {
  const { Principal, Action, Condition } = statement;
  const everybody = Principal === '*' || (Principal as { AWS?: string } | undefined)?.AWS === '*';
  const holds = Object.entries(Condition ?? {}).every(
    ([operator, keys]) =>
      (operator === 'StringEquals' || operator === 'Bool') &&
      Object.entries(keys).every(([key, value]) => context[key] === value),
  );
  return everybody && [action, 'lambda:*', '*'].includes(Action) && holds;
}

function caller(cloud: Cloud, request: RawRequest): Principal {
  const { callers } = cloud as Cloud & { callers: Callers };
  const presented = readCredentials(request.headers, request.query);
  return callers.identify(presented, request, { service: 'lambda', region: cloud.region });
}

async function run(
  lambda: Lambda,
  fn: LambdaFunction,
  config: UrlConfig,
  { request, rawPath, authorizer }: { request: RawRequest; rawPath: string; authorizer: unknown },
): Promise<RawResponse> {
  const requestId = randomUUID();
  const event = httpEvent(request, {
    accountId: config.authType === 'NONE' ? 'anonymous' : lambda.cloud.accountId,
    apiId: config.id,
    requestId,
    routeKey: '$default',
    stage: '$default',
    domainName: request.headers.host ?? '',
    rawPath,
    ...(authorizer === null ? {} : { authorizer }),
    now: lambda.cloud.clock.now(),
  });
  const version = resolveVersion(fn, config.qualifier, () => lambda.cloud.random());
  try {
    const result = await lambda.runner.run(fn, version, {
      requestId,
      event: JSON.stringify(event),
      invokedFunctionArn: config.functionArn,
    });
    const answer = result.functionError ? undefined : httpResponse(result.payload);
    const headers = { 'x-amzn-requestid': requestId };
    if (!answer) return { status: 502, headers, body: 'Internal Server Error' };
    return { ...answer, headers: { ...answer.headers, ...headers } };
  } catch (error) {
    if (error instanceof AwsError && error.code === 'TooManyRequestsException') {
      return failure(429, error.code, error.message);
    }
    throw error;
  }
}
