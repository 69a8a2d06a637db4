import { randomUUID } from 'node:crypto';
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import {
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeleteServiceSpecificCredentialCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createBedrockService, { type BedrockService } from '../../../packages/laptop/services/bedrock/service.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import { bedrockCheck } from '../../../pipeline/checks/bedrock.ts';
import { runCheck } from '../../../pipeline/checks/run-check.ts';
import { clientOptions } from '../../packages/laptop/wire/probe.ts';

const micro = 'amazon.nova-micro-v1:0';
const UserName = 'chat';
let cloud: RunningCloud;
let secretsManager: SecretsManagerClient;
let iam: IAMClient;
let key: { text: string; id: string };
const asked: { region: string; withKey: boolean }[] = [];

beforeAll(async () => {
  cloud = await createCloud({ services: [createBedrockService, createSecretsManagerService] as never, log: () => {} });
  secretsManager = new SecretsManagerClient(clientOptions(cloud));
  iam = new IAMClient(clientOptions(cloud));
  await iam.send(new CreateUserCommand({ UserName }));
  await grant('bedrock:CallWithBearerToken', 'bedrock:InvokeModel');
  const made = await iam.send(
    new CreateServiceSpecificCredentialCommand({ UserName, ServiceName: 'bedrock.amazonaws.com' }),
  );
  const { ServiceCredentialSecret, ServiceSpecificCredentialId } = made.ServiceSpecificCredential!;
  key = { text: ServiceCredentialSecret!, id: ServiceSpecificCredentialId! };
});
afterAll(() => cloud.close());
beforeEach(() => {
  asked.length = 0;
  cloud.faults.clear();
  cloud.recorder.clear();
  cloud.service<BedrockService>('bedrock').state.clear();
});

async function grant(...actions: string[]): Promise<void> {
  const Statement = [{ Effect: 'Allow', Action: actions, Resource: '*' }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument }));
}

/** As the function makes its clients, at the laptop's endpoint. */
function bedrockIn(region: string, token?: string): BedrockRuntimeClient {
  asked.push({ region, withKey: token !== undefined });
  if (token === undefined) return new BedrockRuntimeClient({ ...clientOptions(cloud), region });
  const asKey = { token: { token }, authSchemePreference: ['httpBearerAuth'] };
  return new BedrockRuntimeClient({ region, endpoint: cloud.endpointUrl, maxAttempts: 1, ...asKey });
}

async function check(parameters: Record<string, unknown>, value: string = key.text, region = 'us-east-1') {
  const secret = await secretsManager.send(
    new CreateSecretCommand({ Name: `app/${randomUUID()}`, SecretString: value }),
  );
  const now = () => new Date();
  const bedrock = bedrockCheck({ secretsManager, bedrockIn, region, now });
  const settings = {
    name: 'chat',
    type: 'bedrock',
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:check',
    parameters,
  };
  const request = { check: settings, secretArn: secret.ARN, secretName: 'app/key', versionId: secret.VersionId };
  return runCheck({ bedrock }, request, now);
}

const role = { modelId: micro, credential: 'role' };
const failure = (code: string, words: RegExp) => ({ ok: false, code, cause: expect.stringMatching(words) });
const reason = (code: string, words: RegExp) => ({ code, retryable: true, message: expect.stringMatching(words) });
const { state } = { state: () => cloud.service<BedrockService>('bedrock').state };

describe('with the rotated key', () => {
  test('the answer says region, model, latency and tokens, and few tokens were asked for', async () => {
    const verdict = await check({ modelId: micro });
    expect(verdict).toMatchObject({
      ok: true,
      observed: expect.stringMatching(
        /^amazon\.nova-micro-v1:0 in us-east-1 answers the rotated key in \d+ ms with \d+ \+ [1-8] tokens$/,
      ),
      measured: {
        region: 'us-east-1',
        modelId: micro,
        credential: 'rotated-key',
        latencyMilliseconds: expect.any(Number),
      },
    });
    expect(JSON.stringify(verdict)).not.toContain(key.text);
    const [call] = cloud.recorder.calls().filter(({ operation }) => operation === 'Converse');
    expect(call?.principal).toContain(`user/${UserName}`);
  });

  test('in a JSON secret, at its customary place or at a pointer', async () => {
    expect(await check({ modelId: micro }, JSON.stringify({ api_key: key.text }))).toMatchObject({ ok: true });
    const deep = JSON.stringify({ bedrock: { 'key/1': key.text } });
    expect(await check({ modelId: micro, pointer: '/bedrock/key~11' }, deep)).toMatchObject({ ok: true });
    expect(await check({ modelId: micro, pointer: '/nowhere' }, deep)).toMatchObject(
      failure('PayloadInvalid', /\/nowhere/),
    );
  });

  test('goes to its own region only, whatever fallback there is', async () => {
    state().setAccess(micro, 'denied', 'us-east-1');
    const verdict = await check({ modelId: micro, fallbackRegion: 'eu-west-2' });
    expect(verdict).toMatchObject(failure('ModelNotEnabled', /us-east-1.*Model access/));
    expect(asked).toEqual([{ region: 'us-east-1', withKey: true }]);
  });

  test('that belongs to another region', async () => {
    const message = 'Credential should be scoped to a valid region.';
    cloud.faults.add({ kind: 'error', operation: 'Converse', code: 'AccessDeniedException', message, httpStatus: 403 });
    expect(await check({ modelId: micro })).toMatchObject(failure('WrongRegion', /another region.*"region"/));
  });

  test('that was deleted, or never was one', async () => {
    const made = await iam.send(
      new CreateServiceSpecificCredentialCommand({ UserName, ServiceName: 'bedrock.amazonaws.com' }),
    );
    const { ServiceCredentialSecret: text, ServiceSpecificCredentialId } = made.ServiceSpecificCredential!;
    expect(await check({ modelId: micro }, text)).toMatchObject({ ok: true });
    await iam.send(new DeleteServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId }));
    const verdict = await check({ modelId: micro }, text);
    expect(verdict).toMatchObject(failure('KeyRefused', /deleted, deactivated or has expired/));
    expect(JSON.stringify(verdict)).not.toContain(text);
  });

  test('with characters that no header carries is refused before it is sent anywhere', async () => {
    const verdict = await check({ modelId: micro }, 'ABSK\r\nx-forged: 1');
    expect(verdict).toMatchObject(failure('PayloadInvalid', /no header can carry/));
    expect(JSON.stringify(verdict)).not.toContain('forged');
    expect(asked).toEqual([]);
  });

  test('whose user may not use keys, or not the model', async () => {
    await grant('bedrock:InvokeModel');
    expect(await check({ modelId: micro })).toMatchObject(failure('MissingGrant', /bedrock:CallWithBearerToken/));
    await grant('bedrock:CallWithBearerToken');
    expect(await check({ modelId: micro })).toMatchObject(
      failure('MissingGrant', /bedrock:InvokeModel.*foundation-model/),
    );
    await grant('bedrock:CallWithBearerToken', 'bedrock:InvokeModel');
  });
});

