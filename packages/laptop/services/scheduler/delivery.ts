import { randomBytes } from 'node:crypto';
import { AwsError, type Cloud } from '../../cloud.ts';
import { rolePrincipal } from '../../identity/principals.ts';
import { serviceMayAssume } from '../iam/trust.ts';
import { type GivenUp, withRetries } from '../retries.ts';
import type { Schedule } from './state.ts';
import { type Attempt, invocationOf, serviceArn } from './targets.ts';

const DEFAULT_RETRIES = 185;
const DEFAULT_AGE_SECONDS = 86_400;

export const retryPolicyOf = (schedule: Pick<Schedule, 'input'>) => ({
  MaximumEventAgeInSeconds: schedule.input.Target.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS,
  MaximumRetryAttempts: schedule.input.Target.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRIES,
});

/** Calls the target as the schedule's role, again and again if need be, and at last its dead-letter queue. */
export async function deliver(
  cloud: Cloud,
  schedule: Schedule,
  scheduledTime: Date,
  signal: AbortSignal,
): Promise<void> {
  const policy = retryPolicyOf(schedule);
  const limits = { retries: policy.MaximumRetryAttempts, ageSeconds: policy.MaximumEventAgeInSeconds };
  let last: { attempt: Attempt; input: string } | undefined;
  const givenUp = await withRetries(cloud.clock, limits, signal, async (number) => {
    // Each attempt has an id of its own.
    const attempt = { number, scheduledTime, executionId: randomBytes(8).toString('hex') };
    last = { attempt, input: schedule.input.Target.Input ?? '' };
    const { call, input } = await invocationOf(cloud, schedule, attempt);
    last = { attempt, input };
    const output = await cloud.call<PutEventsOutput | undefined>({
      ...call,
      principal: await roleOf(cloud, schedule),
      signal,
    });
    refuseFailedEntries(output);
  });
  if (givenUp && last) await bury(cloud, schedule, givenUp, last);
}

interface PutEventsOutput {
  FailedEntryCount?: number;
  Entries?: { ErrorCode?: string; ErrorMessage?: string }[];
}

/** PutEvents answers 200 to an event that it did not take. */
function refuseFailedEntries(output: PutEventsOutput | undefined): void {
  const failed = output?.FailedEntryCount ? output.Entries?.find((entry) => entry.ErrorCode) : undefined;
  if (failed) throw new AwsError(failed.ErrorCode as string, failed.ErrorMessage ?? '');
}

export async function roleOf(cloud: Cloud, schedule: Schedule) {
  const { RoleArn } = schedule.input.Target;
  if (!(await mayAssume(cloud, RoleArn, schedule.group.arn))) {
    throw new AwsError('AccessDeniedException', `EventBridge Scheduler is not allowed to assume the role ${RoleArn}.`);
  }
  return rolePrincipal(cloud.accountId, RoleArn, schedule.name);
}

/** The source that a role's trust policy may ask for is the group. https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html */
export function mayAssume(cloud: Cloud, roleArn: string, groupArn: string): Promise<boolean> {
  return serviceMayAssume(cloud, roleArn, 'scheduler.amazonaws.com', groupArn);
}

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html */
async function bury(
  cloud: Cloud,
  schedule: Schedule,
  givenUp: GivenUp,
  last: { attempt: Attempt; input: string },
): Promise<void> {
  const { Target: target } = schedule.input;
  const { error } = givenUp;
  const code = error instanceof AwsError ? error.code : 'AWS.Scheduler.InternalServerError';
  const message = error instanceof AwsError ? error.message : 'Unexpected error occurred while processing the request';
  if (!(error instanceof AwsError))
    cloud.log(`scheduler: ${schedule.arn}: ${error instanceof Error ? error.stack : error}`);
  const queueArn = target.DeadLetterConfig?.Arn;
  if (!queueArn) return cloud.log(`scheduler: ${schedule.arn} gave up on ${target.Arn}: ${code}: ${message}`);
  const texts: Readonly<Record<string, string>> = {
    ERROR_CODE: code,
    ERROR_MESSAGE: message,
    EXECUTION_ID: last.attempt.executionId,
    ...(givenUp.exhausted ? { EXHAUSTED_RETRY_CONDITION: givenUp.exhausted } : {}),
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: String(givenUp.retries),
    SCHEDULED_TIME: `${last.attempt.scheduledTime.toISOString().slice(0, 19)}Z`,
    SCHEDULE_ARN: schedule.arn,
    TARGET_ARN: serviceArn(target),
  };
  try {
    await cloud.call({
      service: 'sqs',
      operation: 'SendMessage',
      region: queueArn.split(':')[3] as string,
      input: {
        QueueUrl: `${cloud.endpointUrl}/${cloud.accountId}/${queueArn.split(':')[5]}`,
        MessageBody: last.input === '' ? '{}' : last.input,
        MessageAttributes: Object.fromEntries(
          Object.entries(texts).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
        ),
      },
      principal: await roleOf(cloud, schedule),
    });
  } catch (refusal) {
    if (!(refusal instanceof AwsError)) throw refusal;
    cloud.log(
      `scheduler: ${schedule.arn} gave up on ${target.Arn}: ${code}: ${message}; its dead-letter queue ${queueArn} took nothing: ${refusal.message}`,
    );
  }
}
