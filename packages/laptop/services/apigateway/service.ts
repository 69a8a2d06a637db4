import type { Cloud, Service } from '../../cloud.ts';
import { routesOf } from '../../wire/routes.ts';
import { apiOperations } from './apis.ts';
import { integrationOperations } from './integrations.ts';
import { API_PREFIX, serveApi } from './requests.ts';
import { routeOperations } from './routes.ts';
import { stageOperations } from './stages.ts';
import { ApiState } from './state.ts';

export interface ApiGatewayService extends Service {
  readonly name: 'apigateway';
  readonly state: ApiState;
}

/** API Gateway's HTTP APIs, in front of functions. https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/ */
export default function createApiGatewayService(cloud: Cloud): ApiGatewayService {
  const state = new ApiState(() => cloud.random());
  routesOf(cloud).add(API_PREFIX, 'public', (request) => serveApi(cloud, state, request));
  return {
    name: 'apigateway',
    state,
    schemas: () => import('@aws-sdk/client-apigatewayv2') as Promise<Record<string, unknown>>,
    operations: {
      ...apiOperations(state, cloud),
      ...integrationOperations(state),
      ...routeOperations(state),
      ...stageOperations(state, cloud),
    },
    reset: () => state.clear(),
  };
}
