import { createHash } from 'node:crypto';
import type { EventDetail, EventType, StartedBy } from '../contracts/events.ts';
import type { Metric } from '../contracts/metrics.ts';
import type { Report, ReportedPlan } from '../contracts/report.ts';
import { explainCause, explainChecks, explainFailure } from './failure.ts';

/** What one Report state has told: events for the bus, metrics, and the words that the execution ends with. */
export interface Telling {
  readonly events: ToldEvent[];
  readonly metrics: Metric[];
  readonly outcome: { code: string; message: string };
}

export type ToldEvent = {
  [Type in EventType]: { type: Type; id: string; detail: Omit<EventDetail<Type>, 'schemaVersion' | 'id'> };
}[EventType];

/** Turns a report into events and metrics. Pure; the same report gives the same event ids, so telling it twice is harmless. */
export function composeReport(report: Report, now: Date): Telling {
  const id = (...parts: string[]) =>
    createHash('sha256')
      .update([report.executionArn, report.report, ...parts].join('\n'))
      .digest('hex')
      .slice(0, 32);
  const durationMilliseconds = now.getTime() - new Date(report.startedAt).getTime();
  switch (report.report) {
    case 'started':
      return told({ code: 'Started', message: '' }, [
        {
          type: 'Rotation Started',
          id: id(),
          detail: {
            ...story(report.plan, report.executionArn),
            ...about(report.plan),
            path: report.plan.path,
            previousVersionId: report.plan.previousVersionId ?? undefined,
          },
        },
      ]);
    case 'promoted':
      return told({ code: 'Promoted', message: '' }, [
        {
          type: 'Secret Promoted',
          id: id(),
          detail: {
            ...story(report.plan, report.executionArn),
            previousVersionId: report.plan.previousVersionId ?? undefined,
          },
        },
      ]);
    case 'propagated':
      return composePropagation(report);
    case 'converged':
    case 'lagging':
      return composeConvergence(report);
    case 'checks':
      return composeChecks(report, id);
    case 'execution-ended':
      return told({ code: report.status, message: '' }, [], [count('ExecutionFailed')]);
    case 'succeeded':
      return told(
        { code: 'Succeeded', message: '' },
        [
          {
            type: 'Rotation Succeeded',
            id: id(),
            detail: { ...story(report.plan, report.executionArn), ...about(report.plan), durationMilliseconds },
          },
        ],
        [count('RotationSucceeded'), { name: 'RotationDuration', value: durationMilliseconds, unit: 'Milliseconds' }],
      );
    case 'rolled-back':
      return composeRollBack(report, id, durationMilliseconds);
    case 'failed':
      return composeFailure(report, id);
    case 'fleet':
      return composeFleet(report);
    case 'retired':
    case 'retirement-blocked':
    case 'retirement-failed':
      return composeRetirement(report, id);
  }
}

type Id = (...parts: string[]) => string;
type ReportOf<Name extends Report['report']> = Extract<Report, { report: Name }>;

/** Consumers are on their way or lag, and mirrors are in step or lag: a propagation proves nothing of a consumer. */
function composePropagation(report: ReportOf<'propagated'>): Telling {
  const consumers = report.consumers.map((one): ToldEvent => {
    if (one.state === 'lagging') return laggingEvent(report, one);
    return {
      type: 'Consumer Converging',
      id: stateId(report, one.consumer, 'converging'),
      detail: { ...changeOf(report), consumer: one.consumer, expectedAt: one.expectedAt },
    };
  });
  const behind = report.mirrors.flatMap((one) =>
    one.state === 'lagging' ? [laggingEvent(report, { consumer: one.mirror, reason: one.reason })] : [],
  );
  const events = [...consumers, ...behind];
  const lagging = events.filter(({ type }) => type === 'Consumer Lagging');
  return told(
    { code: 'Propagated', message: '' },
    events,
    lagging.map(() => count('ConsumerLagging')),
  );
}

