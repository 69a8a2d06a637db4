/**
 * Which model and which inference profile lives in which region: what AWS had in autumn 2026 of the models most used for
 * chat and embeddings. https://docs.aws.amazon.com/bedrock/latest/userguide/models-regions.html and
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
 */
export interface FoundationModel {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  /** How InvokeModel's body looks. */
  readonly family: 'nova' | 'claude' | 'titan-embedding';
  readonly input: readonly Modality[];
  readonly output: readonly Modality[];
  readonly streaming: boolean;
  readonly maxOutputTokens: number;
  /** Where it is called by its own id; elsewhere through a profile only. */
  readonly regions: readonly string[];
  /** From then on it is not served any more. */
  readonly endOfLife?: string;
  readonly profiles: readonly Geography[];
}

export type Modality = 'TEXT' | 'IMAGE' | 'EMBEDDING';

/** A system-defined profile: `us.` and the model's id. A request may go to the destinations and to its own region. */
export interface Geography {
  readonly prefix: 'us' | 'eu' | 'apac' | 'jp' | 'au' | 'global';
  readonly sources: readonly string[];
  /** `commercial` is every commercial region. */
  readonly destinations: readonly string[] | 'commercial';
}

const us = ['us-east-1', 'us-east-2', 'us-west-2'];
const southOfEurope = ['eu-south-1', 'eu-south-2'];
const eu = ['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-3'];
const asia = ['ap-northeast-1', 'ap-northeast-2', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2'];
const everywhere = [
  ...us,
  'us-west-1',
  'ca-central-1',
  'sa-east-1',
  ...eu,
  ...southOfEurope,
  'eu-central-2',
  'eu-west-2',
  ...asia,
  'ap-northeast-3',
  'ap-south-2',
  'ap-southeast-3',
  'ap-southeast-4',
];

const novaProfiles: readonly Geography[] = [
  { prefix: 'us', sources: us, destinations: us },
  { prefix: 'eu', sources: [...eu, ...southOfEurope], destinations: eu },
  { prefix: 'apac', sources: asia, destinations: [...asia, 'ap-northeast-3'] },
];

const claudeProfiles: readonly Geography[] = [
  { prefix: 'us', sources: [...us, 'us-west-1', 'ca-central-1'], destinations: us },
  {
    prefix: 'eu',
    sources: [...eu, ...southOfEurope, 'eu-central-2', 'eu-west-2'],
    destinations: [...eu, ...southOfEurope],
  },
  {
    prefix: 'jp',
    sources: ['ap-northeast-1', 'ap-northeast-3'],
    destinations: ['ap-northeast-1', 'ap-northeast-3'],
  },
  {
    prefix: 'au',
    sources: ['ap-southeast-2', 'ap-southeast-4'],
    destinations: ['ap-southeast-2', 'ap-southeast-4'],
  },
  { prefix: 'global', sources: everywhere, destinations: 'commercial' },
];

const text = { input: ['TEXT'], output: ['TEXT'], streaming: true } as const;
const vision = { input: ['TEXT', 'IMAGE'], output: ['TEXT'], streaming: true } as const;
const nova = { provider: 'Amazon', family: 'nova', regions: ['us-east-1', 'eu-west-2', 'ap-southeast-2'] } as const;
const claude = { provider: 'Anthropic', family: 'claude', ...vision } as const;

export const foundationModels: readonly FoundationModel[] = [
  {
    ...nova,
    ...text,
    id: 'amazon.nova-micro-v1:0',
    name: 'Nova Micro',
    maxOutputTokens: 10_000,
    profiles: novaProfiles,
  },
  {
    ...nova,
    ...vision,
    id: 'amazon.nova-lite-v1:0',
    name: 'Nova Lite',
    maxOutputTokens: 10_000,
    profiles: novaProfiles,
  },
  { ...nova, ...vision, id: 'amazon.nova-pro-v1:0', name: 'Nova Pro', maxOutputTokens: 10_000, profiles: novaProfiles },
  {
    ...nova,
    ...vision,
    id: 'amazon.nova-2-lite-v1:0',
    name: 'Nova 2 Lite',
    maxOutputTokens: 65_535,
    regions: [],
    profiles: [
      { prefix: 'us', sources: [...us, 'us-west-1', 'ca-central-1'], destinations: us },
      { prefix: 'eu', sources: [...eu, ...southOfEurope], destinations: [...eu, ...southOfEurope] },
      { prefix: 'jp', sources: ['ap-northeast-1'], destinations: ['ap-northeast-1', 'ap-northeast-3'] },
      {
        prefix: 'global',
        sources: everywhere.filter((region) => !['sa-east-1', 'eu-central-2', 'ap-northeast-3'].includes(region)),
        destinations: 'commercial',
      },
    ],
  },
  {
    ...claude,
    id: 'anthropic.claude-haiku-4-5-20251001-v1:0',
    name: 'Claude Haiku 4.5',
    maxOutputTokens: 64_000,
    regions: [],
    profiles: claudeProfiles,
  },
  {
    ...claude,
    id: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
    name: 'Claude Sonnet 4.5',
    maxOutputTokens: 64_000,
    regions: [],
    profiles: claudeProfiles,
  },
  {
    ...claude,
    id: 'anthropic.claude-3-haiku-20240307-v1:0',
    name: 'Claude 3 Haiku',
    maxOutputTokens: 4_096,
    regions: ['us-east-1', 'us-west-2', 'eu-central-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'ap-south-1'],
    endOfLife: '2026-09-10T00:00:00Z',
    profiles: [
      { prefix: 'us', sources: us, destinations: ['us-east-1', 'us-west-2'] },
      {
        prefix: 'eu',
        sources: ['eu-central-1', 'eu-west-1', 'eu-west-3'],
        destinations: ['eu-central-1', 'eu-west-1', 'eu-west-3'],
      },
    ],
  },
  {
    id: 'amazon.titan-embed-text-v2:0',
    name: 'Titan Text Embeddings V2',
    provider: 'Amazon',
    family: 'titan-embedding',
    input: ['TEXT'],
    output: ['EMBEDDING'],
    streaming: false,
    maxOutputTokens: 0,
    regions: everywhere.filter((region) => !/^(us-west-1|ap-southeast-[134])$/.test(region)),
    profiles: [],
  },
];
