import { hasReportedItself } from '../contracts/own-report.ts';
import type { Report } from '../contracts/report.ts';
import { composeChecks } from './checks-report.ts';
import {
  aboutOf,
  baseOf,
  type ComposedReport,
  composed,
  count,
  type EventId,
  idsOf,
  type ReportOf,
} from './composed.ts';
import { composeConverged, composeLagging, composePropagated } from './convergence-report.ts';
import { composeRetired, composeRetirementBlocked, composeRetirementFailed } from './retirement-report.ts';
import { composeFailure, composeFleet, composeRollBack, composeSuccess } from './rotation-outcome.ts';
import type { StepFailure } from './step-failure.ts';

/** What the history adds to a report. Without it a report says less, and a lag that is known counts again. */
export interface Hindsight {
  /** The last step that failed on the way to a version that was not promoted. */
  readonly lastFailure?: StepFailure;
  /** Ids of events that were published before. */
  readonly publishedIds?: ReadonlySet<string>;
}

/**
 * Turns a report into events, metrics and words. Pure; the same report gives the same event ids, so publishing it twice is
 * harmless.
 */
export function composeReport(report: Report, now: Date, hindsight: Hindsight = {}): ComposedReport {
  const id = idsOf(report);
  const durationMilliseconds = now.getTime() - new Date(report.startedAt).getTime();
  switch (report.report) {
    case 'started':
      return composeStart(report, id);
    case 'promoted':
      return composePromotion(report, id);
    case 'propagated':
      return composePropagated(report, { now, ...hindsight });
    case 'converged':
      return composeConverged(report);
    case 'lagging':
      return composeLagging(report, hindsight);
    case 'checks':
      return composeChecks(report, id);
    case 'execution-ended':
      return composed(
        { code: report.status, message: '' },
        [],
        hasReportedItself(report) ? [] : [count('ExecutionFailed')],
      );
    case 'succeeded':
      return composeSuccess(report, id, durationMilliseconds);
    case 'rolled-back':
      return composeRollBack(report, id, durationMilliseconds);
    case 'failed':
      return composeFailure(report, id, hindsight.lastFailure);
    case 'fleet':
      return composeFleet(report);
    case 'retired':
      return composeRetired(report, id);
    case 'retirement-blocked':
      return composeRetirementBlocked(report, id);
    case 'retirement-failed':
      return composeRetirementFailed(report, id);
  }
}

function composeStart({ plan, executionArn }: ReportOf<'started'>, id: EventId): ComposedReport {
  const detail = {
    ...baseOf(plan, executionArn),
    ...aboutOf(plan),
    path: plan.path,
    previousVersionId: plan.previousVersionId ?? undefined,
  };
  return composed({ code: 'Started', message: '' }, [{ type: 'Rotation Started', id: id(), detail }]);
}

function composePromotion({ plan, executionArn }: ReportOf<'promoted'>, id: EventId): ComposedReport {
  const detail = { ...baseOf(plan, executionArn), previousVersionId: plan.previousVersionId ?? undefined };
  return composed({ code: 'Promoted', message: '' }, [{ type: 'Secret Promoted', id: id(), detail }]);
}
