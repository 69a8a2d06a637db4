import { randomBytes } from 'node:crypto';
import { type Access, AwsError, type Call, type Operation } from '../../cloud.ts';
import { between, check, longest, oneOf, pattern, shortest } from '../constraints.ts';
import { type FoundationModel, foundationModels } from './catalogue.ts';
import { bearerAccess } from './invocation.ts';
import {
  destinationsOf,
  invalidIdentifier,
  isKnownIn,
  modelArn,
  resolveModel,
  type SystemProfile,
  systemProfileArn,
  systemProfiles,
} from './model-ids.ts';
import type { ApplicationProfile, BedrockState } from './state.ts';

/** When AWS brought system profiles out; AWS has one for each, the laptop one for all. */
const PROFILES_SINCE = new Date('2024-08-27T00:00:00Z');

const notFound = (message: string) => new AwsError('ResourceNotFoundException', message, { httpStatus: 404 });
const access =
  (action: string, resource: (input: any, call: Call) => string) =>
  (input: any, call: Call): Access[] => [
    ...bearerAccess(call),
    { action: `bedrock:${action}`, resource: resource(input, call) },
  ];

/** Models and inference profiles. https://docs.aws.amazon.com/bedrock/latest/APIReference/welcome.html */
export function controlPlaneOperations(state: BedrockState): Record<string, Operation> {
  const profileArn = ({ inferenceProfileIdentifier: id }: any, call: Call) =>
    id.startsWith('arn:') ? id : systemProfileArn(call.region, call.accountId, id);
  return {
    ...modelOperations(state),
    ListInferenceProfiles: {
      validate: (input) =>
        check(
          ['maxResults', input.maxResults, between(1, 1000)],
          ['typeEquals', input.typeEquals, oneOf('SYSTEM_DEFINED', 'APPLICATION')],
        ),
      access: access('ListInferenceProfiles', () => '*'),
      handle: (input, call) => listProfiles(state, input, call),
    },
    GetInferenceProfile: {
      access: access('GetInferenceProfile', profileArn),
      handle: ({ inferenceProfileIdentifier: id }, call) => {
        const found = allProfiles(state, call).find(
          (profile) => profile.inferenceProfileArn === id || profile.inferenceProfileId === id,
        );
        if (found) return found;
        throw notFound(`The inference profile ${id} could not be found.`);
      },
    },
    CreateInferenceProfile: {
      validate: (input) =>
        check(
          [
            'inferenceProfileName',
            input.inferenceProfileName,
            pattern('([0-9a-zA-Z][ _-]?)+'),
            shortest(1),
            longest(64),
          ],
          ['description', input.description, pattern('([0-9a-zA-Z:.][ _-]?)+'), longest(200)],
        ),
      access: access(
        'CreateInferenceProfile',
        (_input, call) => `arn:aws:bedrock:${call.region}:${call.accountId}:application-inference-profile/*`,
      ),
      handle: (input, call) => ({ inferenceProfileArn: createProfile(state, input, call).arn, status: 'ACTIVE' }),
    },
    DeleteInferenceProfile: {
      access: access('DeleteInferenceProfile', profileArn),
      handle({ inferenceProfileIdentifier: id }, call) {
        const found = state.profiles.find((one) => one.region === call.region && (one.arn === id || one.id === id));
        if (!found) throw notFound(`The inference profile ${id} could not be found.`);
        state.profiles = state.profiles.filter((one) => one !== found);
        return {};
      },
    },
  };
}

function modelOperations(state: BedrockState): Record<string, Operation> {
  return {
    ListFoundationModels: {
      access: access('ListFoundationModels', () => '*'),
      handle(input, call) {
        const models = foundationModels.filter(
          (model) =>
            isKnownIn(model, call.region) &&
            (!input.byProvider || model.provider.toLowerCase() === input.byProvider.toLowerCase()) &&
            (!input.byOutputModality || model.output.includes(input.byOutputModality)) &&
            (!input.byInferenceType || inferenceTypes(model, call.region).includes(input.byInferenceType)) &&
            !input.byCustomizationType,
        );
        return { modelSummaries: models.map((model) => describeModel(model, call)) };
      },
    },
    GetFoundationModel: {
      access: access('GetFoundationModel', ({ modelIdentifier: id }, call) =>
        id.startsWith('arn:') ? id : modelArn(call.region, id),
      ),
      handle: ({ modelIdentifier }, call) => ({
        modelDetails: describeModel(requireModel(modelIdentifier, call), call),
      }),
    },
    GetFoundationModelAvailability: {
      access: access('GetFoundationModelAvailability', ({ modelId }, call) => modelArn(call.region, modelId)),
      handle({ modelId }, call) {
        const model = foundationModels.find(({ id }) => id === modelId);
        if (!model) throw invalidIdentifier();
        const isGranted = state.access(model.id, call.region) !== 'denied';
        return {
          modelId,
          agreementAvailability: { status: isGranted ? 'AVAILABLE' : 'NOT_AVAILABLE' },
          authorizationStatus: 'AUTHORIZED',
          entitlementAvailability: isGranted ? 'AVAILABLE' : 'NOT_AVAILABLE',
          regionAvailability: isKnownIn(model, call.region) ? 'AVAILABLE' : 'NOT_AVAILABLE',
        };
      },
    },
  };
}

