import { createHash, createHmac } from 'node:crypto';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import {
  CreateRoleCommand,
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeleteServiceSpecificCredentialCommand,
  IAMClient,
  ListServiceSpecificCredentialsCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  ResetServiceSpecificCredentialCommand,
  UpdateServiceSpecificCredentialCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { clientOptions, probe } from '../../wire/probe.ts';

const ServiceName = 'bedrock.amazonaws.com';
const UserName = 'bedrock-key';
let cloud: RunningCloud;
let clock: ManualClock;
let iam: IAMClient;

beforeEach(async () => {
  clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  const bedrock = probe('bedrock', () => import('@aws-sdk/client-bedrock-runtime'), {
    Converse: {
      access: () => [
        { action: 'bedrock:CallWithBearerToken', resource: '*' },
        { action: 'bedrock:InvokeModel', resource: 'arn:aws:bedrock:us-east-1::foundation-model/m' },
      ],
      handle: (_input, call) => ({
        stopReason: call.principal.identityArn.endsWith(`user/${UserName}`) ? 'end_turn' : '?',
      }),
    },
  });
  cloud = await createCloud({ services: [bedrock], clock, log: () => {} });
  iam = new IAMClient(clientOptions(cloud));
  await iam.send(new CreateUserCommand({ UserName }));
});
afterEach(() => cloud.close());

const create = (more: object = {}) =>
  iam.send(new CreateServiceSpecificCredentialCommand({ UserName, ServiceName, ...more }));

async function converse(token = '', path = ''): Promise<string | undefined> {
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: cloud.endpointUrl + path,
    token: { token },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
  });
  try {
    const messages = [{ role: 'user' as const, content: [{ text: 'hello' }] }];
    return (await client.send(new ConverseCommand({ modelId: 'm', messages }))).stopReason;
  } finally {
    client.destroy();
  }
}

async function grant(...actions: string[]) {
  const Statement = [{ Effect: 'Allow', Action: actions, Resource: '*' }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument }));
}

test('a key answers as its user, under the user’s policies', async () => {
  const { ServiceSpecificCredential: made } = await create();
  const secret = made?.ServiceCredentialSecret;
  expect(secret).toMatch(/^ABSK/);
  await grant('bedrock:InvokeModel');
  await expect(converse(secret)).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('not authorized to perform: bedrock:CallWithBearerToken'),
    $metadata: { httpStatusCode: 403 },
  });
  await grant('bedrock:InvokeModel', 'bedrock:CallWithBearerToken');
  expect(await converse(secret)).toBe('end_turn');
  await expect(converse(`${secret}x`)).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test('two at most per user and service: real overlap, then the oldest has to go', async () => {
  await grant('bedrock:*');
  const { ServiceSpecificCredential: first } = await create();
  const { ServiceSpecificCredential: second } = await create();
  await expect(create()).rejects.toMatchObject({ name: 'LimitExceededException', $metadata: { httpStatusCode: 409 } });
  expect(await converse(first?.ServiceCredentialSecret)).toBe('end_turn');
  expect(await converse(second?.ServiceCredentialSecret)).toBe('end_turn');
  const id = { UserName, ServiceSpecificCredentialId: first?.ServiceSpecificCredentialId };
  await iam.send(new DeleteServiceSpecificCredentialCommand(id));
  await expect(converse(first?.ServiceCredentialSecret)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  const listed = await iam.send(new ListServiceSpecificCredentialsCommand({ UserName, ServiceName }));
  expect(listed.ServiceSpecificCredentials?.map((each) => each.ServiceSpecificCredentialId)).toEqual([
    second?.ServiceSpecificCredentialId,
  ]);
  expect(JSON.stringify(listed)).not.toContain(second?.ServiceCredentialSecret);
  await expect(iam.send(new DeleteServiceSpecificCredentialCommand(id))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
  });
});

