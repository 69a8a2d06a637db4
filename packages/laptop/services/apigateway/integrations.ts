import type { Operation } from '../../cloud.ts';
import { badRequest, conflict, findApi, found, on, refuseMembers } from './lookup.ts';
import { page } from './paging.ts';
import type { Api, ApiState, Integration } from './state.ts';

const LONGEST_TIMEOUT_MILLISECONDS = 30_000;
const SHORTEST_TIMEOUT_MILLISECONDS = 50;
const notHere = [
  ...['ConnectionId', 'ContentHandlingStrategy', 'CredentialsArn', 'IntegrationSubtype', 'PassthroughBehavior'],
  ...['RequestParameters', 'RequestTemplates', 'ResponseParameters', 'TemplateSelectionExpression', 'TlsConfig'],
];

/** Integrations with functions. https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html */
export function integrationOperations(state: ApiState): Record<string, Operation> {
  const all = ({ ApiId }: any) => `/apis/${ApiId}/integrations`;
  const one = ({ ApiId, IntegrationId }: any) => `/apis/${ApiId}/integrations/${IntegrationId}`;
  return {
    CreateIntegration: {
      access: on('POST', all),
      handle: (input, call) => describe(makeIntegration(state, findApi(state, call, input.ApiId), input)),
    },
    GetIntegration: {
      access: on('GET', one),
      handle: (input, call) =>
        describe(found(findApi(state, call, input.ApiId).integrations, 'Integration', input.IntegrationId)),
    },
    GetIntegrations: {
      access: on('GET', all),
      handle: (input, call) =>
        page([...findApi(state, call, input.ApiId).integrations.values()], ({ id }) => id, input, describe),
    },
    UpdateIntegration: {
      access: on('PATCH', one),
      handle(input, call) {
        const { integrations } = findApi(state, call, input.ApiId);
        const before = found(integrations, 'Integration', input.IntegrationId);
        const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
        const after = readIntegration(before.id, { ...describe(before), ...given });
        integrations.set(after.id, after);
        return describe(after);
      },
    },
    DeleteIntegration: {
      access: on('DELETE', one),
      handle(input, call) {
        const { integrations, routes } = findApi(state, call, input.ApiId);
        const { id } = found(integrations, 'Integration', input.IntegrationId);
        const users = [...routes.values()].filter(({ integrationId }) => integrationId === id);
        if (users.length > 0) {
          throw conflict(
            `Cannot delete Integration because it is referenced by the following Routes with Ids: [${users.map((route) => route.id).join(', ')}]`,
          );
        }
        integrations.delete(id);
      },
    },
  };
}

/** @throws AwsError BadRequestException */
export function makeIntegration(state: ApiState, api: Api, input: any): Integration {
  const integration = readIntegration(state.newId(7), input);
  api.integrations.set(integration.id, integration);
  return integration;
}

function readIntegration(id: string, input: any): Integration {
  if (input.IntegrationType !== 'AWS_PROXY') {
    throw badRequest(`Integration type ${input.IntegrationType} is not supported on the laptop: AWS_PROXY is.`);
  }
  if ((input.ConnectionType ?? 'INTERNET') !== 'INTERNET') {
    throw badRequest(`ConnectionType ${input.ConnectionType} is not supported on the laptop: INTERNET is.`);
  }
  refuseMembers(input, notHere);
  if (input.PayloadFormatVersion !== '2.0') {
    throw badRequest('PayloadFormatVersion is a required parameter with the value 2.0 on the laptop.');
  }
  const uri = String(input.IntegrationUri);
  // Templates name the function itself or API Gateway's path to it.
  const functionArn = /(?:^|functions\/)(arn:aws:lambda:[^/]+)(?:\/invocations)?$/.exec(uri)?.[1];
  if (!functionArn) throw badRequest(`Invalid integration URI specified: ${uri}`);
  const timeoutMilliseconds = Number(input.TimeoutInMillis ?? LONGEST_TIMEOUT_MILLISECONDS);
  if (timeoutMilliseconds < SHORTEST_TIMEOUT_MILLISECONDS || timeoutMilliseconds > LONGEST_TIMEOUT_MILLISECONDS) {
    throw badRequest(
      `TimeoutInMillis should be between ${SHORTEST_TIMEOUT_MILLISECONDS} ms and ${LONGEST_TIMEOUT_MILLISECONDS} ms`,
    );
  }
  return {
    id,
    functionArn,
    uri,
    timeoutMilliseconds,
    ...(input.Description ? { description: input.Description } : {}),
  };
}

const describe = (integration: Integration) => ({
  IntegrationId: integration.id,
  IntegrationType: 'AWS_PROXY',
  IntegrationUri: integration.uri,
  IntegrationMethod: 'POST',
  ConnectionType: 'INTERNET',
  PayloadFormatVersion: '2.0',
  TimeoutInMillis: integration.timeoutMilliseconds,
  Description: integration.description,
});
