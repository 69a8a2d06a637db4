import * as v from 'valibot';
import { ModelId, Region, UserName } from '../grammar/aws-names.ts';
import { Place } from '../grammar/places.ts';
import type { ApiKeyProvider } from './api-key-providers.ts';
import {
  type HttpProblem,
  HttpProviderSettings,
  httpProblems,
  VerifyRequest,
  verifyProblems,
} from './http-provider.ts';

const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));
const placeInObject = v.pipe(Place, v.minLength(2, 'a place inside the object'));

const everyProvider = {
  /** After this, every consumer uses the new key. */
  convergenceBoundSeconds: v.optional(seconds, 330),
  /** How long promotion may take at the most. */
  promotionTimeoutSeconds: v.optional(seconds, 900),
  /** How long a new key may take until it works. Beyond 40 seconds Secrets Manager's further attempts go on waiting. */
  activationTimeoutSeconds: v.optional(v.pipe(seconds, v.minValue(1), v.maxValue(900)), 30),
  /** So often in a row a new key has to work before it is promoted: vendors have several nodes. */
  consecutiveAcceptances: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)), 3),
  /** Where the vendor says when a key was last used: a use within this time keeps it from retirement. */
  quietPeriodSeconds: v.optional(seconds, 3_600),
};

/** Where a JSON secret holds the key and the credential's id; a plain string has no place for an id. */
const places = (key: string, id: string) => ({
  keyPointer: v.optional(placeInObject, key),
  idPointer: v.optional(placeInObject, id),
});

/** An Amazon Bedrock API key: a service-specific credential of an IAM user that belongs to this secret alone. */
const BedrockSettings = v.strictObject({
  provider: v.literal('bedrock'),
  userName: UserName,
  /** The key works in its own region only. Missing: the pipeline's. */
  region: v.optional(Region),
  /** Missing: the key has no end. It has to outlive the interval and the grace period. */
  credentialAgeDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(36_600))),
  /** A model to prove the key with, by one token. Missing: the key lists the models, which costs nothing. */
  modelId: v.optional(ModelId),
  ...places('/api_key', '/api_key_id'),
  ...everyProvider,
});
export type BedrockSettings = v.InferOutput<typeof BedrockSettings>;

/** An access key of an IAM user that belongs to this secret alone. */
const IamAccessKeySettings = v.strictObject({
  provider: v.literal('iam-access-key'),
  userName: UserName,
  ...places('/secretAccessKey', '/accessKeyId'),
  ...everyProvider,
});
export type IamAccessKeySettings = v.InferOutput<typeof IamAccessKeySettings>;

/** A key of which we are the issuer: the service that accepts it reads the same secret. */
const GeneratedSettings = v.pipe(
  v.strictObject({
    provider: v.literal('generated'),
    /** Random bytes in the key; its text has 4/3 as many characters. */
    randomBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(128)), 32),
    /** In front of the key, so that scanners and people know what it is. */
    prefix: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{0,40}$/)), ''),
    /** How long the previous key is accepted after it was replaced. */
    acceptPreviousSeconds: v.optional(seconds, 86_400),
    /** Asks the API that accepts the key. Missing: what the secret holds is looked at. */
    verify: v.optional(VerifyRequest),
    allowHttpOnLoopback: v.optional(v.boolean(), false),
    requestTimeoutSeconds: HttpProviderSettings.requestTimeoutSeconds,
    ...places('/api_key', '/api_key_id'),
    ...everyProvider,
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || !dataset.value.verify) return;
    const problems = verifyProblems(dataset.value.verify, dataset.value.allowHttpOnLoopback);
    for (const problem of problems) addIssue(issueOf(dataset.value, problem));
  }),
);
export type GeneratedSettings = v.InferOutput<typeof GeneratedSettings>;

const HttpSettings = v.pipe(
  v.strictObject({
    provider: v.literal('http'),
    ...HttpProviderSettings,
    ...places('/api_key', '/api_key_id'),
    ...everyProvider,
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const problem of httpProblems(dataset.value)) addIssue(issueOf(dataset.value, problem));
  }),
);
export type HttpSettings = v.InferOutput<typeof HttpSettings>;

/** What the manifest says of an API key: its provider and that one's parameters. */
export const ApiKeySettings = v.variant('provider', [
  BedrockSettings,
  IamAccessKeySettings,
  GeneratedSettings,
  HttpSettings,
]);
export type ApiKeySettings = v.InferOutput<typeof ApiKeySettings>;

/** A problem as an issue at its place. */
function issueOf(data: object, { at, expected }: HttpProblem) {
  let input: unknown = data;
  const path = at.map((key) => {
    const value = (input as Record<string, unknown>)[key];
    const item = {
      type: 'object' as const,
      origin: 'value' as const,
      input: input as Record<string, unknown>,
      key,
      value,
    };
    input = value;
    return item;
  });
  return { message: expected, input, path: path as [(typeof path)[number], ...typeof path] };
}

/** What the rotation function needs on the IAM user; nothing for providers outside of AWS. */
export const iamActions: Readonly<Record<ApiKeyProvider, readonly string[]>> = {
  bedrock: [
    'iam:CreateServiceSpecificCredential',
    'iam:DeleteServiceSpecificCredential',
    'iam:ListServiceSpecificCredentials',
  ],
  'iam-access-key': ['iam:CreateAccessKey', 'iam:DeleteAccessKey', 'iam:GetAccessKeyLastUsed', 'iam:ListAccessKeys'],
  generated: [],
  http: [],
};

/** What would end a key while it is in use; with what to write instead. Pure. */
export function unsafeApiKeyTiming(
  settings: ApiKeySettings,
  timing: { rotationIntervalSeconds: number; gracePeriodSeconds: number },
): string[] {
  const days = settings.provider === 'bedrock' ? settings.credentialAgeDays : lifetimeDays(settings);
  if (days === undefined) return [];
  const needed = timing.rotationIntervalSeconds + timing.gracePeriodSeconds;
  if (days * 86_400 > needed) return [];
  const field = settings.provider === 'bedrock' ? 'credentialAgeDays' : 'lifetimeDays';
  return [
    `${field} is ${days}, but a key is in use for ${needed} seconds (the rotation interval and the grace period). ` +
      `Write ${Math.floor(needed / 86_400) + 1} or more, or rotate more often.`,
  ];
}

function lifetimeDays(settings: ApiKeySettings): number | undefined {
  return settings.provider === 'http' ? settings.lifetimeDays : undefined;
}
