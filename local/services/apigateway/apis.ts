import type { Cloud } from '../../cloud.ts';
import { AwsError, type Call, type Operation } from '../../service.ts';
import { API_PREFIX } from './requests.ts';
import type { Api, ApiState } from './state.ts';

export const badRequest = (text: string) => new AwsError('BadRequestException', text);
export const missing = (kind: string, id: string) =>
  new AwsError('NotFoundException', `Invalid ${kind} identifier specified ${id}`, { httpStatus: 404 });

export function findApi(state: ApiState, call: Call, id: string): Api {
  const api = state.find(id);
  if (!api || api.region !== call.region) throw missing('API', `${call.accountId}:${id}`);
  return api;
}

export const on = (method: string, path: (input: any) => string) => (input: any, call: Call) => [
  { action: `apigateway:${method}`, resource: `arn:aws:apigateway:${call.region}::${path(input)}` },
];

export const endpointOf = (cloud: Cloud, api: Api) => `${cloud.endpointUrl}${API_PREFIX}${api.id}`;

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
        const api = makeApi(state, cloud, call.region, input);
        // A target is a shorthand for an integration, a default route and a stage.
        if (input.Target)
          throw badRequest('Target is not supported on the laptop: create integration, route and stage.');
        return describe(api);
      },
    },
    GetApi: { access: on('GET', one), handle: (input, call) => describe(findApi(state, call, input.ApiId)) },
    GetApis: {
      access: on('GET', () => '/apis'),
      handle: (_input, call) => ({ Items: state.list(call.region).map(describe) }),
    },
    UpdateApi: {
      access: on('PATCH', one),
      handle(input, call) {
        const api = findApi(state, call, input.ApiId);
        if (input.Name !== undefined) api.name = input.Name;
        if (input.Description !== undefined) api.description = input.Description;
        if (input.CorsConfiguration !== undefined) api.cors = input.CorsConfiguration;
        return describe(api);
      },
    },
    DeleteApi: { access: on('DELETE', one), handle: (input, call) => state.remove(findApi(state, call, input.ApiId)) },
  };
}

export function makeApi(state: ApiState, cloud: Cloud, region: string, input: any): Api {
  const api: Api = {
    id: state.newId(),
    region,
    name: String(input.Name),
    ...(input.Description ? { description: String(input.Description) } : {}),
    ...(input.CorsConfiguration ? { cors: input.CorsConfiguration } : {}),
    createdDate: cloud.clock.now(),
    integrations: new Map(),
    routes: new Map(),
    stages: new Map(),
    tags: new Map(Object.entries(input.Tags ?? {}).map(([key, value]) => [key, String(value)])),
  };
  state.add(api);
  return api;
}
