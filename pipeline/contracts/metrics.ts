/**
 * The pipeline's metrics: a fixed number whatever the number of secrets, since a metric or an alarm per secret costs a
 * thousand times the rotation. Which secret it was is in the event, the log line and the notice.
 */
export const METRIC_NAMESPACE = 'Keyturn';

export const metricNames = [
  'RotationSucceeded',
  'RotationFailed',
  'RotationRolledBack',
  'RotationDuration',
  'ConvergenceDuration',
  'CheckFailed',
  'CheckPassed',
  'CheckInconclusive',
  'CredentialRetired',
  'RetirementBlocked',
  'ConsumerLagging',
  'SecretOverdue',
  'DriftFound',
  'AuditCompleted',
  'ExecutionFailed',
] as const;

export type MetricName = (typeof metricNames)[number];

export interface Metric {
  readonly name: MetricName;
  readonly value: number;
  readonly unit: 'Count' | 'Milliseconds';
  /** Published a second time under this dimension: there are six types of checks, however many secrets. */
  readonly checkType?: string;
}
