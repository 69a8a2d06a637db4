import type { Call, Cloud, Operation } from '../../cloud.ts';
import type { Cors } from '../../environments/http-payload.ts';
import { makeIntegration } from './integrations.ts';
import { badRequest, findApi, on, refuseMembers } from './lookup.ts';
import { page } from './paging.ts';
import { API_PREFIX } from './requests.ts';
import { makeRoute } from './routes.ts';
import { makeStage } from './stages.ts';
import type { Api, ApiState } from './state.ts';

export const endpointOf = (cloud: Cloud, api: Api) => `${cloud.endpointUrl}${API_PREFIX}${api.id}`;

const notHere = ['ApiKeySelectionExpression', 'CredentialsArn', 'DisableExecuteApiEndpoint', 'Version'];

/** CreateApi and its siblings, for HTTP APIs. https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html */
export function apiOperations(state: ApiState, cloud: Cloud): Record<string, Operation> {
  const describe = (api: Api) => ({
    ApiId: api.id,
    ApiEndpoint: endpointOf(cloud, api),
    Name: api.name,
    Description: api.description,
    ProtocolType: 'HTTP',
    RouteSelectionExpression: '$request.method $request.path',
    ApiKeySelectionExpression: '$request.header.x-api-key',
    DisableExecuteApiEndpoint: false,
    IpAddressType: 'ipv4',
    CorsConfiguration: api.cors,
    CreatedDate: api.createdDate,
    Tags: Object.fromEntries(api.tags),
  });
  const one = ({ ApiId }: any) => `/apis/${ApiId}`;
  return {
    CreateApi: {
      access: on('POST', () => '/apis'),
      handle(input, call) {
        if (input.ProtocolType !== 'HTTP') throw badRequest('Only HTTP APIs are supported on the laptop.');
        refuseMembers(input, notHere);
        const api = makeApi(state, cloud, call.region, input);
        if (input.Target !== undefined) quickCreate(state, cloud, api, input);
        state.add(api);
        return describe(api);
      },
    },
    GetApi: { access: on('GET', one), handle: (input, call) => describe(findApi(state, call, input.ApiId)) },
    GetApis: {
      access: on('GET', () => '/apis'),
      handle: (input, call) => page(state.list(call.region), ({ id }) => id, input, describe),
    },
    UpdateApi: {
      access: on('PATCH', one),
      handle(input, call) {
        const api = findApi(state, call, input.ApiId);
        refuseMembers(input, [...notHere, 'Target', 'RouteKey']);
        if (input.CorsConfiguration !== undefined) checkCors(input.CorsConfiguration);
        if (input.Name !== undefined) api.name = checkedName(input.Name);
        if (input.Description !== undefined) api.description = input.Description;
        if (input.CorsConfiguration !== undefined) api.cors = input.CorsConfiguration;
        return describe(api);
      },
    },
    DeleteApi: { access: on('DELETE', one), handle: (input, call) => state.remove(findApi(state, call, input.ApiId)) },
    DeleteCorsConfiguration: {
      access: on('DELETE', ({ ApiId }) => `/apis/${ApiId}/cors`),
      handle(input, call) {
        findApi(state, call, input.ApiId).cors = undefined;
      },
    },
    ...tagOperations(state),
  };
}

/** An API that is not yet in the state. @throws AwsError BadRequestException */
export function makeApi(state: ApiState, cloud: Cloud, region: string, input: any): Api {
  if (input.CorsConfiguration) checkCors(input.CorsConfiguration);
  return {
    id: state.newId(),
    region,
    name: checkedName(input.Name),
    ...(input.Description ? { description: String(input.Description) } : {}),
    ...(input.CorsConfiguration ? { cors: input.CorsConfiguration } : {}),
    createdDate: cloud.clock.now(),
    integrations: new Map(),
    routes: new Map(),
    stages: new Map(),
    deployments: new Map(),
    tags: new Map(Object.entries(input.Tags ?? {}).map(([key, value]) => [key, String(value)])),
  };
}

/** A target is a shorthand for an integration, a route and a stage. */
function quickCreate(state: ApiState, cloud: Cloud, api: Api, input: any): void {
  const integration = makeIntegration(state, api, {
    IntegrationType: 'AWS_PROXY',
    IntegrationUri: input.Target,
    PayloadFormatVersion: '2.0',
  });
  makeRoute(state, api, { RouteKey: input.RouteKey ?? '$default', Target: `integrations/${integration.id}` });
  makeStage(cloud, api, { StageName: '$default', AutoDeploy: true });
}

function checkedName(name: string): string {
  if (name.length < 1 || name.length > 128) throw badRequest('Name must be between 1 and 128 characters.');
  return name;
}

function checkCors({ AllowCredentials, AllowOrigins }: Cors): void {
  if (AllowCredentials && AllowOrigins?.includes('*')) {
    throw badRequest("allow-credentials is not supported if 'allow-origin' is *");
  }
}

/** Tags of APIs. https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/tags-resource-arn.html */
function tagOperations(state: ApiState): Record<string, Operation> {
  const tagged = (input: any, call: Call): Api => {
    const id = /^arn:aws:apigateway:[a-z0-9-]+::\/apis\/([^/]+)$/.exec(input.ResourceArn)?.[1];
    if (id === undefined) throw badRequest(`Invalid resource ARN: ${input.ResourceArn}. APIs have tags on the laptop.`);
    return findApi(state, call, id);
  };
  const path = ({ ResourceArn }: any) => `/tags/${encodeURIComponent(ResourceArn)}`;
  return {
    GetTags: {
      access: on('GET', path),
      handle: (input, call) => ({ Tags: Object.fromEntries(tagged(input, call).tags) }),
    },
    TagResource: {
      access: on('POST', path),
      handle(input, call) {
        const { tags } = tagged(input, call);
        for (const [key, value] of Object.entries(input.Tags ?? {})) tags.set(key, String(value));
      },
    },
    UntagResource: {
      access: on('DELETE', path),
      handle(input, call) {
        const { tags } = tagged(input, call);
        for (const key of input.TagKeys) tags.delete(key);
      },
    },
  };
}
