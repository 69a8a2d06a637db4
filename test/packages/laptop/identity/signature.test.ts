import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { CreateRoleCommand, IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Principal, SessionCredentials } from '../../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { AdministratorKey } from '../../../../packages/laptop/identity/administrator-key.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { clientOptions, probe } from '../wire/probe.ts';

let cloud: RunningCloud;
let given: SessionCredentials;
let seen: Principal | undefined;

beforeEach(async () => {
  seen = undefined;
  const operation = {
    handle: (_input: unknown, call: { principal: Principal }) => {
      seen = call.principal;
      return {};
    },
  };
  cloud = await createCloud({
    log: () => {},
    services: [
      probe('lambda', () => import('@aws-sdk/client-lambda'), { Invoke: operation, ListFunctions: operation }),
      probe('bedrock', () => import('@aws-sdk/client-bedrock-runtime'), { Converse: operation }),
      probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), { GetSecretValue: operation }),
    ],
  });
  await new IAMClient(clientOptions(cloud)).send(
    new CreateRoleCommand({
      RoleName: 'rotator',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      }),
    }),
  );
  given = cloud.assumeRole('arn:aws:iam::000000000000:role/rotator', 'environment-1');
});
afterEach(() => cloud.close());

function signedAs(credentials: SessionCredentials) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return { ...clientOptions(cloud), credentials: { accessKeyId, secretAccessKey, sessionToken } };
}

describe('a signature of issued credentials is verified', () => {
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

  test.each([
    [
      'a path that holds an ARN',
      (c: LambdaClient) => c.send(new InvokeCommand({ FunctionName: arn, Payload: Buffer.from('ü') })),
    ],
    ['a query', (c: LambdaClient) => c.send(new InvokeCommand({ FunctionName: 'f', Qualifier: '$LATEST' }))],
    [
      'several query parameters',
      (c: LambdaClient) => c.send(new ListFunctionsCommand({ MaxItems: 3, Marker: 'a b+c/d=~*' })),
    ],
  ])('over %s', async (_name, send) => {
    await send(new LambdaClient(signedAs(given)));
    expect(seen).toMatchObject({ kind: 'role', sessionName: 'environment-1', accessKeyId: given.accessKeyId });
    await expect(send(new LambdaClient(signedAs({ ...given, secretAccessKey: 'guess' })))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('over HTTP/2, with slashes and colons in a label', async () => {
    const modelId = 'arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.example.model-v1:0';
    const command = new ConverseCommand({ modelId, messages: [{ role: 'user', content: [{ text: 'ü' }] }] });
    const client = new BedrockRuntimeClient(signedAs(given));
    await client.send(command);
    client.destroy();
    expect(seen?.sessionName).toBe('environment-1');
  });

  test('over the body: what was signed is what is carried out', async () => {
    const client = new SecretsManagerClient(signedAs(given));
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: unknown };
        request.body = JSON.stringify({ SecretId: 'your' });
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const tampered = client.send(new GetSecretValueCommand({ SecretId: 'mine' }));
    await expect(tampered).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      $metadata: { httpStatusCode: 400 },
    });
    expect(seen).toBeUndefined();
  });
});

describe('a clock that is wrong', () => {
  const HOUR_MILLISECONDS = 3_600_000;
  /** Signs with a clock of its own, and does not learn from the answer's Date. */
  const signedAt = (systemClockOffset: number) => ({ ...signedAs(given), systemClockOffset });

  test.each([
    [
      'slow',
      -HOUR_MILLISECONDS,
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    ],
    [
      'fast',
      HOUR_MILLISECONDS,
      /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/,
    ],
  ])('%s by an hour', async (_name, offset, message) => {
    const client = new SecretsManagerClient(signedAt(offset));
    await expect(client.send(new GetSecretValueCommand({ SecretId: 'a' }))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringMatching(message),
      $metadata: { httpStatusCode: 400 },
    });
    expect(seen).toBeUndefined();
  });

  test('by ten minutes: the services of the query protocol are patient', async () => {
    const tenMinutes = -HOUR_MILLISECONDS / 6;
    await expect(new IAMClient(signedAt(tenMinutes)).send(new ListRolesCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await expect(new IAMClient(signedAt(-HOUR_MILLISECONDS)).send(new ListRolesCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      message: expect.stringContaining('- 15 min.)'),
    });
  });

  test('the administrator’s clock counts as well', async () => {
    const client = new SecretsManagerClient({ ...clientOptions(cloud), systemClockOffset: -HOUR_MILLISECONDS });
    await expect(client.send(new GetSecretValueCommand({ SecretId: 'a' }))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    expect(seen).toBeUndefined();
  });
});

test('a session that has expired is told so', async () => {
  const expiration = new Date(Date.now() - 1);
  const { principal } = given;
  const session = cloud.sessions.issue(principal, { expiration });
  const client = new SecretsManagerClient(signedAs(session));
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'a' }))).rejects.toMatchObject({
    name: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
    $metadata: { httpStatusCode: 400 },
  });
});

test('credentials that were withdrawn are refused from then on', async () => {
  const client = new SecretsManagerClient(signedAs(given));
  await client.send(new GetSecretValueCommand({ SecretId: 'a' }));
  cloud.sessions.revoke(given.accessKeyId);
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'a' }))).rejects.toMatchObject({
    name: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  });
  expect(cloud.recorder.calls().at(-1)).toMatchObject({
    principal: `access key ${given.accessKeyId}`,
    service: 'secretsmanager',
    operation: 'GetSecretValue',
    outcome: 'UnrecognizedClientException',
  });
});

test('a key that the cloud does not know, the administrator’s with another secret, and a session without its token are refused', async () => {
  const client = new SecretsManagerClient(signedAs({ ...given, sessionToken: '' }));
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'a' }))).rejects.toMatchObject({
    name: 'UnrecognizedClientException',
  });
  const read = (credentials: AdministratorKey) =>
    new SecretsManagerClient({ ...clientOptions(cloud), credentials }).send(
      new GetSecretValueCommand({ SecretId: 'a' }),
    );
  const stranger = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'whatever' };
  await expect(read(stranger)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  await expect(read({ ...cloud.administrator, secretAccessKey: 'whatever' })).rejects.toMatchObject({
    name: 'InvalidSignatureException',
  });
  expect(seen).toBeUndefined();
  await read(cloud.administrator);
  expect(seen?.kind).toBe('administrator');
});

test('a cloud of any credentials takes any key for the administrator’s, and verifies the keys that it knows', async () => {
  const open = await createCloud({
    log: () => {},
    anyCredentials: true,
    services: [
      probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), {
        GetSecretValue: { handle: (_, call) => ({ Name: call.principal.kind }) },
      }),
    ],
  });
  const read = (credentials: AdministratorKey) =>
    new SecretsManagerClient({ ...clientOptions(open), credentials }).send(
      new GetSecretValueCommand({ SecretId: 'a' }),
    );
  expect((await read({ accessKeyId: 'test', secretAccessKey: 'test' })).Name).toBe('administrator');
  await expect(read({ ...open.administrator, secretAccessKey: 'test' })).rejects.toThrow();
  await open.close();
});
