import type { CheckResult } from '../contracts/report.ts';
import { type ComposedReport, composed, count, type EventId, type ReportOf } from './composed.ts';
import { explainCause, explainFailure } from './failure.ts';

export function composeRetired(report: ReportOf<'retired'>, id: EventId): ComposedReport {
  const { observed, blockers } = report.evidence;
  const detail = { ...retirementOf(report), retiredVersionId: report.retirement.previousVersionId, observed };
  // Only an emergency retires what is in use: the event names those who used it.
  const hurt = blockers.length > 0 ? { hurt: blockers } : {};
  const message = blockers.length > 0 ? `revoked while used by ${blockers.join(', ')}` : observed;
  return composed(
    { code: 'Retired', message },
    [{ type: 'Credential Retired', id: id(), detail: { ...detail, ...hurt } }],
    [count('CredentialRetired')],
  );
}

/** The previous credential is in use, may be in use until a moment that is known, or a check has no verdict. */
export function composeRetirementBlocked(report: ReportOf<'retirement-blocked'>, id: EventId): ComposedReport {
  const { previousVersionId, secretName } = report.retirement;
  const { blockers } = report.evidence;
  const inconclusive = (report.checks ?? []).filter(({ outcome }) => outcome === 'inconclusive');
  const message = `${secretName}: ${explainBlock(report.evidence, inconclusive)}`;
  const detail = { ...retirementOf(report), previousVersionId, blockers, message, attempt: report.attempt };
  return composed(
    { code: 'RetirementBlocked', message },
    [{ type: 'Retirement Blocked', id: id(String(report.attempt)), detail }],
    blockers.length > 0 || inconclusive.length > 0 ? [count('RetirementBlocked')] : [],
  );
}

function explainBlock(
  { blockers, observed, notBefore }: ReportOf<'retirement-blocked'>['evidence'],
  inconclusive: readonly CheckResult[],
): string {
  if (blockers.length > 0) {
    return `the previous credential is still used by ${blockers.join(', ')}. It is retired when they have gone.`;
  }
  if (inconclusive.length > 0) {
    const checks = inconclusive.map(({ name, code, cause }) => `${name} (${code}: ${explainCause(cause)})`);
    return `the previous credential is kept because checks reached no verdict: ${checks.join('; ')}. They are asked again.`;
  }
  return `the previous credential may be in use until ${notBefore}. ${observed}`;
}

export function composeRetirementFailed(report: ReportOf<'retirement-failed'>, id: EventId): ComposedReport {
  const { previousVersionId, secretName } = report.retirement;
  const failure = explainFailure(report.failure);
  const message = `${secretName}: version ${previousVersionId} could not be retired. ${failure.message}`;
  const detail = { ...retirementOf(report), previousVersionId, blockers: [], message };
  return composed(
    { code: failure.code, message },
    [{ type: 'Retirement Blocked', id: id(), detail }],
    [count('RetirementBlocked')],
  );
}

function retirementOf({ retirement, executionArn }: ReportOf<'retired' | 'retirement-blocked' | 'retirement-failed'>) {
  const { secretArn, secretName, versionId } = retirement;
  return { secretArn, secretName, versionId, executionArn };
}
