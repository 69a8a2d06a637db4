import { CfnResource, Lazy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type BusParties, type BusStatement, busStatements, REQUEST } from '../pipeline/contracts/bus-policy.ts';
import { EVENT_SOURCE } from '../pipeline/contracts/events.ts';
import type { BundledFunction } from './bundled-function.ts';
import { anythingBut, ownRule } from './own-rule.ts';

/** @internal */
export interface PipelineBusProps {
  readonly pipelineName: string;
  /** ARNs of the roles and users that may put `Rotation Requested`, and nothing else. */
  readonly requesters: string[];
}

/**
 * The pipeline's own event bus: its story, and requests for rotations. Its policy denies both to everyone else.
 */
export class PipelineBus extends Construct {
  readonly bus: events.EventBus;
  readonly #publishers: string[] = [];
  readonly #requesters: string[];

  constructor(scope: Construct, id: string, { pipelineName, requesters }: PipelineBusProps) {
    super(scope, id);
    this.bus = new events.EventBus(this, 'Bus', { eventBusName: pipelineName });
    this.#requesters = requesters;
    // Rotation functions are made as secrets come: the statements are known when the template is written.
    for (const [index, statementId] of ['OthersPutNothing', 'RequestersPutRequests'].entries()) {
      const statement = Lazy.any({ produce: () => withoutSid(busStatements(this.#parties)[index] as BusStatement) });
      // The construct of the same name warns of a deprecated property whenever it is made, whether that is given or not.
      new CfnResource(this, statementId, {
        type: 'AWS::Events::EventBusPolicy',
        properties: { EventBusName: this.bus.eventBusName, StatementId: statementId, Statement: statement },
      });
    }
  }

  get #parties(): BusParties {
    return { busArn: this.bus.eventBusArn, publishers: this.#publishers, requesters: this.#requesters };
  }

  /** Lets the audit compare the policy with the one that is deployed here; it cannot change it. */
  mayCompare(audit: BundledFunction): void {
    audit.allow(['events:DescribeEventBus'], [this.bus.eventBusArn]);
    const parties = Lazy.string({ produce: () => Stack.of(this).toJsonString(this.#parties) });
    audit.function.addEnvironment('KEYTURN_BUS_PARTIES', parties);
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
}

/** CloudFormation makes it of the statement's id. */
function withoutSid({ Sid: _id, ...statement }: BusStatement): Omit<BusStatement, 'Sid'> {
  return statement;
}
