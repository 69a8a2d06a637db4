import { jwtAlgorithms } from '@keyturn/consumer/contracts/jwt';
import * as v from 'valibot';
import { CheckSchedule, Schedule } from './manifest-schedule.ts';

/**
 * The manifest: what a person says of each secret. Parsed at synthesis and by `keyturn plan`; unknown keys and unsafe
 * combinations are refused with what to write instead. docs/manifest.md explains it.
 */
const text = v.pipe(v.string(), v.nonEmpty('some text'));
const whole = (least: number, most?: number) =>
  v.pipe(
    v.number('a number'),
    v.integer('a whole number'),
    v.minValue(least, `${least} or more`),
    v.maxValue(most ?? Number.MAX_SAFE_INTEGER, `${most} or less`),
  );
const seconds = whole(0);

/** A customer's key that the secret is encrypted with. Missing: the account's key for Secrets Manager. */
const kmsKeyArn = v.optional(
  v.pipe(v.string(), v.regex(/^arn:[^:]+:kms:[^:]+:\d+:key\/.+$/, 'the ARN of a KMS key: arn:aws:kms:…:key/…')),
);

/** An existing secret, or a new one that the stack makes. */
const SecretReference = v.union(
  [
    v.strictObject({
      // The six characters at its end are the service's own; without them the name would be a guess.
      arn: v.pipe(
        v.string(),
        v.regex(
          /^arn:[^:]+:secretsmanager:[^:]+:\d+:secret:.+-[A-Za-z0-9]{6}$/,
          'the complete ARN of a secret, with the six characters at its end (or write its "name")',
        ),
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
  ],
  '{"name": …} or {"arn": …} of an existing secret, or {"new": {"name": …}}',
);
export type SecretReference = v.InferOutput<typeof SecretReference>;

/** A function by its name or ARN. Which of its versions receives the traffic is said by `alias`. */
const functionReference = v.pipe(
  text,
  v.regex(/^([^:]+|arn:[^:]+:lambda:[^:]+:\d+:function:[^:]+)$/, 'a function\'s name or ARN; write "alias" beside it'),
);

const Consumer = v.strictObject({
  name: v.optional(text),
  function: functionReference,
  alias: v.optional(text),
  freshness: v.optional(v.picklist(['notify', 'recycle', 'expire']), 'notify'),
  maxAgeSeconds: v.optional(seconds, 300),
  longestInvocationSeconds: v.optional(seconds, 30),
});
export type ManifestConsumer = v.InferOutput<typeof Consumer>;

const Check = v.strictObject({
  name: v.optional(text),
  type: v.picklist(['database', 'bedrock', 'consumer', 'http', 'jwks', 'function']),
  /** `function`: a check of one's own. `consumer`: whose canary it is. */
  function: v.optional(functionReference),
  parameters: v.optional(v.record(v.string(), v.unknown()), {}),
});
export type ManifestCheck = v.InferOutput<typeof Check>;

const Mirror = v.union(
  [
    v.strictObject({ parameter: text, keyId: v.optional(text), pointer: v.optional(text) }),
    v.strictObject({ replica: text }),
  ],
  '{"parameter": "/path/of/a/SecureString"} or {"replica": "<region>"}',
);
export type ManifestMirror = v.InferOutput<typeof Mirror>;

const followers = {
  consumers: v.optional(v.array(Consumer), []),
  checks: v.optional(v.array(Check), []),
  mirrors: v.optional(v.array(Mirror), []),
};

const everyRotated = {
  secret: SecretReference,
  schedule: v.optional(Schedule, 'native'),
  /** When the checks run without a rotation. Missing: after rotations and on demand. */
  checkSchedule: v.optional(CheckSchedule),
  /** Secrets with the same group are rotated by one execution of rotate-fleet. */
  group: v.optional(text),
  /** Secrets Manager's own schedule: the safety net, or with `"schedule": "native"` the only one. */
  nativeIntervalDays: v.optional(whole(1, 1000), 90),
  gracePeriodSeconds: v.optional(seconds, 86_400),
  promotionTimeoutSeconds: v.optional(whole(10), 900),
  evidenceIntervalSeconds: v.optional(whole(1), 60),
  rollBackHandPutValues: v.optional(v.boolean(), false),
  ...followers,
};

const ProxyReference = v.strictObject({
  name: text,
  /** The endpoint that consumers connect to. */
  endpoint: text,
  ownership: v.optional(v.picklist(['init-query', 'reassign']), 'reassign'),
  /** Password authentication: the secrets of both logins (ARN or name), registered with the proxy. */
  loginSecrets: v.optional(v.strictObject({ base: text, second: text })),
});

/** The RDS identifiers that the rotation function has to look up: exactly these it may describe. */
const Database = v.strictObject({
  instance: v.optional(text),
  cluster: v.optional(text),
  /** Where the secret's host is a replica or reader: the instance or cluster that it reads from. */
  readerOf: v.optional(text),
});

const ManifestSecret = v.variant(
  'kind',
  [
    v.strictObject({
      kind: v.literal('postgres'),
      strategy: v.optional(v.picklist(['alternating-users', 'single-user', 'superuser']), 'alternating-users'),
      superuserSecret: v.optional(text),
      /** Missing: the base login, which then owns everything. */
      ownerRole: v.optional(text),
      passwordLength: v.optional(whole(16, 128)),
      excludeCharacters: v.optional(v.string()),
      proxy: v.optional(ProxyReference),
      database: v.optional(Database),
      ...everyRotated,
    }),
    v.strictObject({
      kind: v.literal('jwt'),
      algorithm: v.optional(v.picklist(jwtAlgorithms)),
      longestTokenLifetimeSeconds: v.optional(whole(1)),
      /** The public keys at a URL of their own; the stack's output names it. */
      publicKeys: v.optional(v.strictObject({ maxAgeSeconds: v.optional(whole(0), 300) })),
      ...everyRotated,
    }),
    v.strictObject({
      kind: v.literal('api-key'),
      provider: v.picklist(['bedrock', 'iam-access-key', 'generated', 'http']),
      /** The provider's own settings; its schema parses them. */
      parameters: v.optional(v.record(v.string(), v.unknown()), {}),
      ...everyRotated,
    }),
    v.strictObject({ kind: v.literal('watched'), secret: SecretReference, ...followers }),
  ],
  '"postgres", "jwt", "api-key" or "watched"',
);
export type ManifestSecret = v.InferOutput<typeof ManifestSecret>;
export type RotatedManifestSecret = Exclude<ManifestSecret, { kind: 'watched' }>;
export type PostgresManifestSecret = Extract<ManifestSecret, { kind: 'postgres' }>;

/** Functions that read a parameter, or all parameters under a path: they are brought up to date when it changes. */
const WatchedParameter = v.strictObject({
  consumers: v.pipe(v.array(Consumer), v.minLength(1, 'one consumer or more')),
});
export type ManifestParameter = v.InferOutput<typeof WatchedParameter>;

export const Manifest = v.strictObject({
  $schema: v.optional(v.string()),
  pipeline: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,30}$/, 'lower-case letters, digits and hyphens')),
    'keyturn',
  ),
  /** Where functions that reach databases run. */
  network: v.optional(
    v.strictObject({
      vpcId: text,
      subnetIds: v.pipe(v.array(text), v.minLength(1, 'one subnet or more')),
      /** Missing: the stack makes one that lets everything out. */
      securityGroupIds: v.optional(v.array(text)),
    }),
  ),
  secrets: v.record(text, ManifestSecret),
  /** By name; with a slash at its end it is a path, and everything under it. */
  parameters: v.optional(
    v.record(
      v.pipe(v.string(), v.regex(/^\/?[\w.-]+(\/[\w.-]+)*\/?$/, 'the name of a parameter, or a path /shop/')),
      WatchedParameter,
    ),
    {},
  ),
});
export type Manifest = v.InferOutput<typeof Manifest>;

/** The name that a reference stands for, as far as it says one: a secret's, in Secrets Manager. */
export function referencedName(reference: SecretReference): string {
  if ('new' in reference) return reference.new.name;
  if ('name' in reference) return reference.name;
  return (reference.arn.split(':')[6] ?? '').slice(0, -7);
}

/** After this every consumer is on the new value. 0 without consumers. */
export function convergenceBoundOf(secret: Pick<RotatedManifestSecret, 'consumers'>): number {
  return Math.max(0, ...secret.consumers.map((each) => each.maxAgeSeconds + each.longestInvocationSeconds));
}
