import * as v from 'valibot';
import { Schedule } from './manifest-schedule.ts';

/**
 * The manifest: what a person says of each secret. Parsed at synthesis and by `keyturn plan`; unknown keys and unsafe
 * combinations are refused with what to write instead.
 */
const text = v.pipe(v.string(), v.nonEmpty());
const positiveSeconds = v.pipe(v.number(), v.integer(), v.minValue(1));
const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A customer's key that the secret is encrypted with. Missing: the account's key for Secrets Manager. */
const kmsKeyArn = v.optional(v.pipe(v.string(), v.regex(/^arn:[^:]+:kms:[^:]+:\d+:key\/.+$/, 'the ARN of a KMS key')));

/** An existing secret, or a new one that the stack makes. */
const SecretReference = v.union([
  v.strictObject({
    // The six characters at its end are the service's own; without them the name would be a guess.
    arn: v.pipe(
      v.string(),
      v.regex(/^arn:[^:]+:secretsmanager:[^:]+:\d+:secret:.+-[A-Za-z0-9]{6}$/, 'the complete ARN of a secret'),
    ),
    kmsKeyArn,
  }),
  v.strictObject({ name: text, kmsKeyArn }),
  v.strictObject({
    new: v.strictObject({
      name: text,
      description: v.optional(text),
      /** The members of the value that are no secret: user name, host … */
      template: v.optional(v.record(v.string(), v.unknown())),
      kmsKeyArn,
    }),
  }),
]);
export type SecretReference = v.InferOutput<typeof SecretReference>;

const Consumer = v.strictObject({
  name: v.optional(text),
  function: v.pipe(text, v.description('name or ARN of the consumer function')),
  alias: v.optional(text),
  freshness: v.optional(v.picklist(['notify', 'recycle', 'expire']), 'notify'),
  maxAgeSeconds: v.optional(seconds, 300),
  longestInvocationSeconds: v.optional(seconds, 30),
});

export type ManifestConsumer = v.InferOutput<typeof Consumer>;

const Check = v.strictObject({
  name: v.optional(text),
  type: v.picklist(['database', 'bedrock', 'consumer', 'http', 'jwks', 'function']),
  /** `function` only: a check of one's own. */
  function: v.optional(text),
  parameters: v.optional(v.record(v.string(), v.unknown()), {}),
});

export type ManifestCheck = v.InferOutput<typeof Check>;

const Mirror = v.union([
  v.strictObject({ parameter: text, keyId: v.optional(text), pointer: v.optional(text) }),
  v.strictObject({ replica: text }),
]);
export type ManifestMirror = v.InferOutput<typeof Mirror>;

const everySecret = {
  secret: SecretReference,
  schedule: v.optional(Schedule, 'native'),
  /** Secrets with the same group are rotated by one execution of rotate-fleet. */
  group: v.optional(text),
  nativeIntervalDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 90),
  gracePeriodSeconds: v.optional(seconds, 86_400),
  promotionTimeoutSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(10)), 900),
  evidenceIntervalSeconds: v.optional(positiveSeconds, 60),
  consumers: v.optional(v.array(Consumer), []),
  checks: v.optional(v.array(Check), []),
  mirrors: v.optional(v.array(Mirror), []),
  rollBackHandPutValues: v.optional(v.boolean(), false),
};

const ManifestSecret = v.variant('kind', [
  v.strictObject({
    kind: v.literal('postgres'),
    strategy: v.optional(v.picklist(['alternating-users', 'single-user', 'superuser']), 'alternating-users'),
    superuserSecret: v.optional(text),
    passwordLength: v.optional(v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(128))),
    excludeCharacters: v.optional(v.string()),
    proxy: v.optional(
      v.strictObject({
        name: text,
        /** The endpoint that consumers connect to. */
        endpoint: text,
        ownership: v.optional(v.picklist(['init-query', 'reassign']), 'reassign'),
        /** Password authentication: the secrets of both logins (ARN or name), registered with the proxy. */
        loginSecrets: v.optional(v.strictObject({ base: text, second: text })),
      }),
    ),
    ...everySecret,
  }),
  v.strictObject({
    kind: v.literal('jwt'),
    algorithm: v.optional(text),
    longestTokenLifetimeSeconds: v.optional(positiveSeconds),
    ...everySecret,
  }),
  v.strictObject({
    kind: v.literal('api-key'),
    provider: v.picklist(['bedrock', 'iam-access-key', 'generated', 'http']),
    /** The provider's own settings; its schema parses them. */
    parameters: v.optional(v.record(v.string(), v.unknown()), {}),
    ...everySecret,
  }),
  v.strictObject({
    kind: v.literal('watched'),
    secret: SecretReference,
    consumers: v.optional(v.array(Consumer), []),
    checks: v.optional(v.array(Check), []),
    mirrors: v.optional(v.array(Mirror), []),
  }),
]);
export type ManifestSecret = v.InferOutput<typeof ManifestSecret>;

export const Manifest = v.strictObject({
  $schema: v.optional(v.string()),
  pipeline: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,30}$/, 'expected lower-case letters, digits and hyphens')),
    'keyturn',
  ),
  network: v.optional(
    v.strictObject({
      vpcId: text,
      subnetIds: v.pipe(v.array(text), v.minLength(1)),
      /** Missing: the stack makes one that lets everything out. */
      securityGroupIds: v.optional(v.array(text)),
    }),
  ),
  secrets: v.record(text, ManifestSecret),
});
export type Manifest = v.InferOutput<typeof Manifest>;
