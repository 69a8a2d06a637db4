import { Lazy, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { REQUESTER_ARN } from '../pipeline/contracts/event-requests.ts';
import { EVENT_SOURCE } from '../pipeline/contracts/events.ts';
import type { BundledFunction } from './bundled-function.ts';
import { anythingBut, ownRule } from './own-rule.ts';

/** @internal */
export interface PipelineBusProps {
  readonly pipelineName: string;
  /** ARNs of the roles and users that may put `Rotation Requested`, and nothing else. */
  readonly requesters: readonly string[];
}

export const REQUEST = 'Rotation Requested';

/**
 * The pipeline's own event bus: its story, and requests for rotations. In one account an identity policy is enough to put
 * events on any bus, so this bus's policy denies. An administrator is denied as well, unless the manifest names the role.
 *
 * `aws:PrincipalArn` is the ARN of the role, not of its session, and a key that is missing does not equal anything.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
 */
export class PipelineBus extends Construct {
  readonly bus: events.EventBus;
  readonly #publishers: string[] = [];

  constructor(scope: Construct, id: string, { pipelineName, requesters }: PipelineBusProps) {
    super(scope, id);
    for (const requester of requesters) expectRequester(requester);
    this.bus = new events.EventBus(this, 'Bus', { eventBusName: pipelineName });
    const denied = { Effect: 'Deny', Principal: '*', Action: 'events:PutEvents', Resource: this.bus.eventBusArn };
    const others = (...roles: readonly string[]) => ({
      ArnNotEquals: { 'aws:PrincipalArn': Lazy.list({ produce: () => [...this.#publishers, ...roles] }) },
    });
    this.#deny('OthersPutNothing', { ...denied, Condition: others(...requesters) });
    // An event is put with others in one call: each of them has a detail-type.
    this.#deny('RequestersPutRequests', {
      ...denied,
      Condition: { ...others(), 'ForAnyValue:StringNotEquals': { 'events:detail-type': REQUEST } },
    });
  }

  /** Lets a function publish the story: events of the pipeline's own source, on this bus alone. */
  mayPublish(bundled: BundledFunction): void {
    bundled.function.addEnvironment('EVENT_BUS_NAME', this.bus.eventBusName);
    // `events:source` has a value for each entry.
    bundled.allow(['events:PutEvents'], [this.bus.eventBusArn], {
      'ForAllValues:StringEquals': { 'events:source': EVENT_SOURCE },
      Null: { 'events:source': 'false' },
    });
    this.#publishers.push(bundled.role.roleArn);
  }

  /**
   * One hop to the account's default bus, for people's own rules. Requests are not forwarded, and nothing comes back: no rule
   * of Keyturn's matches its own source on the default bus.
   */
  forwardStory(deadLetterQueue: sqs.IQueue): void {
    const defaultBus = events.EventBus.fromEventBusName(this, 'DefaultBus', 'default');
    ownRule(this, 'ForwardStory', {
      eventBus: this.bus,
      description: 'Keyturn: every event of the story goes to the default bus as well',
      eventPattern: { source: [EVENT_SOURCE], detailType: anythingBut(REQUEST) },
      targets: [new targets.EventBus(defaultBus, { deadLetterQueue })],
    });
  }

  #deny(statementId: string, statement: object): void {
    new events.CfnEventBusPolicy(this, statementId, { eventBusName: this.bus.eventBusName, statementId, statement });
  }
}

/** A session, a whole account or everything would not be what the condition compares, or would let in more than is meant. */
function expectRequester(arn: string): void {
  if (Token.isUnresolved(arn) || REQUESTER_ARN.test(arn)) return;
  throw new Error(
    `requesters: ${JSON.stringify(arn)} is not the ARN of a role or user, such as arn:aws:iam::111122223333:role/deployer. ` +
      'Of a session (arn:aws:sts:…:assumed-role/…) write the role that was assumed.',
  );
}