function composeConvergence(report: ReportOf<'converged' | 'lagging'>): Telling {
  if (report.report === 'lagging') {
    const events = report.consumers.map((one) => laggingEvent(report, one));
    return told(
      { code: 'Lagging', message: '' },
      events,
      events.map(() => count('ConsumerLagging')),
    );
  }
  const events = report.consumers.map((one) => ({
    type: 'Consumer Converged' as const,
    id: stateId(report, one.consumer, 'converged'),
    detail: {
      ...changeOf(report),
      consumer: one.consumer,
      evidence: one.evidence,
      convergedAt: one.convergedAt,
      convergenceMilliseconds: Math.max(0, Date.parse(one.convergedAt) - Date.parse(report.change.promotedAt)),
    },
  }));
  const metrics = events.map(
    ({ detail }): Metric => ({
      name: 'ConvergenceDuration',
      value: detail.convergenceMilliseconds,
      unit: 'Milliseconds',
    }),
  );
  return told({ code: 'Converged', message: '' }, events, metrics);
}

type OfChange = ReportOf<'propagated' | 'converged' | 'lagging'>;

function laggingEvent(
  report: OfChange,
  { consumer, reason, expectedAt }: { consumer: string; reason: string; expectedAt?: string | null },
): ToldEvent {
  const detail = { ...changeOf(report), consumer, reason: explainCause(reason), ...(expectedAt && { expectedAt }) };
  return { type: 'Consumer Lagging', id: stateId(report, consumer, 'lagging'), detail };
}

function changeOf({ change: { secretArn, secretName, versionId }, executionArn }: OfChange) {
  return { secretArn, secretName, versionId, executionArn };
}

/** Not of the execution: a state that is reported a second time is the same event. */
function stateId({ change }: OfChange, consumer: string, state: string): string {
  const parts = [change.secretArn, change.versionId, change.promotedAt, consumer, state];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}

function composeChecks(report: ReportOf<'checks'>, id: Id): Telling {
  const base = story(report.plan, report.executionArn);
  const events = report.checks.map((check): ToldEvent => {
    const detail = { ...base, path: report.plan.path, check: check.name, type: check.type };
    if (check.outcome === 'passed') {
      const observed = typeof check.observed === 'string' ? { observed: check.observed } : {};
      return {
        type: 'Check Passed',
        id: id(check.name),
        detail: { ...detail, durationMilliseconds: check.durationMilliseconds ?? 0, ...observed },
      };
    }
    const why = { code: check.code ?? 'CheckFailed', message: explainCause(check.cause) };
    if (check.outcome === 'inconclusive') {
      return { type: 'Check Inconclusive', id: id(check.name, check.outcome), detail: { ...detail, ...why } };
    }
    return { type: 'Check Failed', id: id(check.name), detail: { ...detail, ...why } };
  });
  const metrics = report.checks.map((check): Metric => {
    const names = { passed: 'CheckPassed', failed: 'CheckFailed', inconclusive: 'CheckInconclusive' } as const;
    return { ...count(names[check.outcome]), checkType: check.type };
  });
  return told({ code: 'Checked', message: explainChecks(report.checks) }, events, metrics);
}

function composeRollBack(report: ReportOf<'rolled-back'>, id: Id, durationMilliseconds: number): Telling {
  const failure = explainFailure(report.failure);
  const again = report.checksAgain.some((check) => check.outcome === 'failed')
    ? ` After the roll-back these checks fail too, so the fault is not in the new value: ${sentence(explainChecks(report.checksAgain))}`
    : ' After the roll-back all checks pass.';
  const why =
    report.plan.path === 'roll-back' ? 'was rolled back by hand to' : 'failed its checks and was rolled back to';
  const message = `${report.plan.secretName}: version ${report.plan.versionId} ${why} ${report.plan.previousVersionId}. ${sentence(failure.message)}${again}`;
  return told(
    { code: 'RotationRolledBack', message },
    [
      {
        type: 'Rotation Rolled Back',
        id: id(),
        detail: {
          ...story(report.plan, report.executionArn),
          ...about(report.plan),
          restoredVersionId: report.plan.previousVersionId ?? '',
          code: failure.code,
          message,
          durationMilliseconds,
        },
      },
    ],
    [count('RotationRolledBack')],
  );
}

