import type { Cloud } from '../../cloud.ts';
import { AwsError, type Operation } from '../../service.ts';
import { badRequest, findApi, missing, on } from './apis.ts';
import type { Api, ApiState, Integration, Route, Stage } from './state.ts';

const LONGEST_TIMEOUT_MILLISECONDS = 30_000;

/** Integrations, routes and stages of HTTP APIs. */
export function routeOperations(state: ApiState, cloud: Cloud): Record<string, Operation> {
  return {
    ...integrationOperations(state),
    CreateRoute: {
      access: on('POST', ({ ApiId }) => `/apis/${ApiId}/routes`),
      handle: (input, call) => describeRoute(makeRoute(state, findApi(state, call, input.ApiId), input)),
    },
    GetRoute: {
      access: on('GET', ({ ApiId, RouteId }) => `/apis/${ApiId}/routes/${RouteId}`),
      handle: (input, call) => describeRoute(found(findApi(state, call, input.ApiId).routes, 'Route', input.RouteId)),
    },
    GetRoutes: {
      access: on('GET', ({ ApiId }) => `/apis/${ApiId}/routes`),
      handle: (input, call) => ({ Items: [...findApi(state, call, input.ApiId).routes.values()].map(describeRoute) }),
    },
    DeleteRoute: {
      access: on('DELETE', ({ ApiId, RouteId }) => `/apis/${ApiId}/routes/${RouteId}`),
      handle(input, call) {
        const { routes } = findApi(state, call, input.ApiId);
        routes.delete(found(routes, 'Route', input.RouteId).id);
      },
    },
    CreateStage: {
      access: on('POST', ({ ApiId }) => `/apis/${ApiId}/stages`),
      handle: (input, call) => describeStage(makeStage(cloud, findApi(state, call, input.ApiId), input)),
    },
    GetStage: {
      access: on('GET', ({ ApiId, StageName }) => `/apis/${ApiId}/stages/${StageName}`),
      handle: (input, call) => describeStage(found(findApi(state, call, input.ApiId).stages, 'Stage', input.StageName)),
    },
    GetStages: {
      access: on('GET', ({ ApiId }) => `/apis/${ApiId}/stages`),
      handle: (input, call) => ({ Items: [...findApi(state, call, input.ApiId).stages.values()].map(describeStage) }),
    },
    DeleteStage: {
      access: on('DELETE', ({ ApiId, StageName }) => `/apis/${ApiId}/stages/${StageName}`),
      handle(input, call) {
        const { stages } = findApi(state, call, input.ApiId);
        stages.delete(found(stages, 'Stage', input.StageName).name);
      },
    },
  };
}

function integrationOperations(state: ApiState): Record<string, Operation> {
  const one = ({ ApiId, IntegrationId }: any) => `/apis/${ApiId}/integrations/${IntegrationId}`;
  return {
    CreateIntegration: {
      access: on('POST', ({ ApiId }) => `/apis/${ApiId}/integrations`),
      handle: (input, call) => describeIntegration(makeIntegration(state, findApi(state, call, input.ApiId), input)),
    },
    GetIntegration: {
      access: on('GET', one),
      handle: (input, call) =>
        describeIntegration(found(findApi(state, call, input.ApiId).integrations, 'Integration', input.IntegrationId)),
    },
    GetIntegrations: {
      access: on('GET', ({ ApiId }) => `/apis/${ApiId}/integrations`),
      handle: (input, call) => ({
        Items: [...findApi(state, call, input.ApiId).integrations.values()].map(describeIntegration),
      }),
    },
    DeleteIntegration: {
      access: on('DELETE', one),
      handle(input, call) {
        const { integrations } = findApi(state, call, input.ApiId);
        integrations.delete(found(integrations, 'Integration', input.IntegrationId).id);
      },
    },
  };
}

function found<T>(items: ReadonlyMap<string, T>, kind: string, id: string): T {
  const item = items.get(id);
  if (item === undefined) throw missing(kind, id);
  return item;
}

