import * as v from 'valibot';
import { ModelId, Region } from './grammar/aws-names.ts';

/** Where a model is called, as data. */
export const RegionStrategy = v.strictObject({
  /** Models and inference profiles that live in one region: id → region. Nothing else is tried for them. */
  bound: v.optional(v.record(ModelId, Region), {}),
  /** Missing: the region of the deployment. */
  region: v.optional(Region),
  /** Tried after it. */
  fallbackRegion: v.optional(Region),
});
export type RegionStrategy = v.InferOutput<typeof RegionStrategy>;

/**
 * A system-defined inference profile can be called from regions of its geography only; `global.` from any.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
 */
const geographies: Readonly<Record<string, RegExp>> = {
  us: /^(us-(?!gov-)|ca-)/,
  'us-gov': /^us-gov-/,
  eu: /^eu-/,
  apac: /^ap-/,
  jp: /^ap-northeast-[13]$/,
  au: /^ap-southeast-[24]$/,
  global: /^/,
};

/**
 * The regions in which a model is called, in order. Pure.
 * 1. An ARN says its region itself. 2. A bound model goes to its region. 3. Others to the deployment's region, then to
 * the fallback; an inference profile only to those of its geography: `[]` where none fits.
 */
export function regionsFor(modelId: string, strategy: RegionStrategy, deploymentRegion: string): string[] {
  const ofArn = modelId.startsWith('arn:') ? modelId.split(':')[3] : undefined;
  if (ofArn) return [ofArn];
  const bound = strategy.bound[modelId];
  if (bound) return [bound];
  const wanted = [strategy.region ?? deploymentRegion, strategy.fallbackRegion].filter((one) => one !== undefined);
  const geography = geographies[modelId.slice(0, modelId.indexOf('.'))];
  const fitting = geography ? wanted.filter((one) => geography.test(one)) : wanted;
  return [...new Set(fitting)];
}
