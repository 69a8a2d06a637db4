import { createHash, createHmac } from 'node:crypto';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  type LambdaClient,
  ListFunctionUrlConfigsCommand,
  PutFunctionConcurrencyCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { allow, asPerson, clientOf, make, roleArn, startLaptop } from './laptop.ts';

const mirror = 'exports.handler = async (event) => event;';
let cloud: RunningCloud;
let lambda: LambdaClient;
beforeEach(async () => {
  cloud = await startLaptop();
  lambda = clientOf(cloud);
});
afterEach(() => cloud.close());

const createUrl = async (more: Partial<CreateFunctionUrlConfigCommandInput> = {}) =>
  (await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName: 'f', AuthType: 'NONE', ...more })))
    .FunctionUrl as string;
const permit = (StatementId: string, Action: string, more: object = {}) =>
  lambda.send(new AddPermissionCommand({ FunctionName: 'f', StatementId, Action, Principal: '*', ...more }));
async function openToAll(more: object = {}): Promise<void> {
  await permit('url', 'lambda:InvokeFunctionUrl', { FunctionUrlAuthType: 'NONE', ...more });
  await permit('function', 'lambda:InvokeFunction', { InvokedViaFunctionUrl: true, ...more });
}

describe('the configuration of a function’s URL', () => {
  beforeEach(() => make(cloud, mirror));

  test('is made once, read, listed, changed and deleted', async () => {
    const Cors = { AllowOrigins: ['https://app.test'], AllowMethods: ['GET'] };
    const made = await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName: 'f', AuthType: 'NONE', Cors }));
    expect(made).toMatchObject({
      FunctionUrl: expect.stringContaining('/_functions/url/'),
      FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
      AuthType: 'NONE',
      InvokeMode: 'BUFFERED',
      Cors,
    });
    await expect(createUrl()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: expect.stringContaining('FunctionUrlConfig exists for this Lambda function'),
    });
    await lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: 'f', AuthType: 'AWS_IAM' }));
    const read = await lambda.send(new GetFunctionUrlConfigCommand({ FunctionName: 'f' }));
    expect(read).toMatchObject({ FunctionUrl: made.FunctionUrl, AuthType: 'AWS_IAM', Cors });
    const { FunctionUrlConfigs } = await lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName: 'f' }));
    expect(FunctionUrlConfigs).toHaveLength(1);
    await lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: 'f' }));
    await expect(lambda.send(new GetFunctionUrlConfigCommand({ FunctionName: 'f' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('is of $LATEST or of an alias, never of a version', async () => {
    await expect(createUrl({ Qualifier: '1' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(createUrl({ Qualifier: 'live' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await lambda.send(new CreateAliasCommand({ FunctionName: 'f', Name: 'live', FunctionVersion: '$LATEST' }));
    expect(await createUrl({ Qualifier: 'live' })).not.toBe(await createUrl());
  });
});

describe('a URL for everybody', () => {
  test('needs both permissions', async () => {
    await make(cloud, mirror);
    const url = await createUrl();
    const status = async () => (await fetch(url)).status;
    expect(await status()).toBe(403);
    await permit('url', 'lambda:InvokeFunctionUrl', { FunctionUrlAuthType: 'NONE' });
    const refused = await fetch(url);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toEqual({
      Message:
        'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html',
    });
    await permit('function', 'lambda:InvokeFunction', { InvokedViaFunctionUrl: true });
    expect(await status()).toBe(200);
  });

  test('hands the function the request as an event of version 2.0', async () => {
    await make(cloud, mirror);
    const url = await createUrl();
    await openToAll();
    const answer = await fetch(`${url}orders/7?a=1&b=2&a=3`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: 'x=1; y=2', 'x-mine': 'yes' },
      body: '{"n":1}',
    });
    const event: any = await answer.json();
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/orders/7',
      rawQueryString: 'a=1&b=2&a=3',
      queryStringParameters: { a: '1,3', b: '2' },
      cookies: ['x=1', 'y=2'],
      headers: { 'content-type': 'application/json', 'x-mine': 'yes' },
      body: '{"n":1}',
      isBase64Encoded: false,
      requestContext: {
        accountId: 'anonymous',
        stage: '$default',
        http: { method: 'POST', path: '/orders/7', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
      },
    });
    expect(event.headers.cookie).toBeUndefined();
    expect(event.requestContext.authorizer).toBeUndefined();
  });

  test('takes and gives bytes as base64', async () => {
    await make(
      cloud,
      `exports.handler = async ({ body, isBase64Encoded }) => ({
        statusCode: 201,
        headers: { 'Content-Type': 'image/png', 'X-Was': String(isBase64Encoded) },
        cookies: ['a=1', 'b=2'],
        body: Buffer.from(Buffer.from(body, 'base64')).reverse().toString('base64'),
        isBase64Encoded: true,
      });`,
    );
    const url = await createUrl();
    await openToAll();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array([1, 2, 255]),
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(answer.headers.get('x-was')).toBe('true');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array([255, 2, 1]));
  });

  test('answers 502 for a function that fails, and 429 for one that is throttled', async () => {
    await make(cloud, 'exports.handler = async () => { throw new Error("no"); };');
    const url = await createUrl();
    await openToAll();
    const failed = await fetch(url);
    expect([failed.status, await failed.text()]).toEqual([502, 'Internal Server Error']);
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'f', ReservedConcurrentExecutions: 0 }));
    expect((await fetch(url)).status).toBe(429);
  });

  test('answers a browser’s preflight by itself, and adds the origin’s headers to answers', async () => {
    await make(cloud, mirror);
    const url = await createUrl({
      Cors: { AllowOrigins: ['https://app.test'], AllowMethods: ['PUT'], AllowHeaders: ['x-mine'], MaxAge: 60 },
    });
    await openToAll();
    const preflight = (origin: string) =>
      fetch(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } });
    const allowed = await preflight('https://app.test');
    expect(allowed.status).toBe(200);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.test',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'x-mine',
      'access-control-max-age': '60',
    });
    expect((await preflight('https://evil.test')).headers.has('access-control-allow-origin')).toBe(false);
    const answer = await fetch(url, { headers: { origin: 'https://app.test' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.test');
  });

  test('that nobody made is forbidden, not missing', async () => {
    expect((await fetch(`${cloud.endpointUrl}/_functions/url/${'a'.repeat(32)}/`)).status).toBe(403);
  });
});

