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
      return composePropagation(report, id);
    case 'checks':
      return composeChecks(report, id);
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

/** A laggard is an event and a metric; a consumer with evidence tells when it has it. */
function composePropagation(report: ReportOf<'propagated'>, id: Id): Telling {
  const { change } = report;
  const base = {
    secretArn: change.secretArn,
    secretName: change.secretName,
    versionId: change.versionId,
    executionArn: report.executionArn,
  };
  const promotedAt = Date.parse(change.promotedAt);
  const consumers = report.consumers.map((consumer): ToldEvent => {
    if (consumer.lagging) {
      const detail = {
        ...base,
        consumer: consumer.consumer,
        reason: explainCause(consumer.reason ?? 'unknown'),
        expectedAt: consumer.convergedAt,
      };
      return { type: 'Consumer Lagging', id: id(consumer.consumer), detail };
    }
    const convergenceMilliseconds = Math.max(0, Date.parse(consumer.convergedAt) - promotedAt);
    const detail = { ...base, consumer: consumer.consumer, evidence: consumer.evidence, convergenceMilliseconds };
    return { type: 'Consumer Converged', id: id(consumer.consumer), detail };
  });
  const behind = report.mirrors.filter((mirror) => !mirror.ok);
  const mirrors = behind.map((mirror): ToldEvent => {
    const detail = { ...base, consumer: mirror.mirror, reason: explainCause(mirror.reason ?? 'unknown') };
    return { type: 'Consumer Lagging', id: id('mirror', mirror.mirror), detail };
  });
  const events = [...consumers, ...mirrors];
  const metrics = events.map((event): Metric => {
    if (event.type !== 'Consumer Converged') return count('ConsumerLagging');
    return { name: 'ConvergenceDuration', value: event.detail.convergenceMilliseconds, unit: 'Milliseconds' };
  });
  return told({ code: 'Propagated', message: '' }, events, metrics);
}

function composeChecks(report: ReportOf<'checks'>, id: Id): Telling {
  const base = story(report.plan, report.executionArn);
  const events = report.checks.map((check): ToldEvent => {
    const detail = { ...base, path: report.plan.path, check: check.name, type: check.type };
    if (check.ok) {
      const observed = typeof check.observed === 'string' ? { observed: check.observed } : {};
      return {
        type: 'Check Passed',
        id: id(check.name),
        detail: { ...detail, durationMilliseconds: check.durationMilliseconds ?? 0, ...observed },
      };
    }
    return {
      type: 'Check Failed',
      id: id(check.name),
      detail: { ...detail, code: check.code ?? 'CheckFailed', message: explainCause(check.cause) },
    };
  });
  const metrics = report.checks.map((check): Metric => {
    return { ...count(check.ok ? 'CheckPassed' : 'CheckFailed'), checkType: check.type };
  });
  return told({ code: 'Checked', message: explainChecks(report.checks) }, events, metrics);
}

function composeRollBack(report: ReportOf<'rolled-back'>, id: Id, durationMilliseconds: number): Telling {
  const failure = explainFailure(report.failure);
  const again = report.checksAgain.some((check) => !check.ok)
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
