import {
  BedrockClient,
  CreateInferenceProfileCommand,
  DeleteInferenceProfileCommand,
  GetFoundationModelAvailabilityCommand,
  GetFoundationModelCommand,
  GetInferenceProfileCommand,
  ListFoundationModelsCommand,
  ListInferenceProfilesCommand,
} from '@aws-sdk/client-bedrock';
import { BedrockRuntimeClient, ConverseCommand, type ConverseCommandInput } from '@aws-sdk/client-bedrock-runtime';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createBedrockService from '../../../../../packages/laptop/services/bedrock/service.ts';
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
const model = (region: string, id: string) => `arn:aws:bedrock:${region}::foundation-model/${id}`;
const profile = (region: string, id: string) => `arn:aws:bedrock:${region}:${account}:inference-profile/${id}`;

describe('the control plane', () => {
  const control = (region = 'us-east-1') => new BedrockClient({ ...clientOptions(cloud), region });

  test('lists the models of a region, and how each is called', async () => {
    const { modelSummaries = [] } = await control().send(new ListFoundationModelsCommand({ byProvider: 'amazon' }));
    expect(modelSummaries.map(({ modelId, inferenceTypesSupported }) => [modelId, inferenceTypesSupported])).toEqual([
      [micro, ['ON_DEMAND']],
      ['amazon.nova-lite-v1:0', ['ON_DEMAND']],
      ['amazon.nova-pro-v1:0', ['ON_DEMAND']],
      ['amazon.nova-2-lite-v1:0', ['INFERENCE_PROFILE']],
      ['amazon.titan-embed-text-v2:0', ['ON_DEMAND']],
    ]);
    const embeddings = new ListFoundationModelsCommand({ byOutputModality: 'EMBEDDING' });
    expect((await control('ca-central-1').send(embeddings)).modelSummaries).toHaveLength(1);
  });

  test('describes a model, or finds none', async () => {
    const get = (modelIdentifier: string) => control().send(new GetFoundationModelCommand({ modelIdentifier }));
    expect((await get(micro)).modelDetails).toMatchObject({
      modelArn: model('us-east-1', micro),
      providerName: 'Amazon',
      modelLifecycle: { status: 'ACTIVE' },
    });
    expect((await get(model('us-east-1', micro))).modelDetails?.modelId).toBe(micro);
    await expect(get('amazon.nova-imaginary-v1:0')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const availability = new GetFoundationModelAvailabilityCommand({ modelId: micro });
    expect((await control('ca-central-1').send(availability)).regionAvailability).toBe('NOT_AVAILABLE');
  });

  test('lists profiles in pages, with the regions that each goes to', async () => {
    const ids: string[] = [];
    let nextToken: string | undefined;
    do {
      const page: { inferenceProfileSummaries?: { inferenceProfileId?: string }[]; nextToken?: string } = await control(
        'eu-central-1',
      ).send(new ListInferenceProfilesCommand({ maxResults: 2, ...(nextToken && { nextToken }) }));
      ids.push(...(page.inferenceProfileSummaries ?? []).map((one) => one.inferenceProfileId as string));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(ids).toContain(`eu.${micro}`);
    expect(ids).toContain(`global.${haiku}`);
    expect(ids.filter((id) => id.startsWith('us.'))).toEqual([]);
    const found = await control('eu-south-1').send(
      new GetInferenceProfileCommand({ inferenceProfileIdentifier: `eu.${micro}` }),
    );
    expect(found).toMatchObject({ type: 'SYSTEM_DEFINED', inferenceProfileArn: profile('eu-south-1', `eu.${micro}`) });
    expect(found.models?.map(({ modelArn }) => modelArn?.split(':')[3])).toEqual([
      'eu-south-1',
      'eu-central-1',
      'eu-north-1',
      'eu-west-1',
      'eu-west-3',
    ]);
  });

  test('an application profile stands for what it was made from', async () => {
    const make = () =>
      control().send(
        new CreateInferenceProfileCommand({
          inferenceProfileName: 'chat',
          modelSource: { copyFrom: profile('us-east-1', `us.${haiku}`) },
        }),
      );
    const { inferenceProfileArn = '' } = await make();
    expect(inferenceProfileArn).toMatch(
      /^arn:aws:bedrock:us-east-1:000000000000:application-inference-profile\/\w{12}$/,
    );
    expect((await ask(inferenceProfileArn)).output?.message?.content?.[0]?.text).toContain('Claude Haiku 4.5');
    await expect(make()).rejects.toMatchObject({ name: 'ConflictException' });
    const { inferenceProfileSummaries } = await control().send(
      new ListInferenceProfilesCommand({ typeEquals: 'APPLICATION' }),
    );
    expect(inferenceProfileSummaries).toHaveLength(1);
    await control().send(new DeleteInferenceProfileCommand({ inferenceProfileIdentifier: inferenceProfileArn }));
    await expect(ask(inferenceProfileArn)).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
