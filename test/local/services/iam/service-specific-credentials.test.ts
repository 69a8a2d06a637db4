import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import {
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeleteServiceSpecificCredentialCommand,
  IAMClient,
  ListServiceSpecificCredentialsCommand,
  PutUserPolicyCommand,
  ResetServiceSpecificCredentialCommand,
  UpdateServiceSpecificCredentialCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../local/clock.ts';
import { createCloud, type RunningCloud } from '../../../../local/create-cloud.ts';
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

async function converse(token = ''): Promise<string | undefined> {
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: cloud.endpointUrl,
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
