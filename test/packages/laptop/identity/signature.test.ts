import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { CreateRoleCommand, IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EventStreamCodec } from '@smithy/core/event-streams';
import type { Principal, SessionCredentials } from '../../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { AdministratorKey } from '../../../../packages/laptop/identity/administrator-key.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { type RawRequest, signedHeaders, signerFor, unsigned } from '../../../laptop-requests.ts';
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

describe('what a signature has to say and to cover', () => {
  const body = '{"SecretId":"a"}';
  const json = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' };
  const signed = (more: Partial<RawRequest> = {}) =>
    signedHeaders(cloud, 'secretsmanager', { body, ...more, headers: { ...json, ...more.headers } });
  const send = async (headers: Record<string, string>, path = '') => {
    const answer = await fetch(cloud.endpointUrl + path, { method: 'POST', headers, body });
    return { status: answer.status, text: await answer.text() };
  };

  test('the administrator’s own, for comparison, is let in', async () => {
    expect(await send(await signed())).toMatchObject({ status: 200 });
    expect(seen?.kind).toBe('administrator');
  });

  test.each([
    ['a target that was changed', { 'x-amz-target': 'secretsmanager.DeleteSecret' }],
    ['a header of AWS that was added', { 'x-amz-security-tokens': 'a' }],
    ['the digest of another body', { 'x-amz-content-sha256': 'a'.repeat(64) }],
    ['a body that is called unsigned: no service here takes one', { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }],
  ])('%s does not pass', async (_name, headers) => {
    expect(await send({ ...(await signed()), ...(headers as Record<string, string>) })).toMatchObject({
      status: 400,
      text: expect.stringContaining('InvalidSignatureException'),
    });
    expect(seen).toBeUndefined();
  });

  test.each([
    'UNSIGNED-PAYLOAD',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  ])('a body that is signed as %s, which is S3’s alone, does not pass', async (kind) => {
    const headers = { 'x-amz-content-sha256': kind, 'content-encoding': 'aws-chunked' };
    expect((await send(await signed({ headers }))).status).toBe(400);
    expect(seen).toBeUndefined();
  });

  test('a host that is not signed does not pass: the signature would fit every cloud', async () => {
    const { host: _, ...rest } = await signed();
    const authorization = rest.authorization?.replace(/;host/, '') ?? '';
    expect(await send({ ...rest, authorization })).toMatchObject({ status: 400 });
  });

  test('a scope of another day than the date is named', async () => {
    const headers = await signed();
    const authorization = headers.authorization?.replace(/\/\d{8}\//, '/20200101/') ?? '';
    expect(await send({ ...headers, authorization })).toMatchObject({
      status: 400,
      text: expect.stringContaining(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101' != '",
      ),
    });
  });

  test.each([
    [
      'a header',
      (algorithm: string): [Record<string, string>, string] => [
        {
          ...json,
          authorization: `${algorithm} Credential=a/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=00`,
          'x-amz-date': '20260101T000000Z',
        },
        '',
      ],
    ],
    [
      'a query',
      (algorithm: string): [Record<string, string>, string] => [
        json,
        `/?X-Amz-Algorithm=${algorithm}&X-Amz-Credential=a%2F20260101%2Fsecretsmanager%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00`,
      ],
    ],
  ])('SigV4a is refused by name in %s', async (_name, request) => {
    expect(await send(...request('AWS4-ECDSA-P256-SHA256'))).toMatchObject({
      status: 400,
      text: expect.stringMatching(
        /IncompleteSignatureException.*Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.*SigV4a/,
      ),
    });
  });

  describe('a stream of events, each signed over itself and the one before', () => {
    const codec = new EventStreamCodec(
      (bytes) => Buffer.from(bytes).toString('utf8'),
      (text) => Buffer.from(text, 'utf8'),
    );
    const MISMATCH = 'The request signature we calculated does not match';
    const path = '/model/m/invoke-with-bidirectional-stream';
    const streaming = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-EVENTS' };

    async function stream(payloads: string[]): Promise<{ headers: Record<string, string>; frames: Uint8Array[] }> {
      const headers = await signedHeaders(cloud, 'bedrock', { path, headers: streaming });
      let prior = /Signature=(\w+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
      const frames: Uint8Array[] = [];
      for (const text of payloads) {
        const date = { type: 'timestamp' as const, value: new Date(Math.floor(Date.now() / 1000) * 1000) };
        const payload = Buffer.from(text);
        prior = await signerFor(cloud, 'bedrock').sign(
          { headers: codec.formatHeaders({ ':date': date }), payload },
          { signingDate: date.value, priorSignature: prior },
        );
        const signature = { type: 'binary' as const, value: Buffer.from(prior, 'hex') };
        frames.push(codec.encode({ headers: { ':date': date, ':chunk-signature': signature }, body: payload }));
      }
      return { headers, frames };
    }
    const post = async (headers: Record<string, string>, frames: Uint8Array[]) => {
      const bytes = Buffer.concat(frames);
      return (await fetch(cloud.endpointUrl + path, { method: 'POST', headers, body: bytes })).text();
    };

    test('passes as it was signed', async () => {
      const { headers, frames } = await stream(['one', 'two', '']);
      // No operation reads it, which is another refusal.
      expect(await post(headers, frames)).not.toContain(MISMATCH);
    });

    test.each([
      ['an event is left out', (frames: Uint8Array[]) => frames.filter((_, at) => at !== 1)],
      ['two change places', ([a, b, ...rest]: Uint8Array[]) => [b, a, ...rest] as Uint8Array[]],
      ['one comes twice', ([a, ...rest]: Uint8Array[]) => [a, a, ...rest] as Uint8Array[]],
    ])('does not pass when %s', async (_what, change) => {
      const { headers, frames } = await stream(['one', 'two', '']);
      expect(await post(headers, change(frames))).toContain(MISMATCH);
    });

    test('does not pass with another payload, nor as bytes that are no events', async () => {
      const { headers, frames } = await stream(['one', '']);
      const { headers: of } = codec.decode(frames[0] as Uint8Array);
      const changed = codec.encode({ headers: of, body: Buffer.from('two') });
      expect(await post(headers, [changed, frames[1] as Uint8Array])).toContain(MISMATCH);
      expect(await post(headers, [Buffer.from('{}')])).toContain('Expected a stream of signed events');
      expect(await post(headers, [Buffer.from([0, 0, 0, 0, 0])])).toContain('Expected a stream of signed events');
    });
  });

  describe('in the query string', () => {
    const presigned = async (more: { expiresIn?: number; signingDate?: Date } = {}) => {
      const { query } = await signerFor(cloud, 'secretsmanager').presign(unsigned(cloud, { body, headers: json }), {
        expiresIn: 60,
        unhoistableHeaders: new Set(['x-amz-target']),
        ...more,
      });
      return `/?${Object.entries(query ?? {})
        .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
        .join('&')}`;
    };
    const week = 604_800;

    test('passes until it expires, a week at the most', async () => {
      expect(await send(json, await presigned())).toMatchObject({ status: 200 });
      const sixDaysAgo = new Date(Date.now() - 6 * 86_400_000);
      expect(await send(json, await presigned({ expiresIn: week, signingDate: sixDaysAgo }))).toMatchObject({
        status: 200,
      });
    });

    test('fails when it has expired, is of the future, or is meant for longer than a week', async () => {
      const minutesAgo = new Date(Date.now() - 120_000);
      expect((await send(json, await presigned({ signingDate: minutesAgo }))).text).toMatch(
        /Signature expired: .* - 60 sec\./,
      );
      const ahead = new Date(Date.now() + 3_600_000);
      expect((await send(json, await presigned({ signingDate: ahead }))).text).toContain('Signature not yet current');
      const longer = (await presigned()).replace('X-Amz-Expires=60', `X-Amz-Expires=${week + 1}`);
      expect((await send(json, longer)).text).toContain('from 1 to 604800, a week');
    });

    test('fails with another body, another expiry, and another secret', async () => {
      const url = await presigned();
      const other = await fetch(cloud.endpointUrl + url, { method: 'POST', headers: json, body: '{"SecretId":"b"}' });
      expect(await other.text()).toContain('InvalidSignatureException');
      expect((await send(json, url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).text).toContain(
        'InvalidSignature',
      );
      expect(seen).toBeUndefined();
    });
  });
});
