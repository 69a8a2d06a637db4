import { sleep } from '../../clock.ts';
import type { Cloud } from '../../cloud.ts';
import { AwsError, type Principal } from '../../service.ts';
import { renderInput, type TargetInput } from './input.ts';

export interface Target extends TargetInput {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly DeadLetterConfig?: { Arn?: string };
  readonly RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
  readonly SqsParameters?: { MessageGroupId?: string };
}

export interface Delivery {
  readonly rule: { name: string; arn: string };
  readonly target: Target;
  readonly event: Record<string, unknown>;
}

const DEFAULT_ATTEMPTS = 185;
const DEFAULT_AGE_SECONDS = 86_400;
const FIRST_PAUSE_MILLISECONDS = 200;
const LONGEST_PAUSE_MILLISECONDS = 60_000;

/** Errors that another attempt does not mend: straight to the dead-letter queue. */
const permanentCodes = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'ResourceNotFoundException',
  'StateMachineDoesNotExist',
  'QueueDoesNotExist',
  'NotFound',
  'InvalidExecutionInput',
  'InvalidArn',
  'ValidationException',
]);

/**
 * Delivers one event to one target, with retries and a dead-letter queue.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html
 */
export async function deliver(cloud: Cloud, delivery: Delivery, signal: AbortSignal): Promise<void> {
  const { target } = delivery;
  const input = renderInput(target, delivery.event, delivery.rule, cloud.clock.now());
  const attempts = target.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_ATTEMPTS;
  const deadline =
    cloud.clock.now().getTime() + (target.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS) * 1000;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await invokeTarget(cloud, delivery, input, signal);
    } catch (error) {
      if (signal.aborted) return;
      const isPermanent = error instanceof AwsError && permanentCodes.has(error.code);
      const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** attempt, LONGEST_PAUSE_MILLISECONDS);
      const isExhausted = attempt >= attempts || cloud.clock.now().getTime() + pause > deadline;
      if (isPermanent || isExhausted) return bury(cloud, delivery, input, error, { attempt, isPermanent });
      await sleep(cloud.clock, pause, signal).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

async function invokeTarget(cloud: Cloud, delivery: Delivery, input: string, signal: AbortSignal): Promise<void> {
  const { target, rule } = delivery;
  const [, , service, region, , ...rest] = target.Arn.split(':');
  const kind = `${service}:${rest[0]?.split('/')[0]}`;
  const call = (serviceName: string, operation: string, callInput: unknown) =>
    cloud.call({
      service: serviceName,
      operation,
      input: callInput,
      principal: principalFor(cloud, delivery),
      region: region || cloud.region,
      signal,
    });
  const payload = new TextEncoder().encode(input);
  if (service === 'lambda')
    return void (await call('lambda', 'Invoke', {
      FunctionName: target.Arn,
      InvocationType: 'Event',
      Payload: payload,
    }));
  if (kind === 'states:stateMachine')
    return void (await call('states', 'StartExecution', { stateMachineArn: target.Arn, input }));
  if (service === 'sqs') {
    const queueUrl = `${cloud.endpointUrl}/${cloud.accountId}/${rest[0]}`;
    const group = target.SqsParameters?.MessageGroupId;
    return void (await call('sqs', 'SendMessage', {
      QueueUrl: queueUrl,
      MessageBody: input,
      ...(group && { MessageGroupId: group }),
    }));
  }
  if (service === 'sns') return void (await call('sns', 'Publish', { TopicArn: target.Arn, Message: input }));
  if (kind === 'events:event-bus') {
    const { source, 'detail-type': detailType, detail, resources } = delivery.event as Record<string, any>;
    const entry = {
      EventBusName: target.Arn,
      Source: source,
      DetailType: detailType,
      Detail: JSON.stringify(detail),
      Resources: resources,
    };
    return void (await call('events', 'PutEvents', { Entries: [entry] }));
  }
  throw new AwsError(
    'ValidationException',
    `Target ${target.Id} of rule ${rule.name}: ${target.Arn} is not supported on the laptop.`,
  );
}

/** The target's role where it has one; else EventBridge itself, admitted by the target's own policy. */
function principalFor(cloud: Cloud, { target, rule }: Delivery): Principal {
  if (target.RoleArn) return cloud.assumeRole(target.RoleArn, `events-${rule.name}`.slice(0, 64)).principal;
  const arn = 'events.amazonaws.com';
  return { kind: 'service', arn, identityArn: arn, servicePrincipal: arn, sessionName: rule.arn };
}

async function bury(
  cloud: Cloud,
  delivery: Delivery,
  input: string,
  error: unknown,
  end: { attempt: number; isPermanent: boolean },
): Promise<void> {
  const { target, rule } = delivery;
  const code = error instanceof AwsError ? error.code : 'SDK_CLIENT_ERROR';
  const message = error instanceof Error ? error.message : String(error);
  const queueArn = target.DeadLetterConfig?.Arn;
  if (!queueArn) return cloud.log(`events: rule ${rule.name} gave up on ${target.Arn}: ${code}: ${message}`);
  const text = (value: string) => ({ DataType: 'String', StringValue: value });
  const service = 'events.amazonaws.com';
  await cloud.call({
    service: 'sqs',
    operation: 'SendMessage',
    input: {
      QueueUrl: `${cloud.endpointUrl}/${cloud.accountId}/${queueArn.split(':')[5]}`,
      MessageBody: input,
      MessageAttributes: {
        RULE_ARN: text(rule.arn),
        TARGET_ARN: text(target.Arn),
        ERROR_CODE: text(code),
        ERROR_MESSAGE: text(message),
        EXHAUSTED_RETRY_CONDITION: text(end.isPermanent ? 'NonRetryableError' : 'MaximumRetryAttempts'),
        RETRY_ATTEMPTS: text(String(end.attempt)),
      },
    },
    principal: {
      kind: 'service',
      arn: service,
      identityArn: service,
      servicePrincipal: service,
      sessionName: rule.arn,
    },
  });
}
