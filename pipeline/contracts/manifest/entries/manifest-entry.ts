import * as v from 'valibot';
import { checkTypes } from '../../check-types.ts';
import { declared } from '../../declared.ts';
import {
  CompleteSecretArn,
  FindableSecretName,
  FunctionAlias,
  FunctionNameOrArn,
  KmsKeyArn,
  NewSecretName,
  Region,
} from '../../grammar/aws-names.ts';
import { ParameterName } from '../../grammar/parameter-names.ts';
import { Place } from '../../grammar/places.ts';
import { givenName, plainText } from '../../grammar/plain-text.ts';
import { MOST_PROMOTION_TIMEOUT_SECONDS } from '../../settings/secret.ts';
import type * as types from './manifest-part-types.ts';
import { CheckSchedule, Schedule } from './manifest-schedule.ts';

/** The members that entries of the manifest share, whatever the kind of secret. */
export const whole = (least: number, most?: number) =>
  v.pipe(
    v.number('a number'),
    v.integer('a whole number'),
    v.minValue(least, `${least} or more`),
    v.maxValue(most ?? Number.MAX_SAFE_INTEGER, `${most} or less`),
  );
const name = plainText(128);

/** A wait of a state machine ends within a year. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const LONGEST_WAIT_SECONDS = 31_536_000;
const seconds = whole(0, LONGEST_WAIT_SECONDS);

/** A customer's key that the secret is encrypted with. Missing: the account's key for Secrets Manager. */
const kmsKeyArn = v.optional(KmsKeyArn);

/** Secrets Manager's DescriptionType is longer; a console shows a line. */
const description = plainText(500);

/** An existing secret, or a new one that the stack makes. */
export const SecretReference = declared<types.SecretReference>()(
  v.union(
    [
      v.strictObject({ arn: CompleteSecretArn, kmsKeyArn }),
      v.strictObject({ name: FindableSecretName, kmsKeyArn }),
      v.strictObject({
        new: v.strictObject({
          name: NewSecretName,
          description: v.optional(description),
          /** The members of the value that are no secret: user name, host … */
          template: v.optional(v.record(plainText(128), v.unknown())),
          kmsKeyArn,
        }),
      }),
    ],
    '{"name": …} or {"arn": …} of an existing secret, or {"new": {"name": …}}',
  ),
);

export const Consumer = declared<types.ManifestConsumer>()(
  v.strictObject({
    name: v.optional(name),
    function: FunctionNameOrArn,
    alias: v.optional(FunctionAlias),
    freshness: v.optional(v.picklist(['notify', 'recycle', 'expire']), 'notify'),
    maxAgeSeconds: v.optional(seconds, 300),
    longestInvocationSeconds: v.optional(seconds, 30),
  }),
);

const Check = declared<types.ManifestCheck>()(
  v.strictObject({
    name: v.optional(name),
    type: v.picklist(checkTypes),
    /** `function`: a check of one's own. `consumer`: whose canary it is. */
    function: v.optional(FunctionNameOrArn),
    parameters: v.optional(v.record(v.string(), v.unknown()), {}),
  }),
);

const Mirror = declared<types.ManifestMirror>()(
  v.union(
    [
      v.strictObject({
        parameter: ParameterName,
        keyId: v.optional(KmsKeyArn),
        pointer: v.optional(Place),
      }),
      v.strictObject({ replica: Region }),
    ],
    '{"parameter": "/path/of/a/SecureString"} or {"replica": "<region>"}',
  ),
);

/** Settings of a secret have room in a parameter. */
const list = <Schema extends v.GenericSchema>(entry: Schema) =>
  v.pipe(v.array(entry), v.maxLength(50, '50 entries or less'));

export const followers = {
  consumers: v.optional(list(Consumer), []),
  checks: v.optional(list(Check), []),
  mirrors: v.optional(list(Mirror), []),
};

/** What every kind of rotated secret has. */
export const everyRotated = {
  secret: SecretReference,
  schedule: v.optional(Schedule, 'native'),
  /** When the checks run without a rotation. Missing: after rotations and on demand. */
  checkSchedule: v.optional(CheckSchedule),
  /** Secrets with the same group are rotated by one execution of rotate-fleet. */
  group: v.optional(givenName),
  /** Secrets Manager's own schedule: the safety net, or with `"schedule": "native"` the only one. */
  nativeIntervalDays: v.optional(whole(1, 1000), 90),
  gracePeriodSeconds: v.optional(seconds, 86_400),
  promotionTimeoutSeconds: v.optional(whole(10, MOST_PROMOTION_TIMEOUT_SECONDS), 900),
  evidenceIntervalSeconds: v.optional(whole(1, LONGEST_WAIT_SECONDS), 60),
  rollBackHandPutValues: v.optional(v.boolean(), false),
  ...followers,
};

/** After this every consumer is on the new value. 0 without consumers. */
export function convergenceBoundOf({ consumers }: { readonly consumers: readonly types.ManifestConsumer[] }): number {
  return Math.max(0, ...consumers.map((each) => each.maxAgeSeconds + each.longestInvocationSeconds));
}
