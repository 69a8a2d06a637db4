import {
  onlyProperties,
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import { endpointOf, makeApi } from './apis.ts';
import { makeIntegration } from './integrations.ts';
import { makeRoute } from './routes.ts';
import type { ApiGatewayService } from './service.ts';
import { makeStage } from './stages.ts';
import type { Api } from './state.ts';

const stateOf = (cloud: Cloud) => cloud.service<ApiGatewayService>('apigateway').state;

function apiOf(resource: TemplateResource, cloud: Cloud): Api {
  const api = stateOf(cloud).find(String(resource.properties.ApiId));
  if (!api)
    throw new Error(
      `${resource.logicalId} (${resource.type}) names the API ${resource.properties.ApiId}, which does not exist.`,
    );
  return api;
}

export const resources: ResourceProvider[] = [
  {
    type: 'AWS::ApiGatewayV2::Api',
    create(resource, cloud) {
      onlyProperties(resource, [
        'Name',
        'Description',
        'ProtocolType',
        'CorsConfiguration',
        'Tags',
        'DisableExecuteApiEndpoint',
        'IpAddressType',
      ]);
      const { properties } = resource;
      if (properties.ProtocolType !== 'HTTP') throw new UnsupportedProperty(resource, 'ProtocolType other than HTTP');
      if (properties.DisableExecuteApiEndpoint) throw new UnsupportedProperty(resource, 'DisableExecuteApiEndpoint');
      const api = makeApi(stateOf(cloud), cloud, cloud.region, properties);
      stateOf(cloud).add(api);
      return { ref: api.id, attributes: { ApiId: api.id, ApiEndpoint: endpointOf(cloud, api) } };
    },
  },
  {
    type: 'AWS::ApiGatewayV2::Integration',
    create(resource, cloud) {
      onlyProperties(resource, [
        'ApiId',
        'Description',
        'IntegrationType',
        'IntegrationUri',
        'IntegrationMethod',
        'PayloadFormatVersion',
        'TimeoutInMillis',
        'ConnectionType',
      ]);
      const integration = makeIntegration(stateOf(cloud), apiOf(resource, cloud), resource.properties);
      return { ref: integration.id, attributes: { IntegrationId: integration.id } };
    },
  },
  {
    type: 'AWS::ApiGatewayV2::Route',
    create(resource, cloud) {
      onlyProperties(resource, ['ApiId', 'RouteKey', 'Target', 'AuthorizationType']);
      const route = makeRoute(stateOf(cloud), apiOf(resource, cloud), resource.properties);
      return { ref: route.id, attributes: { RouteId: route.id } };
    },
  },
  {
    type: 'AWS::ApiGatewayV2::Stage',
    create(resource, cloud) {
      onlyProperties(resource, ['ApiId', 'StageName', 'AutoDeploy', 'StageVariables', 'Description', 'Tags']);
      const stage = makeStage(cloud, apiOf(resource, cloud), resource.properties);
      return { ref: stage.name };
    },
  },
];
