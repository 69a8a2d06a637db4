import * as v from 'valibot';

/** Every step of a rotation's story is an event on the pipeline's own bus. The detail's shape is versioned. */
export const EVENT_SOURCE = 'keyturn';

const base = {
  schemaVersion: v.literal(1),
  /** The event's own id: the projection is idempotent by it. */
  id: v.string(),
  secretArn: v.string(),
  secretName: v.string(),
  /** The version the story is about: the rotation's token, or the version put by hand. */
  versionId: v.optional(v.string()),
  executionArn: v.optional(v.string()),
};

/** What sends a request for an execution. */
export const requestStarters = [
  'schedule',
  'console',
  'command-line',
  'dashboard',
  'event',
  'audit',
  'doctor',
  'retirement',
  'fleet',
  'unknown',
] as const;

/** `native`: Secrets Manager began the rotation by itself. `hand`: a value was put. */
export const startedBy = v.picklist([...requestStarters, 'native', 'hand']);
export type StartedBy = v.InferOutput<typeof startedBy>;

const timestamp = v.pipe(v.string(), v.isoTimestamp());

/**
 * What proves that a consumer is on a version: its bound has passed, Lambda replaced every environment and the longest
 * invocation is over, or the tasks of before have stopped. A mirror is `copied`: the copy was written or read.
 */
export const evidence = v.picklist(['bound', 'recycled', 'tasks', 'copied']);
export type Evidence = v.InferOutput<typeof evidence>;

const ofConsumer = {
  ...base,
  /** A consumer's name; of a mirror, the parameter's name or the region. */
  consumer: v.string(),
  /** Which promotion of the version: after a roll-back one version has two. */
  promotedAt: v.optional(timestamp),
};

export const eventDetails = {
  'Rotation Requested': v.object({
    secretId: v.string(),
    startedBy: v.optional(startedBy),
    operation: v.optional(v.picklist(['rotate', 'check', 'roll-back'])),
    retireNow: v.optional(v.boolean()),
    emergency: v.optional(v.boolean()),
    force: v.optional(v.boolean()),
  }),
  'Rotation Started': v.object({
    ...base,
    kind: v.string(),
    startedBy,
    path: v.string(),
    previousVersionId: v.optional(v.string()),
  }),
  'Rotation Step Succeeded': v.object({ ...base, step: v.string(), durationMilliseconds: v.number() }),
  'Rotation Step Failed': v.object({
    ...base,
    step: v.string(),
    code: v.string(),
    message: v.string(),
    retryable: v.boolean(),
  }),
  'Secret Promoted': v.object({ ...base, previousVersionId: v.optional(v.string()) }),
  'Consumer Converging': v.object({ ...ofConsumer, expectedAt: timestamp }),
  'Consumer Converged': v.object({
    ...ofConsumer,
    evidence,
    /** Missing in events of before, which were published at the promotion: the time was a forecast. */
    convergedAt: v.optional(timestamp),
    convergenceMilliseconds: v.number(),
  }),
  'Consumer Lagging': v.object({
    ...ofConsumer,
    reason: v.string(),
    expectedAt: v.optional(timestamp),
    /** The same lag was published before: no notice is due. */
    isKnown: v.optional(v.boolean()),
  }),
  'Check Passed': v.object({
    ...base,
    /** The way of the execution: `checks-only` on demand or on a schedule. */
    path: v.optional(v.string()),
    check: v.string(),
    type: v.string(),
    durationMilliseconds: v.number(),
    observed: v.optional(v.string()),
  }),
  'Check Failed': v.object({
    ...base,
    path: v.optional(v.string()),
    check: v.string(),
    type: v.string(),
    code: v.string(),
    message: v.string(),
  }),
  /** The check could not be run to a verdict: nothing is known of the credential, and nothing is undone. */
  'Check Inconclusive': v.object({
    ...base,
    path: v.optional(v.string()),
    check: v.string(),
    type: v.string(),
    code: v.string(),
    message: v.string(),
  }),
  'Rotation Succeeded': v.object({
    ...base,
    kind: v.string(),
    startedBy,
    durationMilliseconds: v.number(),
    retireAfter: v.optional(v.string()),
    /** Checks without a verdict, by name: retirement asks them again. */
    inconclusiveChecks: v.optional(v.array(v.string())),
  }),
  'Rotation Failed': v.object({
    ...base,
    kind: v.optional(v.string()),
    startedBy: v.optional(startedBy),
    code: v.string(),
    message: v.string(),
  }),
  'Rotation Rolled Back': v.object({
    ...base,
    kind: v.string(),
    startedBy,
    restoredVersionId: v.string(),
    code: v.string(),
    message: v.string(),
    durationMilliseconds: v.number(),
  }),
  'Credential Retired': v.object({
    ...base,
    retiredVersionId: v.string(),
    observed: v.string(),
    /** Emergency only: who still used it. */
    hurt: v.optional(v.array(v.string())),
  }),
  'Retirement Blocked': v.object({
    ...base,
    previousVersionId: v.string(),
    blockers: v.array(v.string()),
    message: v.string(),
    /** How often it was looked by now. */
    attempt: v.optional(v.number()),
  }),
  'Drift Found': v.object({ ...base, code: v.string(), message: v.string(), repair: v.optional(v.string()) }),
} as const;

export type EventType = keyof typeof eventDetails;
export type EventDetail<Type extends EventType> = v.InferOutput<(typeof eventDetails)[Type]>;

/** The events that a person gets a notice of; of some of them, not each time. */
export const noticedEvents = [
  'Rotation Failed',
  'Rotation Rolled Back',
  'Retirement Blocked',
  'Consumer Lagging',
  'Drift Found',
  'Check Failed',
  'Check Inconclusive',
] as const satisfies EventType[];
