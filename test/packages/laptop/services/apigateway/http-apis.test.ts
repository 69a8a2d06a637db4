import {
  ApiGatewayV2Client,
  CreateApiCommand,
  type CreateApiCommandInput,
  CreateDeploymentCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  CreateStageCommand,
  DeleteApiCommand,
  DeleteCorsConfigurationCommand,
  DeleteDeploymentCommand,
  DeleteIntegrationCommand,
  DeleteRouteCommand,
  DeleteStageCommand,
  GetApiCommand,
  GetApisCommand,
  GetDeploymentsCommand,
  GetIntegrationsCommand,
  GetRoutesCommand,
  GetStageCommand,
  GetStagesCommand,
  GetTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateApiCommand,
  UpdateIntegrationCommand,
  UpdateRouteCommand,
  UpdateStageCommand,
} from '@aws-sdk/client-apigatewayv2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createApiGatewayService from '../../../../../packages/laptop/services/apigateway/service.ts';
import { clientOptions } from '../../wire/probe.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
let cloud: RunningCloud;
let client: ApiGatewayV2Client;
beforeEach(async () => {
  cloud = await createCloud({ services: [createApiGatewayService], log: () => {} });
  client = new ApiGatewayV2Client(clientOptions(cloud));
});
afterEach(() => cloud.close());

const createApi = async (more: Partial<CreateApiCommandInput> = {}) =>
  (await client.send(new CreateApiCommand({ Name: 'orders', ProtocolType: 'HTTP', ...more }))).ApiId as string;
const integrate = async (ApiId: string, more: object = {}) =>
  (
    await client.send(
      new CreateIntegrationCommand({
        ApiId,
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: functionArn,
        PayloadFormatVersion: '2.0',
        ...more,
      }),
    )
  ).IntegrationId as string;
const route = async (ApiId: string, RouteKey: string, integrationId: string) =>
  (await client.send(new CreateRouteCommand({ ApiId, RouteKey, Target: `integrations/${integrationId}` })))
    .RouteId as string;