describe('a URL for identities', () => {
  class Sha256 {
    readonly #hash;
    constructor(secret?: string | Uint8Array) {
      this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
    }
    update(data: string | Uint8Array) {
      this.#hash.update(data);
    }
    async digest() {
      return new Uint8Array(this.#hash.digest());
    }
  }

  async function signedGet(url: string): Promise<Response> {
    const { hostname, host, pathname } = new URL(url);
    const credentials = cloud.assumeRole(roleArn, 'session');
    const signer = new SignatureV4({ service: 'lambda', region: 'us-east-1', credentials, sha256: Sha256 as never });
    const request = { method: 'GET', protocol: 'http:', hostname, path: pathname, headers: { host } };
    return fetch(url, { headers: (await signer.sign(request)).headers });
  }

  test('wants a signature of somebody who has both permissions', async () => {
    await make(cloud, mirror);
    const url = await createUrl({ AuthType: 'AWS_IAM' });
    expect((await fetch(url)).status).toBe(403);
    expect((await signedGet(url)).status).toBe(403);
    const fn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
    await allow(cloud, ['lambda:InvokeFunctionUrl'], fn, 'url');
    expect((await signedGet(url)).status).toBe(403);
    await allow(cloud, ['lambda:InvokeFunction'], fn, 'function');
    const answer = await signedGet(url);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      requestContext: {
        accountId: '000000000000',
        authorizer: { iam: { userArn: 'arn:aws:sts::000000000000:assumed-role/consumer/session' } },
      },
    });
  });

  test('keeps out those whose right to call the function is for URLs of another kind', async () => {
    await make(cloud, mirror);
    const url = await createUrl({ AuthType: 'AWS_IAM' });
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: '*' },
        {
          Effect: 'Allow',
          Action: 'lambda:InvokeFunctionUrl',
          Resource: '*',
          Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } },
        },
      ],
    });
    await asPerson(cloud, 'iam', 'PutRolePolicy', { RoleName: 'consumer', PolicyName: 'p', PolicyDocument });
    expect((await signedGet(url)).status).toBe(403);
  });
});