describe('with the role', () => {
  test('a model that is not enabled here is asked for in the fallback region', async () => {
    state().setAccess(micro, 'denied', 'us-east-1');
    expect(await check({ ...role, fallbackRegion: 'eu-west-2' })).toMatchObject({
      ok: true,
      measured: { region: 'eu-west-2', credential: 'role' },
    });
    expect(asked.map(({ region }) => region)).toEqual(['us-east-1', 'eu-west-2']);
  });

  test('not enabled anywhere: every region is told', async () => {
    state().setAccess(micro, 'denied');
    expect(await check({ ...role, fallbackRegion: 'eu-west-2' })).toMatchObject(
      failure('ModelNotEnabled', /in us-east-1: the account has no access.*in eu-west-2: the account has no access/),
    );
  });

  test('throttled in both: may pass, and is thrown; in one of them: the other answers', async () => {
    cloud.faults.add({ kind: 'throttle', operation: 'Converse', times: 2 });
    await expect(check({ ...role, fallbackRegion: 'eu-west-2' })).rejects.toMatchObject(
      reason('Throttled', /in us-east-1.*in eu-west-2/),
    );
    cloud.faults.add({ kind: 'throttle', operation: 'Converse' });
    expect(await check({ ...role, fallbackRegion: 'eu-west-2' })).toMatchObject({ ok: true });
  });

  test('a model that is not ready', async () => {
    state().setAccess(micro, 'not-ready');
    await expect(check(role)).rejects.toMatchObject(reason('ModelUnavailable', /does not answer now/));
  });

  test('a model that the region does not have, and one that is past its end', async () => {
    expect(await check({ ...role, modelId: 'amazon.nova-mikro-v1:0' })).toMatchObject(
      failure('ModelUnknown', /no such model.*"modelId"/),
    );
    const retired = { ...role, modelId: 'anthropic.claude-3-haiku-20240307-v1:0' };
    expect(await check(retired)).toMatchObject(failure('ModelUnknown', /or no longer/));
  });

  test('a model that is served through a profile only, and then through the profile', async () => {
    const haiku = 'anthropic.claude-haiku-4-5-20251001-v1:0';
    expect(await check({ ...role, modelId: haiku })).toMatchObject(
      failure('ProfileNeeded', /profile’s id as "modelId"/),
    );
    expect(await check({ ...role, modelId: `us.${haiku}` })).toMatchObject({ ok: true });
  });

  test('a profile of another geography: told before anything is asked', async () => {
    const verdict = await check({ ...role, modelId: `eu.${micro}`, fallbackRegion: 'us-west-2' });
    expect(verdict).toMatchObject(failure('WrongRegion', /cannot be called from us-east-1 or us-west-2.*geography/));
    expect(asked).toEqual([]);
  });

  test('a bound model goes to its region and nowhere else', async () => {
    const bound = { ...role, bound: { [micro]: 'ap-southeast-2' }, fallbackRegion: 'us-east-1' };
    expect(await check(bound)).toMatchObject({ ok: true, measured: { region: 'ap-southeast-2' } });
    expect(asked.map(({ region }) => region)).toEqual(['ap-southeast-2']);
  });

  test('a missing grant is one everywhere: the fallback is not tried', async () => {
    const message = 'User: r is not authorized to perform: bedrock:InvokeModel on resource: m';
    cloud.faults.add({ kind: 'error', operation: 'Converse', code: 'AccessDeniedException', message, httpStatus: 403 });
    expect(await check({ ...role, fallbackRegion: 'eu-west-2' })).toMatchObject(
      failure('MissingGrant', /bedrock:InvokeModel.*role of the check/),
    );
    expect(asked).toHaveLength(1);
  });

  test('no answer in time', async () => {
    cloud.faults.add({ kind: 'time-out', operation: 'Converse' });
    await expect(check({ ...role, timeoutSeconds: 1 })).rejects.toMatchObject({ code: 'NoRoute', retryable: true });
  });
});
