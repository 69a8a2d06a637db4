import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud } from '../../cloud.ts';
import { corsHeaders, httpEvent, httpResponse, isPreflight } from '../../environments/http-payload.ts';
import type { RawRequest, RawResponse } from '../../wire/routes.ts';
import { matchRoute, type RouteMatch } from './route-match.ts';
import type { Api, ApiState, Integration, Stage } from './state.ts';

export const API_PREFIX = '/_api/';

/** Serves `/_api/<apiId>/<stage?>/…`; the `$default` stage has no segment of its own. */
export async function serveApi(cloud: Cloud, state: ApiState, request: RawRequest): Promise<RawResponse> {
  const [id = '', ...segments] = request.path.slice(API_PREFIX.length).split('/');
  const api = state.find(id);
  if (!api) return message(404, 'Not Found');
  const named = segments[0] === undefined || segments[0] === '$default' ? undefined : api.stages.get(segments[0]);
  const stage = named ?? api.stages.get('$default');
  if (!stage) return message(404, 'Not Found');
  const path = `/${(named ? segments.slice(1) : segments).join('/')}`;
  const cors = corsHeaders(api.cors, request);
  if (api.cors && isPreflight(request)) return { status: 204, headers: cors };
  const served = stage.autoDeploy ? { routes: api.routes.values(), integrations: api.integrations } : stage.deployment;
  const match = served && matchRoute(served.routes, request.method, path);
  if (!match) return withHeaders(message(404, 'Not Found'), cors);
  const integration = served.integrations.get(match.route.integrationId);
  if (!integration) return withHeaders(message(500, 'Internal Server Error'), cors);
  return withHeaders(await integrate(cloud, { api, stage, match, integration, path, request }), cors);
}

interface Integrated {
  api: Api;
  stage: Stage;
  match: RouteMatch;
  integration: Integration;
  path: string;
  request: RawRequest;
}

async function integrate(cloud: Cloud, parts: Integrated): Promise<RawResponse> {
  const { api, stage, match, integration, path, request } = parts;
  const requestId = randomUUID();
  const event = httpEvent(request, {
    accountId: cloud.accountId,
    apiId: api.id,
    requestId,
    routeKey: match.route.key,
    stage: stage.name,
    domainName: request.headers.host ?? '',
    rawPath: stage.name === '$default' ? path : `/${stage.name}${path}`,
    ...(match.pathParameters ? { pathParameters: match.pathParameters } : {}),
    ...(Object.keys(stage.variables).length > 0 ? { stageVariables: stage.variables } : {}),
    now: cloud.clock.now(),
  });
  const place = match.route.key === '$default' ? '$default' : match.route.key.replace(/^ANY/, '*').replace(' ', '');
  const sourceArn = `arn:aws:execute-api:${api.region}:${cloud.accountId}:${api.id}/${stage.name}/${place}`;
  const slow = new AbortController();
  const late = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), integration.timeoutMilliseconds);
    slow.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    const answer = await Promise.race([invoke(cloud, api, integration, sourceArn, event), late]);
    if (answer === undefined) return message(503, 'Service Unavailable');
    const response = answer.FunctionError ? undefined : httpResponse(Buffer.from(answer.Payload).toString('utf8'));
    return withHeaders(response ?? message(500, 'Internal Server Error'), { 'apigw-requestid': requestId });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    cloud.log(`API ${api.id} ${match.route.key}: ${error.code}: ${error.message}`);
    if (error.code === 'TooManyRequestsException') return message(503, 'Service Unavailable');
    return message(500, 'Internal Server Error');
  } finally {
    slow.abort();
  }
}

// As the service, on behalf of the route: the function's resource policy has to let it in.
function invoke(cloud: Cloud, api: Api, integration: Integration, sourceArn: string, event: object) {
  return cloud.call({
    service: 'lambda',
    operation: 'Invoke',
    region: api.region,
    input: { FunctionName: integration.functionArn, Payload: Buffer.from(JSON.stringify(event)) },
    principal: {
      kind: 'service',
      servicePrincipal: 'apigateway.amazonaws.com',
      arn: sourceArn,
      identityArn: 'apigateway.amazonaws.com',
    },
  });
}

function message(status: number, text: string): RawResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message: text }) };
}

function withHeaders(response: RawResponse, headers: Record<string, string>): RawResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}
