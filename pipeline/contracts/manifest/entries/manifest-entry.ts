import * as v from 'valibot';
import { checkTypes } from '../../check-types.ts';
import { declared } from '../../declared.ts';
import { MOST_PROMOTION_TIMEOUT_SECONDS } from '../../settings/secret.ts';
import type * as types from './manifest-part-types.ts';
import { CheckSchedule, Schedule } from './manifest-schedule.ts';

/** The members that entries of the manifest share, whatever the kind of secret. */
export const text = v.pipe(v.string(), v.nonEmpty('some text'));
export const whole = (least: number, most?: number) =>
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
export const SecretReference = declared<types.SecretReference>()(
  v.union(
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
  ),
);

/** A function by its name or ARN. Which of its versions receives the traffic is said by `alias`. */
const functionReference = v.pipe(
  text,
  v.regex(/^([^:]+|arn:[^:]+:lambda:[^:]+:\d+:function:[^:]+)$/, 'a function\'s name or ARN; write "alias" beside it'),
);

export const Consumer = declared<types.ManifestConsumer>()(
  v.strictObject({
    name: v.optional(text),
    function: functionReference,
    alias: v.optional(text),
    freshness: v.optional(v.picklist(['notify', 'recycle', 'expire']), 'notify'),
    maxAgeSeconds: v.optional(seconds, 300),
    longestInvocationSeconds: v.optional(seconds, 30),
  }),
);

const Check = declared<types.ManifestCheck>()(
  v.strictObject({
    name: v.optional(text),
    type: v.picklist(checkTypes),
    /** `function`: a check of one's own. `consumer`: whose canary it is. */
    function: v.optional(functionReference),
    parameters: v.optional(v.record(v.string(), v.unknown()), {}),
  }),
);

const Mirror = declared<types.ManifestMirror>()(
  v.union(
    [
      v.strictObject({ parameter: text, keyId: v.optional(text), pointer: v.optional(text) }),
      v.strictObject({ replica: text }),
    ],
    '{"parameter": "/path/of/a/SecureString"} or {"replica": "<region>"}',
  ),
);

export const followers = {
  consumers: v.optional(v.array(Consumer), []),
  checks: v.optional(v.array(Check), []),
  mirrors: v.optional(v.array(Mirror), []),
};

/** What every kind of rotated secret has. */
export const everyRotated = {
  secret: SecretReference,
  schedule: v.optional(Schedule, 'native'),
  /** When the checks run without a rotation. Missing: after rotations and on demand. */
  checkSchedule: v.optional(CheckSchedule),
  /** Secrets with the same group are rotated by one execution of rotate-fleet. */
  group: v.optional(text),
  /** Secrets Manager's own schedule: the safety net, or with `"schedule": "native"` the only one. */
  nativeIntervalDays: v.optional(whole(1, 1000), 90),
  gracePeriodSeconds: v.optional(seconds, 86_400),
  promotionTimeoutSeconds: v.optional(whole(10, MOST_PROMOTION_TIMEOUT_SECONDS), 900),
  evidenceIntervalSeconds: v.optional(whole(1), 60),
  rollBackHandPutValues: v.optional(v.boolean(), false),
  ...followers,
};

/** After this every consumer is on the new value. 0 without consumers. */
export function convergenceBoundOf({ consumers }: { readonly consumers: readonly types.ManifestConsumer[] }): number {
  return Math.max(0, ...consumers.map((each) => each.maxAgeSeconds + each.longestInvocationSeconds));
}
