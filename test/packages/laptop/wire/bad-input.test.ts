import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AwsError } from '../../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { post, probe } from './probe.ts';

let cloud: RunningCloud;
const printed: string[] = [];
const target = (operation: string) => ({
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': `secretsmanager.${operation}`,
});
const refuse = (code: string, message: string) => {
  throw new AwsError(code, message);
};
const form = { 'content-type': 'application/x-www-form-urlencoded' };

beforeAll(async () => {
  cloud = await createCloud({
    log: (line) => printed.push(line),
    services: [
      probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), {
        GetSecretValue: { handle: () => ({ Name: 'a' }) },
        TagResource: { handle: () => ({}) },
        DescribeSecret: { handle: () => refuse('AccessDeniedException', 'User: nobody is not authorized') },
        RestoreSecret: { handle: () => refuse('ResourceNotFoundException', 'not there') },
        CreateSecret: { handle: () => JSON.parse('{"password": hunter2}') },
      }),
      probe('lambda', () => import('@aws-sdk/client-lambda'), {
        CreateFunction: { handle: () => ({}) },
        Invoke: { handle: () => ({ FunctionError: 'no\nheader' }) },
      }),
      probe('rds', () => import('@aws-sdk/client-rds'), { CreateDBInstance: { handle: () => ({}) } }),
    ],
  });
});
afterAll(() => cloud.close());

async function jsonAnswer(operation: string, body: string | Uint8Array, headers = target(operation)) {
  const response = await post(cloud, 'secretsmanager', headers, body);
  return { status: response.status, body: JSON.parse((await response.text()) || '{}'), headers: response.headers };
}

describe('the JSON protocol refuses, and lives on', () => {
  test.each([
    ['malformed JSON', '{"SecretId":', 'SerializationException'],
    ['no JSON at all', 'SecretId=a', 'SerializationException'],
    ['bytes that are not UTF-8', Buffer.from('{"SecretId":"\xff"}', 'latin1'), 'SerializationException'],
    ['a number where a string stands', '{"SecretId": 1}', 'SerializationException'],
    ['a list where a string stands', '{"SecretId": ["a"]}', 'SerializationException'],
    ['a structure where a string stands', '{"SecretId": {"a": 1}}', 'SerializationException'],
    ['a list instead of the request', '[]', 'SerializationException'],
  ])('%s', async (_name, body, code) => {
    const answer = await jsonAnswer('GetSecretValue', body);
    expect(answer.status).toBe(400);
    expect(answer.body.__type).toBe(code);
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a member that the model requires, named as AWS names it', async () => {
    expect((await jsonAnswer('GetSecretValue', '{}')).body).toEqual({
      __type: 'ValidationException',
      message:
        "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null",
    });
    expect((await jsonAnswer('TagResource', '{"SecretId": null}')).body.message).toBe(
      "2 validation errors detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null; " +
        "Value null at 'tags' failed to satisfy constraint: Member must not be null",
    );
  });

  test('an unknown operation, a wrong content type, no target', async () => {
    expect((await jsonAnswer('GetSekret', '{}')).body.__type).toBe('UnknownOperationException');
    const wrongType = { ...target('GetSecretValue'), 'content-type': 'text/plain' };
    expect(await jsonAnswer('GetSecretValue', '{}', wrongType)).toMatchObject({
      status: 404,
      body: { __type: 'UnknownOperationException' },
    });
    const noTarget = await post(cloud, 'secretsmanager', { 'content-type': 'application/x-amz-json-1.1' }, '{}');
    expect(noTarget.status).toBe(404);
  });

  test('an operation that exists on AWS and not on the laptop says so, to the caller and to the person', async () => {
    const answer = await jsonAnswer('ListSecrets', '{}');
    expect(answer.body.__type).toBe('UnknownOperationException');
    expect(answer.body.message).toContain('secretsmanager ListSecrets is not supported on the laptop');
    expect(printed.join('\n')).toContain('secretsmanager ListSecrets is not supported');
  });

  test('a body over the limit', async () => {
    const body = JSON.stringify({ SecretId: 'a'.repeat(17 * 1024 * 1024) });
    const answer = await jsonAnswer('GetSecretValue', body);
    expect(answer).toMatchObject({ status: 413, body: { __type: 'RequestEntityTooLargeException' } });
  });

  test('a bug of a service is an internal failure whose report never quotes what was parsed', async () => {
    printed.length = 0;
    const answer = await jsonAnswer('CreateSecret', '{"Name":"a"}');
    expect(answer).toMatchObject({ status: 500, body: { __type: 'InternalFailure' } });
    expect(printed.join('\n')).toContain('SyntaxError');
    expect(JSON.stringify(answer.body) + printed.join('\n')).not.toContain('hunter2');
  });

  test('a refusal and a request that cannot be read write Message, the rest of the front end writes message', async () => {
    expect((await jsonAnswer('GetSecretValue', '{"SecretId": 1}')).body).toEqual({
      __type: 'SerializationException',
      Message: 'NUMBER_VALUE cannot be converted to String',
    });
    const refused = await jsonAnswer('DescribeSecret', '{"SecretId": "a"}');
    expect(refused).toMatchObject({
      status: 400,
      body: { __type: 'AccessDeniedException', Message: 'User: nobody is not authorized' },
    });
    const modelled = await jsonAnswer('RestoreSecret', '{"SecretId": "a"}');
    expect(modelled.body).toEqual({ __type: 'ResourceNotFoundException', Message: 'not there' });
  });

  test('keys that mean something to JavaScript', async () => {
    const answer = await jsonAnswer('GetSecretValue', '{"SecretId":"a","__proto__":{"x":1},"constructor":1}');
    expect(answer.body).toEqual({ Name: 'a' });
    expect((await jsonAnswer('constructor', '{}')).body.__type).toBe('UnknownOperationException');
  });
});

