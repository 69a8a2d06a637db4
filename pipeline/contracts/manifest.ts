import * as v from 'valibot';

/**
 * The manifest: what a person says of each secret. Parsed at synthesis and by `keyturn plan`; unknown keys and unsafe
 * combinations are refused with what to write instead.
 */
const text = v.pipe(v.string(), v.nonEmpty());
const positiveSeconds = v.pipe(v.number(), v.integer(), v.minValue(1));
const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));

/** `rate(30 days)`, `cron(0 3 ? * SUN *)`; `native`: Secrets Manager's own schedule and no other. */
const Schedule = v.union([
  v.literal('native'),
  v.strictObject({
    expression: v.pipe(v.string(), v.regex(/^(rate|cron)\(.+\)$/, 'expected rate(30 days) or cron(0 3 ? * SUN *)')),
    timeZone: v.optional(text, 'Etc/UTC'),
    /** The start is spread over this many minutes, so that a fleet does not start at once. */
    windowMinutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1440))),
  }),
]);

/** An existing secret, or a new one that the stack makes. */
const SecretReference = v.union([
  v.strictObject({ arn: v.pipe(v.string(), v.regex(/^arn:[^:]+:secretsmanager:/, 'expected the ARN of a secret')) }),
  v.strictObject({ name: text }),
  v.strictObject({
    new: v.strictObject({
      name: text,
      description: v.optional(text),
      template: v.optional(v.record(v.string(), v.unknown())),
    }),
  }),
]);

const Consumer = v.strictObject({
  name: v.optional(text),
  function: v.pipe(text, v.description('name or ARN of the consumer function')),
  alias: v.optional(text),
  freshness: v.optional(v.picklist(['notify', 'recycle', 'expire']), 'notify'),
  maxAgeSeconds: v.optional(seconds, 300),
  longestInvocationSeconds: v.optional(seconds, 30),
});

const Check = v.strictObject({
  name: v.optional(text),
  type: v.picklist(['database', 'bedrock', 'consumer', 'http', 'jwks', 'function']),
  /** `function` only: a check of one's own. */
  function: v.optional(text),
  parameters: v.optional(v.record(v.string(), v.unknown()), {}),
});

const Mirror = v.union([
  v.strictObject({ parameter: text, keyId: v.optional(text), pointer: v.optional(text) }),
  v.strictObject({ replica: text }),
]);

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
      subnetIds: v.optional(v.array(text)),
      securityGroupIds: v.optional(v.array(text)),
    }),
  ),
  secrets: v.record(text, ManifestSecret),
});
export type Manifest = v.InferOutput<typeof Manifest>;
