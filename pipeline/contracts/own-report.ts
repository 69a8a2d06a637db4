/** Machines whose last report rings an alarm of its own. The report of a fleet that stops rings none. */
export const reportingMachines = ['rotate-secret', 'retire-credential', 'await-convergence'] as const;

/** What the machines end with where the report of their end could not be made. */
const REPORT_FAILED = 'ReportFailed';

/**
 * Errors of Step Functions that a state of a machine catches, and that are then reported. The others, such as
 * `States.DataLimitExceeded` and `States.Runtime`, end an execution past every Catch.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
const CAUGHT = new Set(['States.TaskFailed', 'States.Timeout', 'States.HeartbeatTimeout', 'States.Permissions']);

/** `arn:aws:states:us-east-1:111122223333:execution:keyturn-rotate-secret:name` */
export function isOfReportingMachine(executionArn: string): boolean {
  const machine = executionArn.split(':')[6] ?? '';
  return reportingMachines.some((name) => machine.endsWith(`-${name}`));
}

/**
 * Whether an execution that ended badly has said so itself: then its own alarm rings. A repair that fails is answered to the
 * person who asked for it, and its finding stays. Pure; in doubt it has not.
 */
export function hasReportedItself(ended: {
  executionArn: string;
  status: string;
  error?: string | undefined;
}): boolean {
  const { executionArn, status, error } = ended;
  if (status !== 'FAILED' || !error || !isOfReportingMachine(executionArn)) return false;
  if (error === REPORT_FAILED) return false;
  return CAUGHT.has(error) || !error.startsWith('States.');
}
