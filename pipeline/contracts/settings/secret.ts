import * as v from 'valibot';
import { checkTypes } from '../check-types.ts';
import { declared } from '../declared.ts';
import {
  FunctionAlias,
  FunctionArn,
  InvokedFunctionArn,
  KmsKeyArn,
  LONGEST_SCHEDULE,
  LONGEST_TIME_ZONE,
  Region,
  SecretName,
} from '../grammar/aws-names.ts';
import { ParameterName } from '../grammar/parameter-names.ts';
import { Place } from '../grammar/places.ts';
import { givenName, plainText } from '../grammar/plain-text.ts';
import { managedKinds } from '../secret-kinds.ts';
import type * as types from './secret-types.ts';

/**
 * What the pipeline knows of one secret at run time: the manifest's entry with its defaults filled in and its names
 * resolved to ARNs. Kept in an SSM parameter beside the secret, one for each.
 */
const name = plainText(128);
const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));

export const ConsumerSettings = declared<types.ConsumerSettings>()(
  v.object({
    name,
    functionArn: FunctionArn,
    /** The alias that receives the traffic, where it is not $LATEST. */
    alias: v.optional(FunctionAlias),
    /** How it gets fresh. */
    freshness: v.picklist(['notify', 'recycle', 'expire']),
    /** How long its environments keep a value: the cache's age. */
    maxAgeSeconds: seconds,
    /** The longest invocation: an environment may go on with the value it began with. */
    longestInvocationSeconds: seconds,
  }),
);
export type ConsumerSettings = types.ConsumerSettings;

export const CheckSettings = declared<types.CheckSettings>()(
  v.object({
    name,
    type: v.picklist(checkTypes),
    /** The function that runs it: ours, or one that people bring. */
    functionArn: InvokedFunctionArn,
    /** What the check needs to know; its own schema parses it. */
    parameters: v.record(v.string(), v.unknown()),
  }),
);
export type CheckSettings = types.CheckSettings;

export const MirrorSettings = declared<types.MirrorSettings>()(
  v.variant('to', [
    v.object({
      to: v.literal('parameter'),
      parameterName: ParameterName,
      keyId: v.optional(KmsKeyArn),
      pointer: v.optional(Place),
    }),
    v.object({ to: v.literal('replica'), region: Region }),
  ]),
);
export type MirrorSettings = types.MirrorSettings;

/** When the workflow rotates, for those who ask when the next rotation is. The schedule itself is EventBridge's. */
export const ScheduleSettings = declared<types.ScheduleSettings>()(
  v.object({
    /** https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
    expression: plainText(LONGEST_SCHEDULE),
    timeZone: v.optional(plainText(LONGEST_TIME_ZONE), 'Etc/UTC'),
    /** The start is somewhere in so many minutes. */
    windowMinutes: v.optional(v.number()),
  }),
);
export type ScheduleSettings = types.ScheduleSettings;

/** Two days: twice the longest rotation window, and far below the events that an execution's history has room for. */
export const MOST_PROMOTION_TIMEOUT_SECONDS = 172_800;

export const SecretSettings = v.object({
  schemaVersion: v.literal(1),
  /** The manifest's name: what people call the secret. */
  name: SecretName,
  kind: v.picklist(managedKinds),
  /** False: the value is put by others; the pipeline only propagates and checks it. */
  rotated: v.optional(v.boolean(), true),
  /** Secrets with the same group are rotated together, by rotate-fleet. */
  group: v.optional(givenName),
  /** The rotator's own settings; its schema parses them. */
  rotator: v.record(v.string(), v.unknown()),
  /** Missing: only by hand, and by Secrets Manager's own schedule. */
  schedule: v.optional(ScheduleSettings),
  gracePeriodSeconds: seconds,
  /** How long Secrets Manager's own attempts may take before the workflow abandons the candidate. */
  promotionTimeoutSeconds: v.pipe(v.number(), v.integer(), v.minValue(10), v.maxValue(MOST_PROMOTION_TIMEOUT_SECONDS)),
  /** How often retirement asks for evidence again while the previous credential is still in use. */
  evidenceIntervalSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 60),
  /** Whether a value put by hand, whose checks fail, is rolled back. */
  rollBackHandPutValues: v.optional(v.boolean(), false),
  consumers: v.array(ConsumerSettings),
  checks: v.array(CheckSettings),
  mirrors: v.optional(v.array(MirrorSettings), []),
});
export type SecretSettings = v.InferOutput<typeof SecretSettings>;

/** The convergence bound of a consumer: after it, even a frozen environment finds its cache expired at its first request. */
export function convergenceBoundSeconds(consumer: ConsumerSettings): number {
  return consumer.maxAgeSeconds + consumer.longestInvocationSeconds;
}
