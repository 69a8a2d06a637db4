import type { Operation } from '../../cloud.ts';
import { badRequest, conflict, findApi, found, missing, on, refuseMembers } from './lookup.ts';
import { page } from './paging.ts';
import type { Api, ApiState, Route } from './state.ts';

const notHere = [
  ...['ApiKeyRequired', 'AuthorizationScopes', 'AuthorizerId', 'ModelSelectionExpression', 'RequestModels'],
  ...['RequestParameters', 'RouteResponseSelectionExpression'],
];

/** Routes of HTTP APIs. https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html */
export function routeOperations(state: ApiState): Record<string, Operation> {
  const all = ({ ApiId }: any) => `/apis/${ApiId}/routes`;
  const one = ({ ApiId, RouteId }: any) => `/apis/${ApiId}/routes/${RouteId}`;
  return {
    CreateRoute: {
      access: on('POST', all),
      handle: (input, call) => describe(makeRoute(state, findApi(state, call, input.ApiId), input)),
    },
    GetRoute: {
      access: on('GET', one),
      handle: (input, call) => describe(found(findApi(state, call, input.ApiId).routes, 'Route', input.RouteId)),
    },
    GetRoutes: {
      access: on('GET', all),
      handle: (input, call) =>
        page([...findApi(state, call, input.ApiId).routes.values()], ({ id }) => id, input, describe),
    },
    UpdateRoute: {
      access: on('PATCH', one),
      handle(input, call) {
        const api = findApi(state, call, input.ApiId);
        const before = found(api.routes, 'Route', input.RouteId);
        const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
        const after = readRoute(api, before.id, { ...describe(before), ...given });
        api.routes.set(after.id, after);
        return describe(after);
      },
    },
    DeleteRoute: {
      access: on('DELETE', one),
      handle(input, call) {
        const { routes } = findApi(state, call, input.ApiId);
        routes.delete(found(routes, 'Route', input.RouteId).id);
      },
    },
  };
}

/** @throws AwsError BadRequestException, ConflictException, NotFoundException */
export function makeRoute(state: ApiState, api: Api, input: any): Route {
  const route = readRoute(api, state.newId(7), input);
  api.routes.set(route.id, route);
  return route;
}

function readRoute(api: Api, id: string, input: any): Route {
  const key = String(input.RouteKey);
  if (key !== '$default' && !/^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/\S*$/.test(key)) {
    throw badRequest(
      `The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"`,
    );
  }
  if ((input.AuthorizationType ?? 'NONE') !== 'NONE') {
    throw badRequest(`AuthorizationType ${input.AuthorizationType} is not supported on the laptop: NONE is.`);
  }
  refuseMembers(input, notHere);
  if ([...api.routes.values()].some((route) => route.key === key && route.id !== id)) {
    throw conflict(`Route with key ${key} already exists for this API`);
  }
  const integrationId = /^integrations\/(.+)$/.exec(String(input.Target ?? ''))?.[1] ?? '';
  if (!api.integrations.has(integrationId)) throw missing('Integration', integrationId);
  return { id, key, integrationId, ...(input.OperationName ? { operationName: input.OperationName } : {}) };
}

const describe = (route: Route) => ({
  RouteId: route.id,
  RouteKey: route.key,
  Target: `integrations/${route.integrationId}`,
  AuthorizationType: 'NONE',
  ApiKeyRequired: false,
  OperationName: route.operationName,
});
