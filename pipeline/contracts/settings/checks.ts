import * as v from 'valibot';
import type { OwnCheckType } from '../check-types.ts';
import {
  DatabaseIdentifier,
  DatabaseRole,
  FunctionAlias,
  FunctionArn,
  ModelId,
  SecretArn,
} from '../grammar/aws-names.ts';
import { HeaderName, HeaderValue, PlainHeaders } from '../grammar/headers.ts';
import { Host, WebAddress } from '../grammar/hosts.ts';
import { Place } from '../grammar/places.ts';
import { content, plainText } from '../grammar/plain-text.ts';
import { RegionStrategy } from '../region-strategy.ts';
import { ProxySettings } from './postgres.ts';

/** What each of our checks needs to know. Unknown members are refused: a misspelt one would check less than it says. */
const name = plainText(200);
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const timeoutSeconds = v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(45)), 10);
const pointer = v.pipe(Place, v.minLength(2, 'expected a place inside the object'));
const tables = v.optional(v.pipe(v.array(name), v.maxLength(50, '50 tables or less')), []);

export const DatabaseCheckParameters = v.strictObject({
  /** The proxy, as in the rotator's settings: its endpoint is checked beside the instance's. */
  proxy: v.optional(
    v.strictObject({
      ...ProxySettings.entries,
      loginSecretArns: v.optional(v.strictObject({ base: SecretArn, second: SecretArn })),
    }),
  ),
  /** The instance's own endpoint. Missing: the secret's host, unless that is the proxy. */
  instance: v.optional(v.strictObject({ host: Host, port: v.optional(port) })),
  /** As which role sessions must act. Missing: the base login, for `app` and for `app_clone`. */
  ownerRole: v.optional(DatabaseRole),
  /** `read`: the endpoint is a replica on purpose, and nothing is written. */
  access: v.optional(v.picklist(['read-write', 'read']), 'read-write'),
  /** Tables that the login must be able to read, as a person writes them: `items`, `shop."Order Lines"`. */
  reads: tables,
  /** Tables that it must be able to write. None: a temporary table. Everything is rolled back. */
  writes: tables,
  /** Asks RDS for the health of instance and proxy targets. False where the function reaches no RDS API. */
  health: v.optional(v.boolean(), true),
  /** DBInstanceIdentifier or DBClusterIdentifier for the health. Missing: as the secret says, or the host's first label. */
  databaseIdentifier: v.optional(DatabaseIdentifier),
});
export type DatabaseCheckParameters = v.InferOutput<typeof DatabaseCheckParameters>;

export const BedrockCheckParameters = v.strictObject({
  /** A model's or inference profile's id or ARN. */
  modelId: ModelId,
  ...RegionStrategy.entries,
  /** `rotated-key`: the secret's own key, in its own region only. `role`: the check function's role. */
  credential: v.optional(v.picklist(['rotated-key', 'role']), 'rotated-key'),
  /** Where the key is in a JSON secret. Missing: the whole, or its `api_key`, `apiKey`, `key` or `token`. */
  pointer: v.optional(pointer),
  prompt: v.optional(v.pipe(content(1000), v.nonEmpty('some text')), 'Answer with OK.'),
  /** Input plus this is reserved at the start. */
  maxTokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)), 8),
  timeoutSeconds: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(45)), 20),
});
export type BedrockCheckParameters = v.InferOutput<typeof BedrockCheckParameters>;

export const ConsumerCheckParameters = v.strictObject({
  functionArn: FunctionArn,
  alias: v.optional(FunctionAlias),
  timeoutSeconds: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(45)), 30),
});
export type ConsumerCheckParameters = v.InferOutput<typeof ConsumerCheckParameters>;

const reach = {
  url: WebAddress,
  timeoutSeconds,
  /** Plain http to this machine itself, for a laptop. To anywhere else http is refused. */
  allowLoopbackHttp: v.optional(v.boolean(), false),
};

export const HttpCheckParameters = v.strictObject({
  ...reach,
  method: v.optional(v.picklist(['GET', 'HEAD', 'POST', 'PUT']), 'GET'),
  /** @default any of 200 to 299 */
  expectedStatus: v.optional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599))),
  /** Headers without secrets. */
  headers: v.optional(PlainHeaders, {}),
  body: v.optional(content(4_000)),
  /** The header that carries the rotated key. Missing: nothing of the secret is sent, nor read. */
  key: v.optional(
    v.strictObject({
      header: v.optional(HeaderName, 'authorization'),
      /** Before the key. @default 'Bearer ' in authorization, else nothing */
      scheme: v.optional(HeaderValue),
      pointer: v.optional(pointer),
    }),
  ),
});
export type HttpCheckParameters = v.InferOutput<typeof HttpCheckParameters>;

export const JwksCheckParameters = v.strictObject({
  ...reach,
  /** How long verifiers may keep the key set at the most: less than the lead of the next key. */
  longestMaxAgeSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 86_400),
});
export type JwksCheckParameters = v.InferOutput<typeof JwksCheckParameters>;

/** By type; `function` is a check of one's own, whose parameters only it knows. */
export const checkParameters = {
  database: DatabaseCheckParameters,
  bedrock: BedrockCheckParameters,
  consumer: ConsumerCheckParameters,
  http: HttpCheckParameters,
  jwks: JwksCheckParameters,
} as const satisfies Record<OwnCheckType, v.GenericSchema>;