function composeFailure(report: ReportOf<'failed'>, id: Id): Telling {
  const failure = explainFailure(report.failure);
  const named = report.plan ?? { secretArn: '', secretName: requestedSecret(report.input) };
  const message = `${named.secretName}: ${failure.message}`;
  // Nothing was rotated: the events of the checks have told it.
  if (report.plan?.path === 'checks-only') return told({ code: failure.code, message }, []);
  return told(
    { code: failure.code, message },
    [
      {
        type: 'Rotation Failed',
        id: id(),
        detail: {
          ...(report.plan
            ? { ...story(report.plan, report.executionArn), ...about(report.plan) }
            : { secretArn: '', secretName: named.secretName, executionArn: report.executionArn }),
          code: failure.code,
          message,
        },
      },
    ],
    [count('RotationFailed')],
  );
}

/** Each rotation has told its own story; the fleet's is how far it came. */
function composeFleet(report: ReportOf<'fleet'>): Telling {
  const hurt = report.emergency
    ? ' Previous credentials were revoked at once; whom that hurt is in the Credential Retired events.'
    : '';
  const failed = report.failure && explainFailure(report.failure);
  const reached = `${report.succeeded} of ${report.selected} secrets were rotated.`;
  if (!failed) return told({ code: 'Succeeded', message: `${reached}${hurt}` }, []);
  return told({ code: failed.code, message: `The fleet stopped: ${sentence(failed.message)} ${reached}${hurt}` }, []);
}

function composeRetirement(report: ReportOf<'retired' | 'retirement-blocked' | 'retirement-failed'>, id: Id): Telling {
  const { secretArn, secretName, versionId, previousVersionId } = report.retirement;
  const base = { secretArn, secretName, versionId, executionArn: report.executionArn };
  if (report.report === 'retired') {
    const { observed, blockers } = report.evidence;
    const detail = { ...base, retiredVersionId: previousVersionId, observed };
    // Only an emergency retires what is in use: those who used it are told of.
    const hurt = blockers.length > 0 ? { hurt: blockers } : {};
    const message = blockers.length > 0 ? `revoked while used by ${blockers.join(', ')}` : observed;
    return told(
      { code: 'Retired', message },
      [{ type: 'Credential Retired', id: id(), detail: { ...detail, ...hurt } }],
      [count('CredentialRetired')],
    );
  }
  if (report.report === 'retirement-blocked') {
    const { blockers, observed, notBefore } = report.evidence;
    const message =
      blockers.length > 0
        ? `${secretName}: the previous credential is still used by ${blockers.join(', ')}. It is retired when they have gone.`
        : `${secretName}: the previous credential may be in use until ${notBefore}. ${observed}`;
    return told(
      { code: 'RetirementBlocked', message },
      [
        {
          type: 'Retirement Blocked',
          id: id(String(report.attempt)),
          detail: { ...base, previousVersionId, blockers, message, attempt: report.attempt },
        },
      ],
      blockers.length > 0 ? [count('RetirementBlocked')] : [],
    );
  }
  const failure = explainFailure(report.failure);
  const message = `${secretName}: version ${previousVersionId} could not be retired. ${failure.message}`;
  return told(
    { code: failure.code, message },
    [{ type: 'Retirement Blocked', id: id(), detail: { ...base, previousVersionId, blockers: [], message } }],
    [count('RetirementBlocked')],
  );
}

function told(outcome: Telling['outcome'], events: ToldEvent[], metrics: Metric[] = []): Telling {
  return { outcome, events, metrics };
}

function count(name: Metric['name']): Metric {
  return { name, value: 1, unit: 'Count' };
}

function story(plan: ReportedPlan, executionArn: string) {
  return { secretArn: plan.secretArn, secretName: plan.secretName, versionId: plan.versionId, executionArn };
}

function about(plan: ReportedPlan) {
  return { kind: plan.kind, startedBy: plan.startedBy as StartedBy };
}

function requestedSecret(input: unknown): string {
  if (typeof input === 'object' && input && 'secretId' in input) return String(input.secretId);
  return 'a secret that the input does not name';
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
