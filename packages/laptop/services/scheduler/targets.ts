import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud } from '../../cloud.ts';
import { own } from '../../own.ts';
import type { Invocation } from './invocation.ts';
import { invalid, type Schedule, type ScheduleTarget } from './state.ts';
import { isUniversal, universalInvocation } from './universal-targets.ts';

/** What the laptop can call by a resource's ARN. https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html */
const templated: readonly (readonly [RegExp, name: string])[] = [
  [/^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:/, 'lambda:invoke'],
  [/^arn:aws:states:[a-z0-9-]+:\d{12}:stateMachine:/, 'sfn:startExecution'],
  [/^arn:aws:events:[a-z0-9-]+:\d{12}:event-bus\//, 'eventbridge:putEvents'],
  [/^arn:aws:sqs:[a-z0-9-]+:\d{12}:/, 'sqs:sendMessage'],
  [/^arn:aws:sns:[a-z0-9-]+:\d{12}:/, 'sns:publish'],
];

const templateOf = (arn: string) => templated.find(([pattern]) => pattern.test(arn))?.[1];

/** `arn:aws:scheduler:::aws-sdk:sqs:sendMessage`, whichever way the target is written. */
export function serviceArn(target: ScheduleTarget): string {
  return isUniversal(target.Arn) ? target.Arn : `arn:aws:scheduler:::aws-sdk:${templateOf(target.Arn)}`;
}

/** Refuses what a target lacks, and what the laptop lacks. */
export function checkTemplatedTarget(target: ScheduleTarget): void {
  const kind = templateOf(target.Arn);
  if (!kind)
    throw invalid(
      `${target.Arn} is not supported as a target on the laptop: Lambda, Step Functions, EventBridge, SQS and SNS are.`,
    );
  if (kind === 'eventbridge:putEvents' && !target.EventBridgeParameters)
    throw invalid('EventBridgeParameters must be specified for an EventBridge target.');
  if (target.Arn.endsWith('.fifo') && kind === 'sqs:sendMessage' && !target.SqsParameters?.MessageGroupId)
    throw invalid('SqsParameters with a MessageGroupId must be specified for a FIFO queue.');
  const wantsJson = kind !== 'sqs:sendMessage' && kind !== 'sns:publish';
  if (wantsJson && target.Input !== undefined && !isJson(target.Input))
    throw invalid('The Input of this target must be well-formed JSON.');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export interface Attempt {
  readonly number: number;
  readonly executionId: string;
  readonly scheduledTime: Date;
}

/** The call of one attempt. `input` is what the target's Input becomes once its context attributes are filled in. */
export async function invocationOf(
  cloud: Cloud,
  schedule: Schedule,
  attempt: Attempt,
): Promise<{ call: Invocation; input: string }> {
  const { Target: target } = schedule.input;
  const input = renderInput(cloud, schedule, attempt);
  if (isUniversal(target.Arn)) return { call: await universalInvocation(cloud, schedule, input), input };
  const [, , , region = '', , ...resource] = target.Arn.split(':');
  return { call: { ...templatedCall(cloud, target, input, resource.join(':')), region }, input };
}

function templatedCall(cloud: Cloud, target: ScheduleTarget, input: string, resource: string) {
  switch (templateOf(target.Arn)) {
    case 'lambda:invoke': {
      const Payload = new TextEncoder().encode(input);
      return {
        service: 'lambda',
        operation: 'Invoke',
        input: { FunctionName: target.Arn, InvocationType: 'Event', Payload },
      };
    }
    case 'sfn:startExecution':
      return { service: 'states', operation: 'StartExecution', input: { stateMachineArn: target.Arn, input } };
    case 'eventbridge:putEvents': {
      const entry = { ...target.EventBridgeParameters, EventBusName: target.Arn, Detail: input };
      return { service: 'events', operation: 'PutEvents', input: { Entries: [entry] } };
    }
    case 'sqs:sendMessage':
      return {
        service: 'sqs',
        operation: 'SendMessage',
        input: {
          QueueUrl: `${cloud.endpointUrl}/${cloud.accountId}/${resource}`,
          MessageBody: input,
          ...target.SqsParameters,
        },
      };
    case 'sns:publish':
      return { service: 'sns', operation: 'Publish', input: { TopicArn: target.Arn, Message: input } };
    default:
      throw new AwsError('ValidationException', `${target.Arn} is not supported as a target on the laptop.`);
  }
}

const seconds = (date: Date) => `${date.toISOString().slice(0, 19)}Z`;

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
function renderInput(cloud: Cloud, schedule: Schedule, attempt: Attempt): string {
  const { Input, Arn } = schedule.input.Target;
  if (Input === undefined) return isUniversal(Arn) ? '{}' : defaultInput(cloud, schedule, attempt);
  const attributes: Readonly<Record<string, string>> = {
    'schedule-arn': schedule.arn,
    'scheduled-time': seconds(attempt.scheduledTime),
    'execution-id': attempt.executionId,
    'attempt-number': String(attempt.number),
  };
  return Input.replace(/<aws\.scheduler\.([a-z-]+)>/g, (whole, name: string) => own(attributes, name) ?? whole);
}

/** The notification that a target without Input gets; its detail is a text. */
function defaultInput(cloud: Cloud, schedule: Schedule, attempt: Attempt): string {
  return JSON.stringify({
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: cloud.accountId,
    time: seconds(attempt.scheduledTime),
    region: schedule.region,
    resources: [schedule.arn],
    detail: '{}',
  });
}