describe('an API', () => {
  test('is made, described, changed and deleted', async () => {
    const CorsConfiguration = { AllowOrigins: ['https://app.test'], AllowMethods: ['GET'] };
    const ApiId = await createApi({ Description: 'first', CorsConfiguration, Tags: { team: 'red' } });
    const described = await client.send(new GetApiCommand({ ApiId }));
    expect(described).toMatchObject({
      ApiId: expect.stringMatching(/^[a-z0-9]{10}$/),
      ApiEndpoint: `${cloud.endpointUrl}/_api/${ApiId}`,
      Name: 'orders',
      Description: 'first',
      ProtocolType: 'HTTP',
      RouteSelectionExpression: '$request.method $request.path',
      CorsConfiguration,
      Tags: { team: 'red' },
    });
    await client.send(new UpdateApiCommand({ ApiId, Name: 'renamed' }));
    await client.send(new DeleteCorsConfigurationCommand({ ApiId }));
    const changed = await client.send(new GetApiCommand({ ApiId }));
    expect(changed).toMatchObject({ Name: 'renamed', Description: 'first' });
    expect(changed.CorsConfiguration).toBeUndefined();
    await client.send(new DeleteApiCommand({ ApiId }));
    await expect(client.send(new GetApiCommand({ ApiId }))).rejects.toMatchObject({
      name: 'NotFoundException',
      message: `Invalid API identifier specified 000000000000:${ApiId}`,
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('that would be more than the laptop has is refused aloud', async () => {
    const refusal = (message: string) => ({ name: 'BadRequestException', message });
    await expect(createApi({ ProtocolType: 'WEBSOCKET' })).rejects.toMatchObject(
      refusal('Only HTTP APIs are supported on the laptop.'),
    );
    await expect(createApi({ DisableExecuteApiEndpoint: true })).rejects.toMatchObject(
      refusal('DisableExecuteApiEndpoint is not supported on the laptop.'),
    );
    await expect(
      createApi({ CorsConfiguration: { AllowCredentials: true, AllowOrigins: ['*'] } }),
    ).rejects.toMatchObject(refusal("allow-credentials is not supported if 'allow-origin' is *"));
  });

  test('is quickly made of a target', async () => {
    const ApiId = await createApi({ Target: functionArn });
    const [integration] = (await client.send(new GetIntegrationsCommand({ ApiId }))).Items ?? [];
    expect(integration).toMatchObject({ IntegrationUri: functionArn, PayloadFormatVersion: '2.0' });
    expect((await client.send(new GetRoutesCommand({ ApiId }))).Items).toMatchObject([
      { RouteKey: '$default', Target: `integrations/${integration?.IntegrationId}` },
    ]);
    expect((await client.send(new GetStagesCommand({ ApiId }))).Items).toMatchObject([
      { StageName: '$default', AutoDeploy: true },
    ]);
  });

  test('of a bad target leaves nothing', async () => {
    await expect(createApi({ Target: 'https://elsewhere.test' })).rejects.toMatchObject({
      name: 'BadRequestException',
    });
    expect((await client.send(new GetApisCommand({}))).Items).toEqual([]);
  });

  test('is listed in its region, page by page', async () => {
    const ids = [await createApi(), await createApi(), await createApi()];
    const first = await client.send(new GetApisCommand({ MaxResults: '2' }));
    const rest = await client.send(new GetApisCommand({ MaxResults: '2', NextToken: first.NextToken }));
    expect([first, rest].map(({ Items }) => Items?.map(({ ApiId }) => ApiId))).toEqual([ids.slice(0, 2), ids.slice(2)]);
    expect(rest.NextToken).toBeUndefined();
    await expect(client.send(new GetApisCommand({ NextToken: 'made-up' }))).rejects.toMatchObject({
      name: 'BadRequestException',
    });
    const elsewhere = new ApiGatewayV2Client({ ...clientOptions(cloud), region: 'eu-west-1' });
    expect((await elsewhere.send(new GetApisCommand({}))).Items).toEqual([]);
  });

  test('carries tags', async () => {
    const ApiId = await createApi({ Tags: { team: 'red' } });
    const ResourceArn = `arn:aws:apigateway:us-east-1::/apis/${ApiId}`;
    await client.send(new TagResourceCommand({ ResourceArn, Tags: { stage: 'test' } }));
    await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['team'] }));
    expect((await client.send(new GetTagsCommand({ ResourceArn }))).Tags).toEqual({ stage: 'test' });
  });
});

describe('an integration', () => {
  test('names a function, by its ARN or by API Gateway’s path to it, and can be changed', async () => {
    const ApiId = await createApi();
    const path = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn}/invocations`;
    const IntegrationId = await integrate(ApiId, { IntegrationUri: path });
    const updated = await client.send(new UpdateIntegrationCommand({ ApiId, IntegrationId, TimeoutInMillis: 500 }));
    expect(updated).toMatchObject({ IntegrationId, IntegrationUri: path, TimeoutInMillis: 500 });
  });

  test.each([
    [{ IntegrationType: 'HTTP_PROXY' }, 'Integration type HTTP_PROXY is not supported on the laptop: AWS_PROXY is.'],
    [{ IntegrationUri: 'arn:aws:sqs:us-east-1:000000000000:q' }, 'Invalid integration URI specified: arn:aws:sqs'],
    [{ TimeoutInMillis: 30_001 }, 'TimeoutInMillis should be between 50 ms and 30000 ms'],
    [{ PayloadFormatVersion: '1.0' }, 'PayloadFormatVersion is a required parameter'],
    [{ RequestParameters: { 'append:header.a': '1' } }, 'RequestParameters is not supported on the laptop.'],
  ])('%j is refused', async (more, message) => {
    const ApiId = await createApi();
    await expect(integrate(ApiId, more)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringContaining(message),
    });
  });

  test('is not deleted while routes lead to it', async () => {
    const ApiId = await createApi();
    const IntegrationId = await integrate(ApiId);
    const RouteId = await route(ApiId, 'GET /a', IntegrationId);
    const remove = () => client.send(new DeleteIntegrationCommand({ ApiId, IntegrationId }));
    await expect(remove()).rejects.toMatchObject({
      name: 'ConflictException',
      message: `Cannot delete Integration because it is referenced by the following Routes with Ids: [${RouteId}]`,
      $metadata: { httpStatusCode: 409 },
    });
    await client.send(new DeleteRouteCommand({ ApiId, RouteId }));
    await remove();
    expect((await client.send(new GetIntegrationsCommand({ ApiId }))).Items).toEqual([]);
  });
});

describe('a route', () => {
  test('is made once for its key and leads to an integration that is there', async () => {
    const ApiId = await createApi();
    const integration = await integrate(ApiId);
    const RouteId = await route(ApiId, 'GET /a', integration);
    await expect(route(ApiId, 'GET /a', integration)).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Route with key GET /a already exists for this API',
    });
    await expect(route(ApiId, 'GET /b', 'nothing')).rejects.toMatchObject({ name: 'NotFoundException' });
    await expect(route(ApiId, 'FETCH /b', integration)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringContaining('"<HTTP METHOD> /<RESOURCE PATH>" or "$default"'),
    });
    const moved = await client.send(new UpdateRouteCommand({ ApiId, RouteId, RouteKey: 'ANY /c' }));
    expect(moved).toMatchObject({ RouteId, RouteKey: 'ANY /c', Target: `integrations/${integration}` });
  });

  test('with an authorizer is refused', async () => {
    const ApiId = await createApi();
    const Target = `integrations/${await integrate(ApiId)}`;
    await expect(
      client.send(new CreateRouteCommand({ ApiId, RouteKey: 'GET /a', Target, AuthorizationType: 'JWT' })),
    ).rejects.toMatchObject({ name: 'BadRequestException' });
  });
});

describe('a stage', () => {
  test('is made, described, changed and deleted', async () => {
    const ApiId = await createApi();
    await client.send(new CreateStageCommand({ ApiId, StageName: 'v1', StageVariables: { a: '1' } }));
    await expect(client.send(new CreateStageCommand({ ApiId, StageName: 'v1' }))).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Stage already exists',
    });
    await expect(client.send(new CreateStageCommand({ ApiId, StageName: 'a/b' }))).rejects.toMatchObject({
      name: 'BadRequestException',
    });
    await client.send(new UpdateStageCommand({ ApiId, StageName: 'v1', AutoDeploy: true, Description: 'live' }));
    expect(await client.send(new GetStageCommand({ ApiId, StageName: 'v1' }))).toMatchObject({
      StageName: 'v1',
      AutoDeploy: true,
      Description: 'live',
      StageVariables: { a: '1' },
    });
    await client.send(new DeleteStageCommand({ ApiId, StageName: 'v1' }));
    await expect(client.send(new GetStageCommand({ ApiId, StageName: 'v1' }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  test('holds a deployment, which stays as long as the stage needs it', async () => {
    const ApiId = await createApi();
    await expect(client.send(new CreateDeploymentCommand({ ApiId }))).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'At least one route is required before deploying the Api.',
    });
    await route(ApiId, '$default', await integrate(ApiId));
    await client.send(new CreateStageCommand({ ApiId, StageName: 'v1' }));
    const { DeploymentId } = await client.send(new CreateDeploymentCommand({ ApiId, StageName: 'v1' }));
    expect((await client.send(new GetStageCommand({ ApiId, StageName: 'v1' }))).DeploymentId).toBe(DeploymentId);
    const remove = () => client.send(new DeleteDeploymentCommand({ ApiId, DeploymentId }));
    await expect(remove()).rejects.toMatchObject({ name: 'BadRequestException' });
    const next = await client.send(new CreateDeploymentCommand({ ApiId }));
    await client.send(new UpdateStageCommand({ ApiId, StageName: 'v1', DeploymentId: next.DeploymentId }));
    await remove();
    expect((await client.send(new GetDeploymentsCommand({ ApiId }))).Items).toMatchObject([
      { DeploymentId: next.DeploymentId, DeploymentStatus: 'DEPLOYED' },
    ]);
  });
});
