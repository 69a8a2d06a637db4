import {
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime';
import {
  CreateRoleCommand,
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createBedrockService from '../../../../../packages/laptop/services/bedrock/service.ts';
import { askLocal } from '../../../../laptop-requests.ts';
import { clientOptions } from '../../wire/probe.ts';

const account = '000000000000';
const micro = 'amazon.nova-micro-v1:0';
const haiku = 'anthropic.claude-haiku-4-5-20251001-v1:0';
let cloud: RunningCloud;
let runtime: BedrockRuntimeClient;
beforeEach(async () => {
  const clock = new ManualClock(new Date('2026-11-01T00:00:00Z'));
  cloud = await createCloud({ clock, services: [createBedrockService], log: () => {} });
  runtime = inRegion('us-east-1');
});
afterEach(() => cloud.close());

const inRegion = (region: string) => new BedrockRuntimeClient({ ...clientOptions(cloud), region });
const user = (text: string) => ({ role: 'user' as const, content: [{ text }] });
const ask = (modelId: string, more: Partial<ConverseCommandInput> = {}, client = runtime) =>
  client.send(new ConverseCommand({ modelId, messages: [user('hello')], ...more }));
const invoke = async (modelId: string, body: unknown, client = runtime) => {
  const answer = await client.send(
    new InvokeModelCommand({ modelId, body: typeof body === 'string' ? body : JSON.stringify(body) }),
  );
  return { ...JSON.parse(answer.body.transformToString()), contentType: answer.contentType };
};
const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const model = (region: string, id: string) => `arn:aws:bedrock:${region}::foundation-model/${id}`;
const profile = (region: string, id: string) => `arn:aws:bedrock:${region}:${account}:inference-profile/${id}`;

describe('Converse', () => {
  test('answers, the same to the same question, with usage and latency', async () => {
    const { $metadata, ...first } = await ask(micro);
    expect(first).toEqual({
      output: {
        message: { role: 'assistant', content: [{ text: 'This is a stub of Nova Micro. You wrote: hello' }] },
      },
      stopReason: 'end_turn',
      usage: { inputTokens: 2, outputTokens: 12, totalTokens: 14 },
      metrics: { latencyMs: expect.any(Number) },
    });
    expect((await ask(micro)).output).toEqual(first.output);
    expect(first.metrics?.latencyMs).toBeGreaterThanOrEqual(1);
  });

  test('says no more than maxTokens, and stops at a stop sequence', async () => {
    const short = await ask(micro, { inferenceConfig: { maxTokens: 1 } });
    expect(short).toMatchObject({ stopReason: 'max_tokens', usage: { outputTokens: 1 } });
    expect(short.output?.message?.content).toEqual([{ text: 'This' }]);
    const stopped = await ask(micro, { inferenceConfig: { stopSequences: ['Nova'] } });
    expect(stopped).toMatchObject({
      stopReason: 'stop_sequence',
      output: { message: { content: [{ text: 'This is a stub of ' }] } },
    });
  });

  const blank = 'is blank. Add text to the text field, and try again.';
  test.each<[string, Partial<ConverseCommandInput>, string]>([
    ['no messages', { messages: [] }, 'A conversation must start with a user message.'],
    [
      'an assistant who begins',
      { messages: [{ role: 'assistant', content: [{ text: 'hi' }] }] },
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    ],
    [
      'two users in a row',
      { messages: [user('a'), user('b')] },
      'A conversation must alternate between user and assistant',
    ],
    [
      'a blank text',
      { messages: [user(' ')] },
      `The text field in the ContentBlock object at messages.0.content.0 ${blank}`,
    ],
    [
      'no content',
      { messages: [{ role: 'user', content: [] }] },
      'The content field in the Message object at messages.0',
    ],
    [
      'more tokens than the model has',
      { inferenceConfig: { maxTokens: 10_001 } },
      'The maximum tokens you requested exceeds the model limit of 10000. Try again with a maximum tokens value that is lower than 10000.',
    ],
    [
      'no tokens at all',
      { inferenceConfig: { maxTokens: 0 } },
      "1 validation error detected: Value '0' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    ['a temperature over 1', { inferenceConfig: { temperature: 1.5 } }, "Value '1.5' at 'inferenceConfig.temperature'"],
    [
      'tools, which a stub does not use',
      { toolConfig: { tools: [{ toolSpec: { name: 't', inputSchema: { json: {} } } }] } },
      'toolConfig is not supported on the laptop',
    ],
    [
      'an image',
      { messages: [{ role: 'user', content: [{ image: { format: 'png', source: { bytes: new Uint8Array(1) } } }] }] },
      'messages.0.content.0: only text is supported on the laptop',
    ],
  ])('refuses %s', async (_name, more, message) => {
    await expect(ask(micro, more)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('streams are refused by name', async () => {
    const stream = new ConverseStreamCommand({ modelId: micro, messages: [user('hello')] });
    await expect(runtime.send(stream)).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('ConverseStream is not supported on the laptop'),
    });
  });
});

describe('where a model lives', () => {
  const invalid = { name: 'ValidationException', message: 'The provided model identifier is invalid.' };

  test('by its own id, in its regions only', async () => {
    expect((await ask(micro, {}, inRegion('eu-west-2'))).stopReason).toBe('end_turn');
    await expect(ask(micro, {}, inRegion('ca-central-1'))).rejects.toMatchObject(invalid);
    await expect(ask('amazon.nova-imaginary-v1:0')).rejects.toMatchObject(invalid);
    await expect(ask(model('us-west-2', micro))).rejects.toMatchObject(invalid);
    expect((await ask(model('us-east-1', micro))).stopReason).toBe('end_turn');
  });

  test('through a profile only, where there is no capacity of its own', async () => {
    const expected = {
      name: 'ValidationException',
      message: `Invocation of model ID ${haiku} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`,
    };
    await expect(ask(haiku)).rejects.toMatchObject(expected);
    await expect(ask(micro, {}, inRegion('eu-central-1'))).rejects.toMatchObject({ name: 'ValidationException' });
    expect((await ask(`us.${haiku}`)).stopReason).toBe('end_turn');
    expect((await ask(profile('us-east-1', `global.${haiku}`))).stopReason).toBe('end_turn');
  });

  test('a geography’s profile is called from its own regions', async () => {
    expect((await ask(`eu.${micro}`, {}, inRegion('eu-central-1'))).stopReason).toBe('end_turn');
    await expect(ask(`eu.${micro}`)).rejects.toMatchObject(invalid);
    await expect(ask(`us.${micro}`, {}, inRegion('eu-central-1'))).rejects.toMatchObject(invalid);
  });

  test('not any more after its end', async () => {
    await expect(ask('anthropic.claude-3-haiku-20240307-v1:0')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message:
        'This model version has reached the end of its life. Please refer to the AWS documentation for more details.',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('an embedding model does not converse', async () => {
    await expect(ask('amazon.titan-embed-text-v2:0')).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
    });
  });
});

describe('InvokeModel', () => {
  test('speaks Nova’s own bodies', async () => {
    const body = { messages: [{ role: 'user', content: [{ text: 'hi' }] }], inferenceConfig: { max_new_tokens: 50 } };
    expect(await invoke(micro, body)).toEqual({
      output: { message: { role: 'assistant', content: [{ text: 'This is a stub of Nova Micro. You wrote: hi' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 1, outputTokens: 11, totalTokens: 12 },
      contentType: 'application/json',
    });
  });

  test('speaks Claude’s own bodies', async () => {
    const body = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'hi' }],
    };
    expect(await invoke(`us.${haiku}`, body)).toMatchObject({
      model: 'claude-haiku-4-5-20251001',
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'This is a stub of Claude Haiku 4.5. You wrote: hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 13 },
    });
    const { max_tokens, ...without } = body;
    await expect(invoke(`us.${haiku}`, without)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('max_tokens: Field required'),
    });
  });

  test('embeds text as a vector of unit length that depends on the text alone', async () => {
    const embedding = async (inputText: string): Promise<number[]> =>
      (await invoke('amazon.titan-embed-text-v2:0', { inputText, dimensions: 256 })).embedding;
    const first = await embedding('a');
    expect(first).toHaveLength(256);
    expect(Math.hypot(...first)).toBeCloseTo(1);
    expect(await embedding('a')).toEqual(first);
    expect(await embedding('b')).not.toEqual(first);
  });

  test.each([
    ['no JSON', '{'],
    ['another model’s body', { prompt: 'hello' }],
  ])('refuses %s', async (_name, body) => {
    await expect(invoke(micro, body)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/^Malformed input request.*, please reformat your input and try again\.$/),
    });
  });
});

describe('who may call', () => {
  async function role(...statements: object[]) {
    const iam = new IAMClient(clientOptions(cloud));
    const AssumeRolePolicyDocument = policy({
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    });
    await iam.send(new CreateRoleCommand({ RoleName: 'chat', AssumeRolePolicyDocument }));
    const allowed = { RoleName: 'chat', PolicyName: 'p', PolicyDocument: policy(...statements) };
    await iam.send(new PutRolePolicyCommand(allowed));
    const { accessKeyId, secretAccessKey, sessionToken } = cloud.assumeRole(`arn:aws:iam::${account}:role/chat`, 's');
    const credentials = { accessKeyId, secretAccessKey, sessionToken };
    return new BedrockRuntimeClient({ ...clientOptions(cloud), credentials });
  }
  const allow = (...Resource: string[]) => ({ Effect: 'Allow', Action: 'bedrock:InvokeModel', Resource });

  test('a role that is allowed the model, and it alone', async () => {
    const client = await role(allow(model('us-east-1', micro)));
    expect((await ask(micro, {}, client)).stopReason).toBe('end_turn');
    await expect(ask('amazon.nova-lite-v1:0', {}, client)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::${account}:assumed-role/chat/s is not authorized to perform: bedrock:InvokeModel on resource: ${model('us-east-1', 'amazon.nova-lite-v1:0')} because no identity-based policy allows the bedrock:InvokeModel action`,
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('through a profile a role needs the profile and the model in every region it may go to', async () => {
    const id = `us.${micro}`;
    const some = await role(allow(profile('us-east-1', id), model('us-east-1', micro), model('us-east-2', micro)));
    await expect(ask(id, {}, some)).rejects.toThrow(`on resource: ${model('us-west-2', micro)}`);
  });

  test('a policy may let models be used through one profile only', async () => {
    const id = `us.${micro}`;
    const through = { StringEquals: { 'bedrock:InferenceProfileArn': profile('us-east-1', id) } };
    const client = await role(allow(profile('us-east-1', id)), {
      ...allow(`arn:aws:bedrock:*::foundation-model/${micro}`),
      Condition: through,
    });
    expect((await ask(id, {}, client)).stopReason).toBe('end_turn');
    await expect(ask(micro, {}, client)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('a global profile needs the model without a region', async () => {
    const id = `global.${haiku}`;
    const client = await role(allow(profile('us-east-1', id), model('us-east-1', haiku), model('', haiku)));
    expect((await ask(id, {}, client)).stopReason).toBe('end_turn');
  });

  test('a bearer key answers for its user, who needs the right to use one', async () => {
    const iam = new IAMClient(clientOptions(cloud));
    const UserName = 'key';
    await iam.send(new CreateUserCommand({ UserName }));
    const grant = (Action: string[]) =>
      iam.send(
        new PutUserPolicyCommand({
          UserName,
          PolicyName: 'p',
          PolicyDocument: policy({ Effect: 'Allow', Action, Resource: '*' }),
        }),
      );
    const made = await iam.send(
      new CreateServiceSpecificCredentialCommand({ UserName, ServiceName: 'bedrock.amazonaws.com' }),
    );
    const token = made.ServiceSpecificCredential?.ServiceCredentialSecret as string;
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      endpoint: cloud.endpointUrl,
      token: { token },
      authSchemePreference: ['httpBearerAuth'],
      maxAttempts: 1,
    });
    await grant(['bedrock:InvokeModel']);
    await expect(ask(micro, {}, client)).rejects.toThrow('bedrock:CallWithBearerToken');
    await grant(['bedrock:InvokeModel', 'bedrock:CallWithBearerToken']);
    expect((await ask(micro, {}, client)).stopReason).toBe('end_turn');
  });
});

describe('switches', () => {
  const put = (id: string, body: object) =>
    askLocal(cloud, `/_local/bedrock/models/${encodeURIComponent(id)}`, {
      method: 'PUT',
      body: JSON.stringify(body),
    });

  test('access to a model is taken away and given back, in one region or everywhere', async () => {
    const denied = {
      name: 'AccessDeniedException',
      message: "You don't have access to the model with the specified model ID.",
      $metadata: { httpStatusCode: 403 },
    };
    expect((await put(micro, { access: 'denied', region: 'us-east-2' })).status).toBe(200);
    expect((await ask(micro)).stopReason).toBe('end_turn');
    await expect(ask(`us.${micro}`)).rejects.toMatchObject(denied);
    await put(micro, { access: 'denied' });
    await expect(ask(micro)).rejects.toMatchObject(denied);
    await put(micro, { access: 'granted' });
    expect((await ask(`us.${micro}`)).stopReason).toBe('end_turn');
    expect((await put('amazon.nothing', { access: 'denied' })).status).toBe(404);
    expect((await put(micro, { access: 'perhaps' })).status).toBe(400);
  });

  test('a model that is not ready says so', async () => {
    await put(micro, { access: 'not-ready' });
    await expect(ask(micro)).rejects.toMatchObject({
      name: 'ModelNotReadyException',
      $metadata: { httpStatusCode: 429 },
    });
  });

  test('a fault throttles one model however it is called', async () => {
    cloud.faults.add({ kind: 'throttle', service: 'bedrock', resource: `*${micro}`, rate: 1 });
    const throttled = {
      name: 'ThrottlingException',
      message: 'Too many requests, please wait before trying again.',
      $metadata: { httpStatusCode: 429 },
    };
    await expect(ask(micro)).rejects.toMatchObject(throttled);
    await expect(ask(`us.${micro}`)).rejects.toMatchObject(throttled);
    expect((await ask(`us.${haiku}`)).stopReason).toBe('end_turn');
  });
});
