import { AwsError } from '../../cloud.ts';
import { type FoundationModel, foundationModels, type Geography } from './catalogue.ts';
import type { ApplicationProfile, BedrockState } from './state.ts';

/** What a model id stands for in a region: a model there, or a profile that sends requests on. */
export interface Invocable {
  readonly model: FoundationModel;
  /** Where a request may be answered; `` stands for AWS's choice among all regions. */
  readonly regions: readonly string[];
  /** The profiles on the way, the one that was named first. */
  readonly profileArns: readonly string[];
}

export interface SystemProfile {
  readonly id: string;
  readonly name: string;
  readonly model: FoundationModel;
  readonly geography: Geography;
}

export const systemProfiles: readonly SystemProfile[] = foundationModels.flatMap((model) =>
  model.profiles.map((geography) => ({
    id: `${geography.prefix}.${model.id}`,
    name: `${geography.prefix.length === 2 ? geography.prefix.toUpperCase() : geography.prefix === 'apac' ? 'APAC' : 'Global'} ${model.provider === 'Anthropic' ? 'Anthropic ' : ''}${model.name}`,
    model,
    geography,
  })),
);

export const modelArn = (region: string, id: string) => `arn:aws:bedrock:${region}::foundation-model/${id}`;
export const systemProfileArn = (region: string, accountId: string, id: string) =>
  `arn:aws:bedrock:${region}:${accountId}:inference-profile/${id}`;

/** The regions of a system profile, called from `source`. */
export function destinationsOf({ geography }: SystemProfile, source: string): string[] {
  if (geography.destinations === 'commercial') return [source, ''];
  return [...new Set([source, ...geography.destinations])];
}

/** The ARN that permissions name, for an id that may stand for nothing. */
export function namedArn(modelId: string, region: string, accountId: string): string {
  if (modelId.startsWith('arn:')) return modelId;
  return systemProfiles.some(({ id }) => id === modelId)
    ? systemProfileArn(region, accountId, modelId)
    : modelArn(region, modelId);
}

/**
 * What `modelId` (an id or an ARN) stands for in `region`.
 * @throws AwsError in Bedrock's words: no such model there, or only through a profile
 */
export function resolveModel(state: BedrockState, modelId: string, region: string, accountId: string): Invocable {
  const [kind, id] = splitId(modelId, region, accountId);
  if (kind === 'application-inference-profile') {
    const profile = state.profiles.find((one) => one.region === region && one.id === id);
    if (profile) return throughApplicationProfile(state, profile, accountId);
    throw invalidIdentifier();
  }
  const system = systemProfiles.find((profile) => profile.id === id);
  if (system && kind !== 'foundation-model') {
    if (!system.geography.sources.includes(region)) throw invalidIdentifier();
    return {
      model: system.model,
      regions: destinationsOf(system, region),
      profileArns: [systemProfileArn(region, accountId, id)],
    };
  }
  const model = kind === 'inference-profile' ? undefined : foundationModels.find((one) => one.id === id);
  if (!model || !isKnownIn(model, region)) throw invalidIdentifier();
  if (model.regions.includes(region)) return { model, regions: [region], profileArns: [] };
  throw new AwsError(
    'ValidationException',
    `Invocation of model ID ${id} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`,
  );
}

function throughApplicationProfile(state: BedrockState, profile: ApplicationProfile, accountId: string): Invocable {
  const source = resolveModel(state, profile.copyFrom, profile.region, accountId);
  return { ...source, profileArns: [profile.arn] };
}

function splitId(modelId: string, region: string, accountId: string): [kind: string, id: string] {
  if (!modelId.startsWith('arn:')) return ['', modelId];
  const [, , service, arnRegion, account, ...resource] = modelId.split(':');
  const [kind = '', ...id] = resource.join(':').split('/');
  const isOurs = account === accountId || (kind === 'foundation-model' && account === '');
  if (service !== 'bedrock' || arnRegion !== region || !isOurs) throw invalidIdentifier();
  return [kind, id.join('/')];
}

/** Whether a model is to be had in a region, by its own id or through a profile. */
export function isKnownIn(model: FoundationModel, region: string): boolean {
  return model.regions.includes(region) || model.profiles.some(({ sources }) => sources.includes(region));
}

export const invalidIdentifier = () => new AwsError('ValidationException', 'The provided model identifier is invalid.');
