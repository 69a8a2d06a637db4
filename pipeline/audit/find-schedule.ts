import { AWSCURRENT } from '../contracts/labels.ts';
import type { SecretDescription } from '../rotation/secret-store.ts';
import { isInFlight } from '../rotation/version-labels.ts';
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
  const message = `${what}, although the manifest says that it is rotated.`;
  return [finding(observed, 'RotationOff', message, { person: turnOn(secret) })];
};

/**
 * CloudFormation sees no difference where another hand turned rotation off, so a deployment alone does not turn it on.
 * CancelRotateSecret keeps the function and the rules. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html
 */
function turnOn({ name, rotationFunctionArn }: SecretDescription): string {
  const rotate = `aws secretsmanager rotate-secret --secret-id ${name} --no-rotate-immediately`;
  if (rotationFunctionArn) return rotate;
  return `Deploy the pipeline's stack. Where CloudFormation finds nothing to change: ${rotate} --rotation-lambda-arn FUNCTION_ARN`;
}

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
  const current = secret.versionWith(AWSCURRENT);
  const isInGrace = current !== undefined && isInFlight(secret, current);
  const person = `keyturn rotate ${secret.name} --wait${isInGrace ? ' --retire-now' : ''}`;
  return [finding(observed, 'SecretOverdue', message, { person })];
};
