import { dueAfter } from './due-date.ts';
import { finding, howLong, type Rule } from './finding.ts';

/** Secrets Manager's own window may be a day long. https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html */
const NATIVE_TOLERANCE_MILLISECONDS = 24 * 3_600_000;
const LEAST_TOLERANCE_MILLISECONDS = 10 * 60_000;

/** Secrets Manager rotates only what has rotation on, and only with the function that is configured. */
export const findRotationOff: Rule = (observed) => {
  const { secret, settings } = observed;
  if (!settings.rotated || (secret.rotationEnabled !== false && secret.rotationFunctionArn)) return [];
  const what = secret.rotationFunctionArn ? 'rotation is turned off' : 'it has no rotation function';
  const message = `${what}, although the manifest says that it is rotated. Deploy the pipeline's stack, or turn rotation on again.`;
  return [finding(observed, 'RotationOff', message, { command: 'cdk deploy' })];
};

/**
 * Overdue, by the schedule of the workflow where there is one, else by Secrets Manager's own date. The tolerance is a
 * tenth of the interval, a day at the most; what is being rotated is late, not overdue.
 */
export const findOverdue: Rule = (observed, now) => {
  const { secret, settings, dates } = observed;
  if (!settings.rotated || observed.isRotating) return [];
  const last = dates.lastRotatedAt ?? dates.managedSince ?? dates.createdAt;
  const scheduled = settings.schedule && last ? dueAfter(settings.schedule, last) : undefined;
  const due = scheduled ?? dates.nextRotationAt;
  if (!due || !last) return [];
  const tenth = (due.getTime() - last.getTime()) / 10;
  const tolerance = scheduled
    ? Math.min(NATIVE_TOLERANCE_MILLISECONDS, Math.max(LEAST_TOLERANCE_MILLISECONDS, tenth)) +
      settings.promotionTimeoutSeconds * 1000
    : NATIVE_TOLERANCE_MILLISECONDS;
  const late = now.getTime() - due.getTime();
  if (late < tolerance) return [];
  const since = dates.lastRotatedAt ? `was last rotated at ${dates.lastRotatedAt.toISOString()}` : 'was never rotated';
  const message = `${since} and was due ${howLong(late)} ago (${settings.schedule?.expression ?? 'the native schedule'}).`;
  return [finding(observed, 'SecretOverdue', message, { command: `keyturn rotate ${secret.name} --wait` })];
};
