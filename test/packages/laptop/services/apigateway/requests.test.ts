import {
  ApiGatewayV2Client,
  CreateApiCommand,
  type CreateApiCommandInput,
  CreateDeploymentCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  CreateStageCommand,
} from '@aws-sdk/client-apigatewayv2';
import { AddPermissionCommand } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { resources } from '../../../../../packages/laptop/services/apigateway/resources.ts';
import createApiGatewayService from '../../../../../packages/laptop/services/apigateway/service.ts';
import createLambdaService from '../../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import { clientOptions } from '../../wire/probe.ts';
import { clientOf, make, startLaptop } from '../lambda/laptop.ts';

const mirror = 'exports.handler = async (event) => event;';
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
let cloud: RunningCloud;
let client: ApiGatewayV2Client;
let ApiId: string;
beforeEach(async () => {
  cloud = await startLaptop({ services: [createLogsService, createLambdaService, createApiGatewayService] });
  client = new ApiGatewayV2Client(clientOptions(cloud));
});
afterEach(() => cloud.close());

async function create(more: Partial<CreateApiCommandInput> = {}): Promise<void> {
  const made = await client.send(new CreateApiCommand({ Name: 'orders', ProtocolType: 'HTTP', ...more }));
  ApiId = made.ApiId as string;
}
const integrate = async (more: object = {}) =>
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
const route = (RouteKey: string, integration: string) =>
  client.send(new CreateRouteCommand({ ApiId, RouteKey, Target: `integrations/${integration}` }));
const stage = (StageName: string, more: object = { AutoDeploy: true }) =>
  client.send(new CreateStageCommand({ ApiId, StageName, ...more }));
const permit = (place: string) =>
  clientOf(cloud).send(
    new AddPermissionCommand({
      FunctionName: 'f',
      StatementId: 'api',
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      SourceArn: `arn:aws:execute-api:us-east-1:000000000000:${ApiId}/${place}`,
    }),
  );
const get = (path: string, init?: RequestInit) => fetch(`${cloud.endpointUrl}/_api/${ApiId}${path}`, init);

