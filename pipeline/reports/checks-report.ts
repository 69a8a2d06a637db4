import type { Metric, MetricName } from '../contracts/metrics.ts';
import type { CheckResult } from '../contracts/report.ts';
import {
  baseOf,
  type ComposedEvent,
  type ComposedReport,
  composed,
  count,
  type EventId,
  type ReportOf,
} from './composed.ts';
import { explainCause, explainChecks } from './failure.ts';

const metricOf: Readonly<Record<CheckResult['outcome'], MetricName>> = {
  passed: 'CheckPassed',
  failed: 'CheckFailed',
  inconclusive: 'CheckInconclusive',
};

/** Each check has its verdict, or none. */
export function composeChecks(report: ReportOf<'checks'>, id: EventId): ComposedReport {
  const events = report.checks.map((check) => checkEvent(report, check, id));
  const metrics = report.checks.map((check): Metric => ({ ...count(metricOf[check.outcome]), checkType: check.type }));
  return composed({ code: 'Checked', message: explainChecks(report.checks) }, events, metrics);
}

function checkEvent({ plan, executionArn }: ReportOf<'checks'>, check: CheckResult, id: EventId): ComposedEvent {
  const detail = { ...baseOf(plan, executionArn), path: plan.path, check: check.name, type: check.type };
  switch (check.outcome) {
    case 'passed': {
      const observed = typeof check.observed === 'string' ? { observed: check.observed } : {};
      const durationMilliseconds = check.durationMilliseconds ?? 0;
      return { type: 'Check Passed', id: id(check.name), detail: { ...detail, durationMilliseconds, ...observed } };
    }
    case 'failed': {
      const why = { code: check.code ?? 'CheckFailed', message: explainCause(check.cause) };
      return { type: 'Check Failed', id: id(check.name), detail: { ...detail, ...why } };
    }
    case 'inconclusive': {
      const why = { code: check.code ?? 'CheckInconclusive', message: explainCause(check.cause) };
      return { type: 'Check Inconclusive', id: id(check.name, check.outcome), detail: { ...detail, ...why } };
    }
  }
}
