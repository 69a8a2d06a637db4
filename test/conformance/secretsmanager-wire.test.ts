import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSecrets, type Secrets, token } from './secrets.ts';
import { sendSigned, sendUnsigned } from './signed-request.ts';

let secrets: Secrets;
beforeAll(async () => {
  secrets = await openSecrets();
});
afterAll(() => secrets.close());

const service = 'secretsmanager';
const headersOf = (operation: string, contentType = 'application/x-amz-json-1.1') => ({
  'content-type': contentType,
  'x-amz-target': `secretsmanager.${operation}`,
});
const raw = (operation: string, body: object | string, headers = headersOf(operation)) =>
  sendSigned(secrets.endpoint, { service, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('as written on the wire', () => {
  test('bytes in base64, dates in seconds with three decimals', async () => {
    const { name, arn } = await secrets.make('raw', { SecretBinary: Buffer.from('footest') });
    const { status, body, headers } = await raw('GetSecretValue', { SecretId: name });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(body).toEqual({
      ARN: arn,
      Name: name,
      VersionId: expect.any(String),
      SecretBinary: 'Zm9vdGVzdA==',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: expect.any(Number),
    });
    const { CreatedDate } = body as { CreatedDate: number };
    expect(Math.abs(CreatedDate - Date.now() / 1_000)).toBeLessThan(300);
    expect(Math.round(CreatedDate * 1_000)).toBeCloseTo(CreatedDate * 1_000, 3);
  });

  test.each([
    ['CreateSecret', 'Name', 'InvalidRequestException'],
    ['UpdateSecret', 'SecretId', 'InvalidRequestException'],
    ['PutSecretValue', 'SecretId', 'InvalidRequestException'],
    ['RotateSecret', 'SecretId', 'InvalidParameterException'],
  ])('%s wants a token, which SDKs add by themselves', async (operation, member, code) => {
    const body = { [member]: secrets.name('tokenless'), SecretString: 'v', Description: 'about' };
    expect(await raw(operation, body)).toMatchObject({
      status: 400,
      body: {
        __type: code,
        Message: 'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
      },
    });
  });

  test('a service’s own error writes Message, the front end’s message', async () => {
    const missing = await raw('GetSecretValue', { SecretId: secrets.name('nowhere') });
    expect(missing.body).toEqual({
      __type: 'ResourceNotFoundException',
      Message: "Secrets Manager can't find the specified secret.",
    });
    const invalid = await raw('GetSecretValue', { SecretId: 'no name' });
    expect(invalid.body).toEqual({
      __type: 'ValidationException',
      message:
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    });
    expect((await raw('GetSecretValue', {})).body).toEqual({
      __type: 'ValidationException',
      message:
        "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null",
    });
  });

  test('members that nobody knows are ignored', async () => {
    const { name } = await secrets.make('unknown-member', { SecretString: 'v' });
    expect(await raw('GetSecretValue', { SecretId: name, Colour: 'blue' })).toMatchObject({
      status: 200,
      body: { SecretString: 'v' },
    });
  });
});

describe('what cannot be read', () => {
  test.each([
    ['malformed JSON', '{"SecretId":'],
    ['no JSON', 'SecretId=a'],
    ['a number for a text', '{"SecretId": 1}'],
    ['a list for a text', '{"SecretId": ["a"]}'],
    ['a text for bytes', `{"Name":"a","ClientRequestToken":"${token()}","SecretBinary":"%"}`],
  ])('%s', async (_name, body) => {
    const operation = body.includes('SecretBinary') ? 'CreateSecret' : 'GetSecretValue';
    const answer = await raw(operation, body);
    expect(answer.status).toBe(400);
    expect(answer.body.__type).toBe('SerializationException');
  });

  test('an operation that is none, a content type that is another', async () => {
    expect((await raw('GetSekret', {})).body.__type).toBe('UnknownOperationException');
    const headers = headersOf('GetSecretValue', 'text/plain');
    expect((await raw('GetSecretValue', { SecretId: 'a' }, headers)).status).toBe(404);
  });
});

describe('who sends it', () => {
  test('nobody', async () => {
    const headers = headersOf('GetSecretValue');
    const answer = await sendUnsigned(secrets.endpoint, { service, headers, body: '{"SecretId":"a"}' });
    expect(answer).toMatchObject({ status: 400, body: { __type: 'MissingAuthenticationTokenException' } });
  });

  test('temporary credentials that were never issued', async () => {
    const credentials = { accessKeyId: `ASIA${'A'.repeat(16)}`, secretAccessKey: 'x', sessionToken: 'y' };
    const headers = headersOf('GetSecretValue');
    const answer = await sendSigned(secrets.endpoint, { service, headers, body: '{"SecretId":"a"}', credentials });
    expect(answer).toMatchObject({
      status: 400,
      body: {
        __type: 'UnrecognizedClientException',
        message: 'The security token included in the request is invalid.',
      },
    });
  });
});

describe('many at once', () => {
  test('five hundred readers', async () => {
    const { arn } = await secrets.make('stampede', { SecretString: 'the same for all' });
    const client = secrets.endpoint.client(SecretsManagerClient, {
      requestHandler: { httpAgent: { maxSockets: 500 } },
    });
    const reads = Array.from({ length: 500 }, () => client.send(new GetSecretValueCommand({ SecretId: arn })));
    const values = await Promise.all(reads);
    expect(new Set(values.map(({ SecretString }) => SecretString))).toEqual(new Set(['the same for all']));
  });

  test('the same creation twenty times is one', async () => {
    const input = { Name: secrets.name('raced'), SecretString: 'v', ClientRequestToken: token() };
    const answers = await Promise.all(Array.from({ length: 20 }, () => secrets.send(new CreateSecretCommand(input))));
    expect(new Set(answers.map(({ ARN, VersionId }) => `${ARN} ${VersionId}`)).size).toBe(1);
  });

  test('twenty writers leave one current version and one previous', async () => {
    const { arn } = await secrets.make('written', { SecretString: 'v' });
    const put = (_: unknown, index: number) =>
      secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: `value ${index}` }));
    await Promise.all(Array.from({ length: 20 }, put));
    const { VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId: arn }));
    expect(Object.values(VersionIdsToStages!).flat().sort()).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  });
});
