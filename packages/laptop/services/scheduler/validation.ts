import type { Cloud } from '../../cloud.ts';
import { between, check, longest, oneOf, pattern, shortest } from '../constraints.ts';
import { mayAssume } from './delivery.ts';
import { invalid, type ScheduleInput } from './state.ts';
import { checkTemplatedTarget } from './targets.ts';
import { parseTiming } from './timing.ts';
import { checkUniversalTarget, isUniversal } from './universal-targets.ts';

const EARLIEST_START_MILLISECONDS = 5 * 60_000;

export const nameConstraints = [pattern('[0-9a-zA-Z-_.]+'), shortest(1), longest(64)] as const;

/** Targets of these kinds are refused rather than left undelivered. */
const unsupportedParameters = [
  'EcsParameters',
  'KinesisParameters',
  'SageMakerPipelineParameters',
  'EventBridgePutEventsV2Parameters',
  'EventBridgePutRawEventsParameters',
];

/** The constraints of the members. https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
export function checkScheduleMembers(input: ScheduleInput): void {
  const { Target: target, FlexibleTimeWindow: flexible } = input;
  check(
    ['name', input.Name, ...nameConstraints],
    ['groupName', input.GroupName, ...nameConstraints],
    ['scheduleExpression', input.ScheduleExpression, shortest(1), longest(256)],
    ['scheduleExpressionTimezone', input.ScheduleExpressionTimezone, shortest(1), longest(50)],
    ['description', input.Description, longest(512)],
    ['state', input.State, oneOf('ENABLED', 'DISABLED')],
    ['actionAfterCompletion', input.ActionAfterCompletion, oneOf('NONE', 'DELETE')],
    ['clientToken', input.ClientToken, pattern('[a-zA-Z0-9-_]+'), shortest(1), longest(64)],
    ['flexibleTimeWindow.mode', flexible.Mode, oneOf('OFF', 'FLEXIBLE')],
    ['flexibleTimeWindow.maximumWindowInMinutes', flexible.MaximumWindowInMinutes, between(1, 1440)],
    ['target.arn', target.Arn, shortest(1), longest(1600)],
    [
      'target.roleArn',
      target.RoleArn,
      pattern('arn:aws(-[a-z]+)?:iam::\\d{12}:role\\/[\\w+=,.@\\/-]+'),
      shortest(1),
      longest(1600),
    ],
    ['target.input', target.Input, shortest(1)],
    [
      'target.deadLetterConfig.arn',
      target.DeadLetterConfig?.Arn,
      pattern('arn:aws(-[a-z]+)?:sqs:[a-z0-9\\-]+:\\d{12}:[a-zA-Z0-9\\-_]+'),
    ],
    ['target.retryPolicy.maximumEventAgeInSeconds', target.RetryPolicy?.MaximumEventAgeInSeconds, between(60, 86_400)],
    ['target.retryPolicy.maximumRetryAttempts', target.RetryPolicy?.MaximumRetryAttempts, between(0, 185)],
    ['target.eventBridgeParameters.detailType', target.EventBridgeParameters?.DetailType, shortest(1), longest(128)],
    [
      'target.eventBridgeParameters.source',
      target.EventBridgeParameters?.Source,
      pattern('(?=[/\\.\\-_A-Za-z0-9]+)((?!aws\\.).*)|(\\$(\\.[\\w_-]+(\\[(\\d+|\\*)\\])*)*)'),
      shortest(1),
      longest(256),
    ],
    ['target.sqsParameters.messageGroupId', target.SqsParameters?.MessageGroupId, shortest(1), longest(128)],
  );
  const unsupported = unsupportedParameters.find((name) => name in target);
  if (unsupported) throw invalid(`Target.${unsupported} is not supported on the laptop.`);
}

/** What the members mean together, in the order in which AWS complains. */
export async function checkScheduleMeaning(cloud: Cloud, input: ScheduleInput, groupArn: string): Promise<void> {
  const { Target: target, FlexibleTimeWindow: flexible, StartDate, EndDate } = input;
  const timeZone = input.ScheduleExpressionTimezone ?? 'UTC';
  if (!isTimeZone(timeZone)) throw invalid(`Invalid ScheduleExpressionTimezone ${timeZone}.`);
  if (!parseTiming(input.ScheduleExpression, timeZone)) {
    throw invalid(`Invalid Schedule Expression ${input.ScheduleExpression}.`);
  }
  if (flexible.Mode === 'FLEXIBLE' && flexible.MaximumWindowInMinutes === undefined) {
    throw invalid('MaximumWindowInMinutes must be provided when the FlexibleTimeWindow mode is FLEXIBLE.');
  }
  if (flexible.Mode === 'OFF' && flexible.MaximumWindowInMinutes !== undefined) {
    throw invalid('MaximumWindowInMinutes must not be provided when the FlexibleTimeWindow mode is OFF.');
  }
  if (StartDate && StartDate.getTime() < cloud.clock.now().getTime() - EARLIEST_START_MILLISECONDS) {
    throw invalid('The StartDate you specify cannot be earlier than 5 minutes ago.');
  }
  if (StartDate && EndDate && EndDate <= StartDate) {
    throw invalid('The EndDate you specify must come after the StartDate.');
  }
  if (isUniversal(target.Arn)) await checkUniversalTarget(cloud, target);
  else checkTemplatedTarget(target);
  if (!(await mayAssume(cloud, target.RoleArn, groupArn))) {
    throw invalid('The execution role you provide must allow AWS EventBridge Scheduler to assume the role.');
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
