import * as v from 'valibot';
import type { RunningCloud } from '../running-cloud.ts';
import { foundationModels } from '../services/bedrock/catalogue.ts';
import type { BedrockService } from '../services/bedrock/service.ts';

export const modelAccessSchema = v.strictObject({
  access: v.picklist(['granted', 'denied', 'not-ready']),
  region: v.optional(v.string()),
});

const bedrockOf = (cloud: RunningCloud) => cloud.services.get('bedrock') as BedrockService | undefined;

/** Bedrock's models, and in the cloud's own region whether they may be used. */
export function listModels(cloud: RunningCloud) {
  return foundationModels.map((model) => ({
    id: model.id,
    regions: model.regions,
    profiles: model.profiles.map(({ prefix, sources }) => ({ id: `${prefix}.${model.id}`, regions: sources })),
    access: bedrockOf(cloud)?.state.access(model.id, cloud.region) ?? 'granted',
  }));
}

export function setModelAccess(cloud: RunningCloud, id: string, change: v.InferOutput<typeof modelAccessSchema>) {
  const ids = foundationModels.map((model) => model.id);
  const bedrock = bedrockOf(cloud);
  if (!bedrock || !ids.includes(id)) {
    return { status: 404, error: `There is no model ${JSON.stringify(id)}. There are: ${ids.join(', ')}.` };
  }
  bedrock.state.setAccess(id, change.access, change.region);
  return { status: 200, id, ...change };
}
