import type { CheckResult } from '../contracts/report.ts';
import {
  aboutOf,
  baseOf,
  type ComposedReport,
  composed,
  count,
  type EventId,
  type ReportOf,
  sentence,
} from './composed.ts';
import { explainChecks, explainFailure } from './failure.ts';
import { explainStepFailure, type StepFailure } from './step-failure.ts';

export function composeSuccess(
  report: ReportOf<'succeeded'>,
  id: EventId,
  durationMilliseconds: number,
): ComposedReport {
  const inconclusiveChecks = namesOf(report.checks, 'inconclusive');
  const detail = {
    ...baseOf(report.plan, report.executionArn),
    ...aboutOf(report.plan),
    durationMilliseconds,
    ...(inconclusiveChecks.length > 0 && { inconclusiveChecks }),
  };
  return composed(
    { code: 'Succeeded', message: '' },
    [{ type: 'Rotation Succeeded', id: id(), detail }],
    [count('RotationSucceeded'), { name: 'RotationDuration', value: durationMilliseconds, unit: 'Milliseconds' }],
  );
}

export function composeRollBack(
  report: ReportOf<'rolled-back'>,
  id: EventId,
  durationMilliseconds: number,
): ComposedReport {
  const { plan } = report;
  const failure = explainFailure(report.failure);
  const why = plan.path === 'roll-back' ? wordsOf(plan.startedBy) : 'failed its checks and was rolled back';
  const moved = report.rollBack?.wasMoved
    ? ' Another writer had moved AWSCURRENT back already; the roll-back made the target follow.'
    : '';
  const message = `${plan.secretName}: version ${plan.versionId} ${why} to ${plan.previousVersionId}.${moved} ${sentence(failure.message)} ${explainChecksAgain(report.checksAgain)}`;
  const detail = {
    ...baseOf(plan, report.executionArn),
    ...aboutOf(plan),
    restoredVersionId: plan.previousVersionId ?? '',
    code: failure.code,
    message,
    durationMilliseconds,
  };
  return composed(
    { code: 'RotationRolledBack', message },
    [{ type: 'Rotation Rolled Back', id: id(), detail }],
    [count('RotationRolledBack')],
  );
}

/** What started a roll-back that is an execution of its own. */
function wordsOf(startedBy: string): string {
  switch (startedBy) {
    case 'retirement':
      return 'failed a check that had no verdict before, and was rolled back by its retirement';
    case 'doctor':
      return 'was rolled back by keyturn doctor';
    case 'command-line':
      return 'was rolled back by keyturn roll-back';
    case 'dashboard':
      return 'was rolled back by the button of the dashboard';
    case 'event':
      return 'was rolled back at the request of an event';
    case 'audit':
      // Executions of earlier versions: a retirement or keyturn doctor.
      return 'was rolled back by a retirement or by keyturn doctor';
    default:
      return 'was rolled back by an execution that was started by hand';
  }
}

/** Whether the previous value works: where it fails too, the fault is not in the new value. */
function explainChecksAgain(checks: readonly CheckResult[]): string {
  const inconclusive = namesOf(checks, 'inconclusive');
  const unknown = inconclusive.length > 0 ? ` No verdict after the roll-back: ${inconclusive.join(', ')}.` : '';
  if (namesOf(checks, 'failed').length > 0) {
    return `After the roll-back these checks fail too, so the fault is not in the new value: ${sentence(explainChecks(checks))}${unknown}`;
  }
  return unknown === '' ? 'After the roll-back all checks pass.' : unknown.trim();
}

function namesOf(checks: readonly CheckResult[], outcome: CheckResult['outcome']): string[] {
  return checks.filter((check) => check.outcome === outcome).map(({ name }) => name);
}

/** `lastFailure`: the last step that failed on the way to a version that was not promoted, where the history has one. */
export function composeFailure(
  report: ReportOf<'failed'>,
  id: EventId,
  lastFailure: StepFailure | undefined,
): ComposedReport {
  const failure = explainFailure(report.failure);
  const named = report.plan ?? { secretArn: '', secretName: requestedSecret(report.input) };
  const step = lastFailure ? ` ${explainStepFailure(lastFailure)}` : '';
  const message = `${named.secretName}: ${step === '' ? failure.message : sentence(failure.message)}${step}`;
  // Nothing was rotated: the events of the checks say how they ended.
  if (report.plan?.path === 'checks-only') return composed({ code: failure.code, message }, []);
  const base = report.plan
    ? { ...baseOf(report.plan, report.executionArn), ...aboutOf(report.plan) }
    : { secretArn: '', secretName: named.secretName, executionArn: report.executionArn };
  return composed(
    { code: failure.code, message },
    [{ type: 'Rotation Failed', id: id(), detail: { ...base, code: failure.code, message } }],
    [count('RotationFailed')],
  );
}

/** Each rotation has published its own story; the fleet's is how far it came. */
export function composeFleet(report: ReportOf<'fleet'>): ComposedReport {
  const hurt = report.emergency
    ? ' Previous credentials were revoked at once; whom that hurt is in the Credential Retired events.'
    : '';
  const failed = report.failure && explainFailure(report.failure);
  const reached = `${report.succeeded} of ${report.selected} secrets were rotated.`;
  if (!failed) return composed({ code: 'Succeeded', message: `${reached}${hurt}` }, []);
  const message = `The fleet stopped: ${sentence(failed.message)} ${reached}${hurt}`;
  return composed({ code: failed.code, message }, []);
}

function requestedSecret(input: unknown): string {
  if (typeof input === 'object' && input && 'secretId' in input) return String(input.secretId);
  return 'a secret that the input does not name';
}
