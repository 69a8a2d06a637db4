import * as v from 'valibot';

/** What the state machines ask to have told: one shape for each Report state. */
const text = v.string();
const nullableText = v.nullish(v.string());

export const ReportedPlan = v.object({
  path: text,
  secretArn: text,
  secretName: text,
  kind: text,
  startedBy: text,
  versionId: text,
  previousVersionId: nullableText,
  gracePeriodSeconds: v.number(),
  convergenceBoundSeconds: v.number(),
});
export type ReportedPlan = v.InferOutput<typeof ReportedPlan>;

export const CheckResult = v.object({
  name: text,
  type: text,
  ok: v.boolean(),
  durationMilliseconds: v.optional(v.number()),
  observed: v.optional(v.unknown()),
  code: v.optional(text),
  cause: v.optional(v.unknown()),
});
export type CheckResult = v.InferOutput<typeof CheckResult>;

export const ReportedFailure = v.object({
  code: text,
  cause: v.nullish(v.unknown()),
  /** The checks that were run, where some of them failed. */
  checks: v.nullish(v.array(CheckResult)),
  /** What failed next, while the first failure was being mended. */
  next: v.nullish(v.object({ what: text, code: text, cause: v.nullish(v.unknown()) })),
});
export type ReportedFailure = v.InferOutput<typeof ReportedFailure>;

export const ReportedRetirement = v.object({
  secretArn: text,
  secretName: text,
  kind: text,
  versionId: text,
  previousVersionId: text,
});

const ReportedEvidence = v.object({
  verdict: text,
  observed: text,
  blockers: v.array(text),
  notBefore: v.optional(text),
});

const PropagatedConsumer = v.object({
  consumer: text,
  freshness: text,
  lagging: v.boolean(),
  evidence: text,
  convergedAt: text,
  reason: v.nullish(text),
  sample: v.nullish(v.unknown()),
  notifyError: v.nullish(text),
});
export type PropagatedConsumer = v.InferOutput<typeof PropagatedConsumer>;

const PropagatedMirror = v.object({
  mirror: text,
  ok: v.boolean(),
  changed: v.optional(v.boolean()),
  reason: v.optional(text),
});

const execution = { executionArn: text, startedAt: v.pipe(text, v.isoTimestamp()) };

export const Report = v.variant('report', [
  v.object({ report: v.literal('started'), ...execution, plan: ReportedPlan }),
  v.object({ report: v.literal('promoted'), ...execution, plan: ReportedPlan }),
  v.object({
    report: v.literal('propagated'),
    ...execution,
    change: v.object({ secretArn: text, secretName: text, versionId: text, promotedAt: text }),
    consumers: v.array(PropagatedConsumer),
    mirrors: v.array(PropagatedMirror),
  }),
  v.object({ report: v.literal('checks'), ...execution, plan: ReportedPlan, checks: v.array(CheckResult) }),
  v.object({
    report: v.literal('succeeded'),
    ...execution,
    plan: ReportedPlan,
    checks: v.array(CheckResult),
    propagation: v.optional(v.unknown()),
  }),
  v.object({
    report: v.literal('rolled-back'),
    ...execution,
    plan: ReportedPlan,
    failure: ReportedFailure,
    checksAgain: v.array(CheckResult),
  }),
  v.object({
    report: v.literal('failed'),
    ...execution,
    plan: v.nullable(ReportedPlan),
    input: v.unknown(),
    failure: ReportedFailure,
  }),
  v.object({ report: v.literal('retired'), ...execution, retirement: ReportedRetirement, evidence: ReportedEvidence }),
  v.object({
    report: v.literal('retirement-blocked'),
    ...execution,
    retirement: ReportedRetirement,
    evidence: ReportedEvidence,
    attempt: v.number(),
  }),
  v.object({
    report: v.literal('fleet'),
    ...execution,
    selected: v.number(),
    succeeded: v.number(),
    emergency: v.boolean(),
    failure: v.nullable(ReportedFailure),
  }),
  v.object({
    report: v.literal('retirement-failed'),
    ...execution,
    retirement: ReportedRetirement,
    failure: ReportedFailure,
  }),
]);
export type Report = v.InferOutput<typeof Report>;