describe('credentials', () => {
  test.each([
    ['JSON', target('GetSecretValue'), '{}', 400, 'MissingAuthenticationTokenException'],
    ['query', form, 'Action=CreateDBInstance&Version=2014-10-31', 403, 'MissingAuthenticationToken'],
  ])('a request without any, over %s', async (_name, headers, body, status, code) => {
    const answer = await fetch(cloud.endpointUrl, { method: 'POST', headers: headers as Record<string, string>, body });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(code);
  });

  test('a scope that is not one', async () => {
    const authorization = 'AWS4-HMAC-SHA256 Credential=test/us-east-1, SignedHeaders=host, Signature=00';
    const headers = { ...target('GetSecretValue'), authorization, 'x-amz-date': '20260101T000000Z' };
    const answer = await fetch(cloud.endpointUrl, { method: 'POST', headers, body: '{}' });
    expect(await answer.text()).toContain('IncompleteSignatureException');
  });

  test('a header that is no signature: everything it lacks, and what it was, in AWS’s words', async () => {
    const headers = { ...target('GetSecretValue'), authorization: 'Basic bm9ib2R5OnNlY3JldA==' };
    const answer = await fetch(cloud.endpointUrl, { method: 'POST', headers, body: '{}' });
    expect(answer.status).toBe(400);
    const { __type, message } = (await answer.json()) as { __type: string; message: string };
    expect(__type).toBe('IncompleteSignatureException');
    expect(message).toMatch(
      /^Authorization header requires 'Credential' parameter\. Authorization header requires 'Signature' parameter\. Authorization header requires 'SignedHeaders' parameter\. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. \(Hashed with SHA-256 and encoded with Base64\) Authorization=[A-Za-z0-9+/]{43}=$/,
    );
    expect(message).not.toContain('bm9ib2R5');
  });

  test('a query request without a date', async () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/rds/aws4_request, SignedHeaders=host, Signature=00';
    const body = 'Action=CreateDBInstance&Version=2014-10-31';
    const answer = await fetch(cloud.endpointUrl, { method: 'POST', headers: { ...form, authorization }, body });
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text).toContain('<Code>IncompleteSignature</Code>');
    expect(text).not.toContain('Credential&#39; parameter');
  });

  test('temporary credentials that this cloud did not issue', async () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=ASIAAAAAAAAAAAAAAAAA/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=00';
    const headers = { ...target('GetSecretValue'), authorization, 'x-amz-date': '20260101T000000Z' };
    const answer = await fetch(cloud.endpointUrl, { method: 'POST', headers, body: '{}' });
    expect(await answer.json()).toEqual({
      __type: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    });
  });
});

test('an answer that cannot be sent ends its own connection, and nothing else', async () => {
  printed.length = 0;
  await expect(post(cloud, 'lambda', {}, '{}', '/2015-03-31/functions/f/invocations')).rejects.toThrow('fetch failed');
  expect(printed.join('\n')).toContain('endpoint: TypeError: Invalid character in header content');
  expect((await jsonAnswer('GetSecretValue', '{"SecretId":"a"}')).body).toEqual({ Name: 'a' });
});

test('REST: malformed JSON, an unknown path, a missing member', async () => {
  const create = (body: string, path = '/2015-03-31/functions') => post(cloud, 'lambda', {}, body, path);
  const malformed = await create('{');
  expect(malformed.status).toBe(400);
  expect(malformed.headers.get('x-amzn-errortype')).toBe('InvalidRequestContentException');
  expect((await create('{}', '/2015-03-31/nothing')).status).toBe(404);
  expect(await (await create('{}')).text()).toContain("Value null at 'functionName'");
  expect((await create('{}', '/2015-03-31/functions/%zz/code')).status).toBeLessThan(500);
});

test('query: an unknown action, a missing parameter, text for a number', async () => {
  const create = async (body: string) => (await post(cloud, 'rds', form, `${body}&Version=2014-10-31`)).text();
  expect(await create('Action=Nothing')).toContain(
    '<Code>InvalidAction</Code><Message>Could not find operation Nothing for version 2014-10-31</Message>',
  );
  expect(await create('Action=CreateDBInstance')).toContain(
    '<Code>MissingParameter</Code><Message>The request must contain the parameter DBInstanceIdentifier.</Message>',
  );
  expect(await create('Action=CreateDBInstance&AllocatedStorage=many')).toContain('<Code>MalformedInput</Code>');
  expect(await create(`Action=CreateDBInstance&${'a.'.repeat(40)}b=1`)).toContain('<Code>MalformedInput</Code>');
});

test('a service that the laptop lacks, and bytes that are no HTTP', async () => {
  const answer = await post(cloud, 'quantumledger', target('X'), '{}');
  expect(await answer.text()).toContain('The laptop has no service \\"quantumledger\\"');
  await new Promise<void>((resolve) => {
    const socket = connect(cloud.port, '127.0.0.1', () => socket.write('\x16\x03\x01\x02\x00nonsense\r\n\r\n'));
    socket.on('data', () => {});
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  expect((await jsonAnswer('GetSecretValue', '{"SecretId":"a"}')).body).toEqual({ Name: 'a' });
});

test('it listens on 127.0.0.1 only, and a closed cloud frees its port', async () => {
  const other = await createCloud({ services: [], log: () => {} });
  const { port } = other;
  await other.close();
  await other.close();
  const again = await createCloud({ port, services: [], log: () => {} });
  expect(again.endpointUrl).toBe(`http://127.0.0.1:${port}`);
  await again.close();
});
