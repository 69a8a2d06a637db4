import * as v from 'valibot';
import { RegionStrategy, regionsFor } from '../../../pipeline/contracts/region-strategy.ts';

const model = 'amazon.nova-micro-v1:0';
const strategy = (given: object) => v.parse(RegionStrategy, given);

test.each<[string, string, object, string, string[]]>([
  ['no strategy: the deployment’s region', model, {}, 'eu-central-1', ['eu-central-1']],
  ['then the fallback', model, { fallbackRegion: 'eu-west-1' }, 'eu-central-1', ['eu-central-1', 'eu-west-1']],
  ['another region than the deployment’s', model, { region: 'us-west-2' }, 'eu-central-1', ['us-west-2']],
  ['the fallback is the same: once', model, { fallbackRegion: 'eu-west-1' }, 'eu-west-1', ['eu-west-1']],
  [
    'a bound model: nothing else',
    model,
    { bound: { [model]: 'us-east-1' }, fallbackRegion: 'eu-west-1' },
    'eu-central-1',
    ['us-east-1'],
  ],
  ['an ARN says it', `arn:aws:bedrock:us-west-2::foundation-model/${model}`, {}, 'eu-central-1', ['us-west-2']],
  ['a profile of the geography', `eu.${model}`, {}, 'eu-central-1', ['eu-central-1']],
  [
    'a profile of another one: only the fallback',
    `us.${model}`,
    { fallbackRegion: 'us-east-1' },
    'eu-west-1',
    ['us-east-1'],
  ],
  ['a profile of another one: nowhere', `us.${model}`, {}, 'eu-west-1', []],
  ['a profile of the US from Canada', `us.${model}`, {}, 'ca-central-1', ['ca-central-1']],
  ['not GovCloud', `us.${model}`, {}, 'us-gov-west-1', []],
  ['Japan and Asia', `jp.${model}`, { fallbackRegion: 'ap-northeast-3' }, 'ap-south-1', ['ap-northeast-3']],
  ['a global profile: anywhere', `global.${model}`, {}, 'sa-east-1', ['sa-east-1']],
])('%s', (_, modelId, given, deployment, expected) => {
  expect(regionsFor(modelId, strategy(given), deployment)).toEqual(expected);
});

test('what is no region is refused', () => {
  expect(v.safeParse(RegionStrategy, { region: 'Frankfurt' }).success).toBe(false);
  expect(v.safeParse(RegionStrategy, { region: 'us-gov-west-1' }).success).toBe(true);
});