function requireModel(identifier: string, call: Call): FoundationModel {
  const id = identifier.replace(modelArn(call.region, ''), '');
  const model = foundationModels.find((one) => one.id === id && isKnownIn(one, call.region));
  if (model) return model;
  throw notFound('Could not resolve the foundation model from the provided model identifier.');
}

const inferenceTypes = (model: FoundationModel, region: string) =>
  model.regions.includes(region) ? ['ON_DEMAND'] : ['INFERENCE_PROFILE'];

function describeModel(model: FoundationModel, call: Call) {
  const isLegacy = model.endOfLife !== undefined;
  return {
    modelArn: modelArn(call.region, model.id),
    modelId: model.id,
    modelName: model.name,
    providerName: model.provider,
    inputModalities: model.input,
    outputModalities: model.output,
    responseStreamingSupported: model.streaming,
    customizationsSupported: [],
    inferenceTypesSupported: inferenceTypes(model, call.region),
    modelLifecycle: {
      status: isLegacy ? 'LEGACY' : 'ACTIVE',
      ...(model.endOfLife ? { endOfLifeTime: new Date(model.endOfLife) } : {}),
    },
  };
}

export function createProfile(
  state: BedrockState,
  input: {
    inferenceProfileName: string;
    description?: string;
    modelSource: { copyFrom: string };
    tags?: { key: string; value: string }[];
  },
  call: Pick<Call, 'region' | 'accountId' | 'cloud'>,
): ApplicationProfile {
  const { region, accountId, cloud } = call;
  if (state.profiles.some((one) => one.region === region && one.name === input.inferenceProfileName)) {
    throw new AwsError('ConflictException', `The inference profile ${input.inferenceProfileName} already exists.`);
  }
  const { copyFrom } = input.modelSource;
  if (!copyFrom?.startsWith('arn:')) throw invalidIdentifier();
  resolveModel(state, copyFrom, region, accountId);
  const id = randomBytes(9).toString('base64url').replace(/[-_]/g, '0').toLowerCase();
  const profile: ApplicationProfile = {
    id,
    arn: `arn:aws:bedrock:${region}:${accountId}:application-inference-profile/${id}`,
    name: input.inferenceProfileName,
    region,
    copyFrom,
    createdAt: cloud.clock.now(),
    tags: new Map((input.tags ?? []).map(({ key, value }) => [key, value])),
    ...(input.description === undefined ? {} : { description: input.description }),
  };
  state.profiles.push(profile);
  return profile;
}

function listProfiles(
  state: BedrockState,
  input: { typeEquals?: string; maxResults?: number; nextToken?: string },
  call: Call,
) {
  const found = allProfiles(state, call).filter(({ type }) => type === (input.typeEquals ?? 'SYSTEM_DEFINED'));
  const start =
    input.nextToken === undefined ? 0 : found.findIndex((one) => one.inferenceProfileId === input.nextToken);
  if (start < 0) throw new AwsError('ValidationException', 'The provided nextToken is invalid.');
  const size = input.maxResults ?? 1000;
  const next = found[start + size];
  return {
    inferenceProfileSummaries: found.slice(start, start + size),
    ...(next ? { nextToken: next.inferenceProfileId } : {}),
  };
}

function allProfiles(state: BedrockState, call: Call) {
  const system = systemProfiles.filter(({ geography }) => geography.sources.includes(call.region));
  const own = state.profiles.filter(({ region }) => region === call.region);
  return [
    ...system.map((profile) => describeSystemProfile(profile, call)),
    ...own.map((profile) => describeOwnProfile(state, profile, call)),
  ];
}

function describeSystemProfile(profile: SystemProfile, call: Call) {
  const regions = destinationsOf(profile, call.region);
  return {
    inferenceProfileName: profile.name,
    description: `Routes requests to ${profile.model.name} in ${regions.map((region) => region || 'all commercial regions').join(', ')}.`,
    createdAt: PROFILES_SINCE,
    updatedAt: PROFILES_SINCE,
    inferenceProfileArn: systemProfileArn(call.region, call.accountId, profile.id),
    models: regions.map((region) => ({ modelArn: modelArn(region, profile.model.id) })),
    inferenceProfileId: profile.id,
    status: 'ACTIVE',
    type: 'SYSTEM_DEFINED',
  };
}

function describeOwnProfile(state: BedrockState, profile: ApplicationProfile, call: Call) {
  const { model, regions } = resolveModel(state, profile.copyFrom, profile.region, call.accountId);
  return {
    inferenceProfileName: profile.name,
    description: profile.description,
    createdAt: profile.createdAt,
    updatedAt: profile.createdAt,
    inferenceProfileArn: profile.arn,
    models: regions.map((region) => ({ modelArn: modelArn(region, model.id) })),
    inferenceProfileId: profile.id,
    status: 'ACTIVE',
    type: 'APPLICATION',
  };
}
