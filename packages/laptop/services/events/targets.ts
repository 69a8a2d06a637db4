import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud, type Principal } from '../../cloud.ts';
import { servicePrincipal } from '../../identity/principals.ts';
import { serviceMayAssume } from '../iam/trust.ts';
import { type GivenUp, withRetries } from '../retries.ts';
import { renderInput } from './input.ts';
import { type BusEvent, forwarded } from './state.ts';
import type { Target } from './target.ts';

export interface Delivery {
  readonly rule: { name: string; arn: string };
  readonly target: Target;
  readonly event: BusEvent;
  /** A rule of another bus, or of this one, has sent it here. */
  readonly wasForwarded: boolean;
}

const EVENTS = 'events.amazonaws.com';
const DEFAULT_RETRIES = 185;
const DEFAULT_AGE_SECONDS = 86_400;

export type TargetKind = 'lambda' | 'states' | 'sqs' | 'sns' | 'events';

/** What the laptop delivers to; undefined for everything else. */
export function kindOfTarget(arn: string): TargetKind | undefined {
  const [, , service, , , resource = '', name = ''] = arn.split(':');
  if (service === 'lambda') return resource === 'function' && name ? 'lambda' : undefined;
  if (service === 'states') return resource === 'stateMachine' ? 'states' : undefined;
  if (service === 'events') return resource.startsWith('event-bus/') ? 'events' : undefined;
  return service === 'sqs' || service === 'sns' ? service : undefined;
}

/**
 * Delivers one event to one target, with retries and a dead-letter queue.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html
 */
export async function deliver(cloud: Cloud, delivery: Delivery, signal: AbortSignal): Promise<void> {
  const { target, event, rule } = delivery;
  const { RetryPolicy: policy } = target;
  const limits = {
    retries: policy?.MaximumRetryAttempts ?? DEFAULT_RETRIES,
    ageSeconds: policy?.MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS,
  };
  const input = renderInput(target, event, rule, cloud.clock.now());
  if (input === undefined) {
    const error = new AwsError('INVALID_JSON', 'The input template filled from the event is not JSON.');
    return bury(cloud, delivery, { error, retries: 0 });
  }
  const givenUp = await withRetries(cloud.clock, limits, signal, () => invokeTarget(cloud, delivery, input, signal));
  if (givenUp) await bury(cloud, delivery, givenUp);
}

async function invokeTarget(cloud: Cloud, delivery: Delivery, input: string, signal: AbortSignal): Promise<void> {
  const { target, event } = delivery;
  const kind = kindOfTarget(target.Arn);
  const [, , , region, , resource = ''] = target.Arn.split(':');
  const principal = await principalFor(cloud, delivery);
  const call = (service: string, operation: string, callInput: unknown) =>
    cloud.call({ service, operation, input: callInput, principal, region: region || cloud.region, signal });
  switch (kind) {
    case 'lambda':
      await call('lambda', 'Invoke', {
        FunctionName: target.Arn,
        InvocationType: 'Event',
        Payload: new TextEncoder().encode(input),
      });
      return;
    case 'states':
      await call('states', 'StartExecution', {
        stateMachineArn: target.Arn,
        name: `${event.id}_${randomUUID()}`,
        input,
      });
      return;
    case 'sqs': {
      const group = target.SqsParameters?.MessageGroupId;
      const message = { QueueUrl: queueUrl(cloud, resource), MessageBody: input };
      await call('sqs', 'SendMessage', { ...message, ...(group && { MessageGroupId: group }) });
      return;
    }
    case 'sns':
      await call('sns', 'Publish', { TopicArn: target.Arn, Message: input });
      return;
    case 'events':
      if (delivery.wasForwarded) throw forwardedBefore(event);
      await call('events', 'PutEvents', { Entries: [forwardedEntry(target.Arn, event)] });
      return;
    default:
      throw new AwsError('ValidationException', `${target.Arn} is of a kind that the laptop does not deliver to.`);
  }
}

/**
 * EventBridge sends no event on to a further bus, nor back to the first.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html; the dead-letter queue gets these words.
 */
function forwardedBefore(event: BusEvent): AwsError {
  return new AwsError(
    'THIRD_ACCOUNT_HOP_DETECTED',
    `Event ingestion rejected for event ${event.id} because an event can be sent to an event bus target only once. This event was previously delivered to an event bus target.`,
  );
}

const ownCodes = new Set(['INVALID_JSON', 'FAILED_TO_ASSUME_ROLE', 'THIRD_ACCOUNT_HOP_DETECTED']);

const queueUrl = (cloud: Cloud, name: string) => `${cloud.endpointUrl}/${cloud.accountId}/${name}`;

function forwardedEntry(busArn: string, event: BusEvent): Record<string | symbol, unknown> {
  return {
    EventBusName: busArn,
    Source: event.source,
    DetailType: event['detail-type'],
    Detail: JSON.stringify(event.detail),
    Resources: event.resources,
    [forwarded]: event,
  };
}

/** The target's role where it has one; else EventBridge itself, admitted by the target's own policy. */
async function principalFor(cloud: Cloud, { target, rule }: Delivery): Promise<Principal> {
  if (!target.RoleArn) return servicePrincipal(EVENTS, rule.arn);
  if (!(await serviceMayAssume(cloud, target.RoleArn, EVENTS, rule.arn)))
    throw new AwsError('FAILED_TO_ASSUME_ROLE', `${EVENTS} may not assume the role ${target.RoleArn}.`);
  return cloud.assumeRole(target.RoleArn, `events-${rule.name}`.slice(0, 64)).principal;
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
async function bury(cloud: Cloud, { target, rule, event }: Delivery, end: GivenUp): Promise<void> {
  const message = end.error instanceof Error ? end.error.message : String(end.error);
  const queueArn = target.DeadLetterConfig?.Arn;
  if (!queueArn) return cloud.log(`events: rule ${rule.name} gave up on ${target.Arn}: ${message}`);
  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  await cloud.call({
    service: 'sqs',
    operation: 'SendMessage',
    input: {
      QueueUrl: queueUrl(cloud, String(queueArn.split(':')[5])),
      MessageBody: JSON.stringify(event),
      MessageAttributes: {
        RULE_ARN: text(rule.arn),
        TARGET_ARN: text(target.Arn),
        ERROR_CODE: text(deadLetterCode(end.error)),
        ERROR_MESSAGE: text(message),
        ...(end.exhausted && { EXHAUSTED_RETRY_CONDITION: text(end.exhausted) }),
        RETRY_ATTEMPTS: text(String(end.retries)),
      },
    },
    principal: servicePrincipal(EVENTS, rule.arn),
    region: queueArn.split(':')[3] || cloud.region,
  });
}

function deadLetterCode(error: unknown): string {
  if (!(error instanceof AwsError)) return 'SDK_CLIENT_ERROR';
  if (ownCodes.has(error.code)) return error.code;
  if (/AccessDenied|AuthorizationError|NotAuthorized/.test(error.code)) return 'NO_PERMISSIONS';
  if (/NotFound|DoesNotExist|NonExistent/.test(error.code)) return 'NO_RESOURCE';
  if (/Throttl|TooManyRequests/.test(error.code) || error.httpStatus === 429) return 'THROTTLING';
  if (/^Invalid|Validation/.test(error.code)) return 'INVALID_PARAMETER';
  return error.httpStatus >= 500 ? 'ERROR_FROM_TARGET' : 'UNKNOWN';
}