test('a key is made inactive and active, reset, and ends with its age', async () => {
  await grant('bedrock:*');
  const { ServiceSpecificCredential: made } = await create({ CredentialAgeDays: 1 });
  expect(made?.ExpirationDate).toEqual(new Date('2026-01-02T00:00:00Z'));
  const id = { UserName, ServiceSpecificCredentialId: made?.ServiceSpecificCredentialId };
  await iam.send(new UpdateServiceSpecificCredentialCommand({ ...id, Status: 'Inactive' }));
  await expect(converse(made?.ServiceCredentialSecret)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await iam.send(new UpdateServiceSpecificCredentialCommand({ ...id, Status: 'Active' }));
  const reset = await iam.send(new ResetServiceSpecificCredentialCommand(id));
  await expect(converse(made?.ServiceCredentialSecret)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await converse(reset.ServiceSpecificCredential?.ServiceCredentialSecret)).toBe('end_turn');
  await clock.advance(86_400_000);
  await expect(converse(reset.ServiceSpecificCredential?.ServiceCredentialSecret)).rejects.toThrow('expired');
  const listed = await iam.send(new ListServiceSpecificCredentialsCommand({ UserName }));
  expect(listed.ServiceSpecificCredentials?.[0]?.Status).toBe('Expired');
});

test('other services and impossible ages are refused', async () => {
  await expect(create({ ServiceName: 'quantum.amazonaws.com' })).rejects.toMatchObject({
    name: 'ServiceNotSupportedException',
    $metadata: { httpStatusCode: 404 },
  });
  await expect(create({ CredentialAgeDays: 0 })).rejects.toMatchObject({ name: 'ValidationError' });
});

describe('short-term keys, which are signed requests in disguise', () => {
  beforeEach(async () => {
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    };
    const allowed = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'bedrock:*', Resource: '*' }] };
    const role = { RoleName: 'chat', AssumeRolePolicyDocument: JSON.stringify(trust) };
    await iam.send(new CreateRoleCommand(role));
    const PolicyDocument = JSON.stringify(allowed);
    await iam.send(new PutRolePolicyCommand({ RoleName: 'chat', PolicyName: 'p', PolicyDocument }));
  });

  async function shortTermKey(region: string, signedAt: Date): Promise<string> {
    const credentials = cloud.assumeRole('arn:aws:iam::000000000000:role/chat', 's');
    const sha256 = class {
      readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;
      constructor(secret?: string | Uint8Array) {
        this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
      }
      update(data: string | Uint8Array) {
        this.#hash.update(data);
      }
      async digest() {
        return new Uint8Array(this.#hash.digest());
      }
    };
    const signer = new SignatureV4({ service: 'bedrock', region, credentials, sha256: sha256 as never });
    const signed = await signer.presign(
      {
        method: 'POST',
        protocol: 'https:',
        hostname: 'bedrock.amazonaws.com',
        path: '/',
        query: { Action: 'CallWithBearerToken' },
        headers: { host: 'bedrock.amazonaws.com' },
      },
      { expiresIn: 3600, signingDate: signedAt },
    );
    const query = Object.entries(signed.query ?? {}).map(
      ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
    );
    return `bedrock-api-key-${Buffer.from(`bedrock.amazonaws.com/?${query.join('&')}&Version=1`).toString('base64')}`;
  }

  test('answer as the role that signed them, until they expire', async () => {
    const hourAgo = new Date(Date.now() - 3_600_000);
    const token = await shortTermKey('us-east-1', new Date());
    expect(await converse(token)).toBe('?');
    expect(cloud.recorder.calls({ operation: 'Converse' }).at(-1)?.principal).toContain('assumed-role/chat/s');
    // By the wall clock, as their signers have it.
    await clock.advance(3_600_000);
    expect(await converse(token)).toBe('?');
    await expect(converse(await shortTermKey('us-east-1', hourAgo))).rejects.toThrow('expired');
  });

  test('are bound to their region, and to the secret that signed them', async () => {
    const token = await shortTermKey('eu-west-1', new Date());
    expect(await converse(token)).toBe('?');
    expect(cloud.recorder.calls({ operation: 'Converse' }).at(-1)?.region).toBe('eu-west-1');
    const elsewhere = converse(token, '/_region/us-west-2');
    await expect(elsewhere).rejects.toThrow('Credential should be scoped to a valid region');
    const text = Buffer.from(token.slice('bedrock-api-key-'.length), 'base64').toString();
    const forged = Buffer.from(text.replace('X-Amz-Expires=3600', 'X-Amz-Expires=9999')).toString('base64');
    await expect(converse(`bedrock-api-key-${forged}`)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });
});