export function makeIntegration(state: ApiState, api: Api, input: any): Integration {
  if (input.IntegrationType !== 'AWS_PROXY') {
    throw badRequest(`Integration type ${input.IntegrationType} is not supported on the laptop: AWS_PROXY is.`);
  }
  if (input.PayloadFormatVersion !== '2.0') {
    throw badRequest('PayloadFormatVersion is a required parameter with the value 2.0 on the laptop.');
  }
  const uri = String(input.IntegrationUri);
  // Templates name the function itself or API Gateway's path to it.
  const functionArn = /(?:^|functions\/)(arn:aws:lambda:[^/]+)(?:\/invocations)?$/.exec(uri)?.[1];
  if (!functionArn) throw badRequest(`Invalid integration URI specified: ${uri}`);
  const timeoutMilliseconds = Number(input.TimeoutInMillis ?? LONGEST_TIMEOUT_MILLISECONDS);
  if (timeoutMilliseconds < 50 || timeoutMilliseconds > LONGEST_TIMEOUT_MILLISECONDS) {
    throw badRequest(`TimeoutInMillis should be between 50 ms and ${LONGEST_TIMEOUT_MILLISECONDS} ms`);
  }
  const integration: Integration = {
    id: state.newId(7),
    functionArn,
    uri,
    timeoutMilliseconds,
    ...(input.Description ? { description: input.Description } : {}),
  };
  api.integrations.set(integration.id, integration);
  return integration;
}

export function makeRoute(state: ApiState, api: Api, input: any): Route {
  const key = String(input.RouteKey);
  if (key !== '$default' && !/^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/\S*$/.test(key)) {
    throw badRequest(
      `The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"`,
    );
  }
  if ((input.AuthorizationType ?? 'NONE') !== 'NONE') {
    throw badRequest(`AuthorizationType ${input.AuthorizationType} is not supported on the laptop: NONE is.`);
  }
  if ([...api.routes.values()].some((route) => route.key === key)) {
    throw new AwsError('ConflictException', `Route with key ${key} already exists for this API`, { httpStatus: 409 });
  }
  const integrationId = /^integrations\/(.+)$/.exec(String(input.Target ?? ''))?.[1] ?? '';
  if (!api.integrations.has(integrationId)) throw missing('Integration', integrationId);
  const route = { id: state.newId(7), key, integrationId };
  api.routes.set(route.id, route);
  return route;
}

export function makeStage(cloud: Cloud, api: Api, input: any): Stage {
  if (api.stages.has(input.StageName)) {
    throw new AwsError('ConflictException', 'Stage already exists', { httpStatus: 409 });
  }
  const stage: Stage = {
    name: String(input.StageName),
    autoDeploy: input.AutoDeploy === true,
    variables: input.StageVariables ?? {},
    createdDate: cloud.clock.now(),
  };
  api.stages.set(stage.name, stage);
  return stage;
}

const describeRoute = (route: Route) => ({
  RouteId: route.id,
  RouteKey: route.key,
  Target: `integrations/${route.integrationId}`,
  AuthorizationType: 'NONE',
  ApiKeyRequired: false,
});

const describeIntegration = (integration: Integration) => ({
  IntegrationId: integration.id,
  IntegrationType: 'AWS_PROXY',
  IntegrationUri: integration.uri,
  IntegrationMethod: 'POST',
  ConnectionType: 'INTERNET',
  PayloadFormatVersion: '2.0',
  TimeoutInMillis: integration.timeoutMilliseconds,
  Description: integration.description,
});

const describeStage = (stage: Stage) => ({
  StageName: stage.name,
  AutoDeploy: stage.autoDeploy,
  StageVariables: stage.variables,
  CreatedDate: stage.createdDate,
  LastUpdatedDate: stage.createdDate,
  RouteSettings: {},
  DefaultRouteSettings: { DetailedMetricsEnabled: false },
});