test('a request reaches the function as an event of version 2.0, and the answer the client', async () => {
  await make(cloud, mirror);
  await create();
  await route('POST /orders/{id}', await integrate());
  await stage('$default', { AutoDeploy: true, StageVariables: { colour: 'blue' } });
  await permit('*');
  const answer = await get('/orders/a%20b?x=1', {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'hello',
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('apigw-requestid')).toMatch(/.+/);
  expect(await answer.json()).toMatchObject({
    version: '2.0',
    routeKey: 'POST /orders/{id}',
    rawQueryString: 'x=1',
    queryStringParameters: { x: '1' },
    pathParameters: { id: 'a b' },
    stageVariables: { colour: 'blue' },
    body: 'hello',
    isBase64Encoded: false,
    requestContext: {
      accountId: '000000000000',
      apiId: ApiId,
      stage: '$default',
      routeKey: 'POST /orders/{id}',
      http: { method: 'POST' },
    },
  });
});

test('the most specific route wins', async () => {
  await make(cloud, 'exports.handler = async ({ routeKey, pathParameters }) => ({ routeKey, pathParameters });');
  await create();
  const integration = await integrate();
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
  const keys = ['GET /pets/dog/1', 'GET /pets/dog/{id}', 'GET /pets/{proxy+}', 'ANY /pets/dog/{id}', '$default'];
  for (const key of keys) await route(key, integration);
  await stage('$default');
  await permit('*');
  const routed = async (path: string, method = 'GET') => ((await (await get(path, { method })).json()) as any).routeKey;
  expect(await routed('/pets/dog/1')).toBe('GET /pets/dog/1');
  expect(await routed('/pets/dog/2')).toBe('GET /pets/dog/{id}');
  expect(await routed('/pets/cat/1')).toBe('GET /pets/{proxy+}');
  expect(await routed('/pets/dog/2', 'POST')).toBe('ANY /pets/dog/{id}');
  expect(await routed('/test/5', 'POST')).toBe('$default');
});

test('stages have paths of their own, and serve what was deployed to them', async () => {
  await make(cloud, 'exports.handler = async ({ rawPath, requestContext: { stage } }) => ({ rawPath, stage });');
  await create();
  const integration = await integrate();
  await route('GET /a', integration);
  await stage('live');
  await stage('held', {});
  await permit('*');
  expect(await (await get('/live/a')).json()).toEqual({ rawPath: '/live/a', stage: 'live' });
  expect((await get('/held/a')).status).toBe(404);
  await client.send(new CreateDeploymentCommand({ ApiId, StageName: 'held' }));
  await route('GET /b', integration);
  expect((await get('/held/a')).status).toBe(200);
  expect((await get('/live/b')).status).toBe(200);
  const absent = await get('/held/b');
  expect([absent.status, await absent.json()]).toEqual([404, { message: 'Not Found' }]);
});

test('an API that is not there, and a stage that is not there, are not found', async () => {
  await create();
  expect((await get('/')).status).toBe(404);
  expect((await fetch(`${cloud.endpointUrl}/_api/nothing/`)).status).toBe(404);
});

describe('what the function does not let API Gateway do, or does badly', () => {
  test('a function that does not let this API in is not called', async () => {
    await make(cloud, mirror);
    await create();
    const integration = await integrate();
    await route('GET /a', integration);
    await route('GET /b', integration);
    await stage('$default');
    await permit('*/GET/a');
    expect((await get('/a')).status).toBe(200);
    const refused = await get('/b');
    expect([refused.status, await refused.json()]).toEqual([500, { message: 'Internal Server Error' }]);
    expect(cloud.recorder.calls({ operation: 'Invoke' }).map(({ outcome }) => outcome)).toEqual([
      'ok',
      'AccessDeniedException',
    ]);
  });

  test.each([
    ['throws', 'exports.handler = async () => { throw new Error("no"); };'],
    ['answers a status that is none', 'exports.handler = async () => ({ statusCode: "many" });'],
  ])('a function that %s is 500', async (_name, code) => {
    await make(cloud, code);
    await create({ Target: functionArn });
    await permit('*');
    const answer = await get('/');
    expect([answer.status, await answer.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  });

  test('a function that is slower than its integration allows is 503', async () => {
    await make(cloud, 'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 20_000));', {
      Timeout: 30,
    });
    await create();
    await route('$default', await integrate({ TimeoutInMillis: 100 }));
    await stage('$default');
    await permit('*');
    const answer = await get('/');
    expect([answer.status, await answer.json()]).toEqual([503, { message: 'Service Unavailable' }]);
  });
});

test('preflights are answered by the API, and answers carry the origin', async () => {
  await make(cloud, mirror);
  await create({
    Target: functionArn,
    CorsConfiguration: { AllowOrigins: ['https://app.test'], AllowMethods: ['GET'], MaxAge: 60 },
  });
  await permit('*');
  const origin = 'https://app.test';
  const preflight = await get('/', {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'GET' },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-methods')).toBe('GET');
  expect((await get('/', { headers: { origin } })).headers.get('access-control-allow-origin')).toBe(origin);
  expect(
    (await get('/', { headers: { origin: 'https://evil.test' } })).headers.has('access-control-allow-origin'),
  ).toBe(false);
});

test('an API of a template serves', async () => {
  await make(cloud, mirror);
  const makeOne = async (type: string, properties: Record<string, unknown>) =>
    (
      await resources
        .find((provider) => provider.type === type)
        ?.create({ logicalId: 'L', stackName: 'app', type, properties, metadata: {}, assetPath: () => '' }, cloud)
    )?.ref as string;
  ApiId = await makeOne('AWS::ApiGatewayV2::Api', { Name: 'orders', ProtocolType: 'HTTP' });
  const integration = await makeOne('AWS::ApiGatewayV2::Integration', {
    ApiId,
    IntegrationType: 'AWS_PROXY',
    IntegrationUri: functionArn,
    PayloadFormatVersion: '2.0',
  });
  await makeOne('AWS::ApiGatewayV2::Route', { ApiId, RouteKey: 'GET /a', Target: `integrations/${integration}` });
  await makeOne('AWS::ApiGatewayV2::Stage', { ApiId, StageName: '$default', AutoDeploy: true });
  await permit('*/GET/a');
  expect((await get('/a')).status).toBe(200);
  await expect(makeOne('AWS::ApiGatewayV2::Route', { ApiId, RouteKey: 'GET /b', AuthorizerId: 'x' })).rejects.toThrow(
    'AuthorizerId is not supported',
  );
});
