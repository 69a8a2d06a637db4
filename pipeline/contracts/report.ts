import * as v from 'valibot';

/** What the state machines ask to have published: one shape for each Report state. */
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

/** What is checked, and on which way: that of a rotation, or `retirement`. */
const CheckedPlan = v.object({ path: text, secretArn: text, secretName: text, versionId: text });

const outcomes = ['passed', 'failed', 'inconclusive'] as const;

/** How a check ended. Executions that began before `outcome` existed say `ok`. */
export const CheckResult = v.pipe(
  v.object({
    name: text,
    type: text,
    outcome: v.optional(v.picklist(outcomes)),
    ok: v.optional(v.boolean()),
    durationMilliseconds: v.nullish(v.number()),
    observed: v.optional(v.unknown()),
    code: v.nullish(text),
    cause: v.optional(v.unknown()),
  }),
  v.check(({ outcome, ok }) => outcome !== undefined || ok !== undefined, 'an outcome: passed, failed or inconclusive'),
  v.transform(({ ok, outcome, ...rest }) => ({ ...rest, outcome: outcome ?? (ok ? 'passed' : 'failed') })),
);
export type CheckResult = v.InferOutput<typeof CheckResult>;

export const ReportedFailure = v.object({
  code: text,
  cause: v.nullish(v.unknown()),
  /** The checks that were run, where some of them failed. */
  checks: v.nullish(v.array(CheckResult)),
  /** What failed next, while the first failure was being repaired. */
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

const timestamp = v.pipe(text, v.isoTimestamp());

/** A version that became current, and when: what consumers and mirrors are brought to. */
const Change = v.object({ secretArn: text, secretName: text, versionId: text, promotedAt: timestamp });
export type Change = v.InferOutput<typeof Change>;

const LaggingConsumer = v.object({
  consumer: text,
  freshness: text,
  reason: text,
  /** When its bound has passed, which is evidence whatever went wrong. */
  expectedAt: v.nullish(timestamp),
});

/** Nothing is proven yet when a propagation ends: a consumer is on its way, or something went wrong on it. */
const PropagatedConsumer = v.variant('state', [
  v.object({ state: v.literal('converging'), consumer: text, freshness: text, expectedAt: timestamp }),
  v.object({ state: v.literal('lagging'), ...LaggingConsumer.entries }),
]);

const PropagatedMirror = v.variant('state', [
  v.object({ state: v.literal('in-step'), mirror: text }),
  v.object({ state: v.literal('lagging'), mirror: text, reason: text }),
]);

const ConvergedConsumer = v.object({
  consumer: text,
  freshness: text,
  evidence: v.picklist(['bound', 'recycled', 'tasks']),
  convergedAt: timestamp,
});

const execution = { executionArn: text, startedAt: timestamp };

export const Report = v.variant('report', [
  v.object({ report: v.literal('started'), ...execution, plan: ReportedPlan }),
  v.object({ report: v.literal('promoted'), ...execution, plan: ReportedPlan }),
  v.object({
    report: v.literal('propagated'),
    ...execution,
    change: Change,
    consumers: v.array(PropagatedConsumer),
    mirrors: v.array(PropagatedMirror),
  }),
  v.object({
    report: v.literal('converged'),
    ...execution,
    change: Change,
    consumers: v.array(ConvergedConsumer),
  }),
  v.object({ report: v.literal('lagging'), ...execution, change: Change, consumers: v.array(LaggingConsumer) }),
  v.object({ report: v.literal('checks'), ...execution, plan: CheckedPlan, checks: v.array(CheckResult) }),
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
    /** What the rotation function answered. */
    rollBack: v.optional(v.object({ wasMoved: v.optional(v.boolean()) })),
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
    /** The checks that were asked again, where some of them reached no verdict once more. */
    checks: v.nullish(v.array(CheckResult)),
  }),
  /** An execution of a state machine FAILED, TIMED_OUT or was ABORTED. `error` is asked of Step Functions. */
  v.object({ report: v.literal('execution-ended'), ...execution, status: text, error: v.optional(text) }),
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
