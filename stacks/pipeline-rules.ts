import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { REQUEST } from '../pipeline/contracts/bus-policy.ts';
import { EVENT_SOURCE, noticedEvents } from '../pipeline/contracts/events.ts';
import { BundledFunction } from './bundled-function.ts';
import { LabelRules } from './label-rules.ts';
import { anythingBut, ownRule } from './own-rule.ts';
import type { PipelineBus } from './pipeline-bus.ts';

/** Every event of the story becomes a row of the history. */
export function projectHistory(
  scope: Construct,
  { bus }: PipelineBus,
  history: dynamodb.ITable,
  deadLetterQueue: sqs.IQueue,
): void {
  const project = new BundledFunction(scope, 'ProjectHistory', {
    handler: 'project-history',
    description: 'Keyturn: writes the events of the story to the history table',
    environment: { KEYTURN_HISTORY_TABLE: history.tableName },
  });
  project.allow(['dynamodb:PutItem'], [history.tableArn]);
  project.keepFailedEvents(deadLetterQueue);
  ownRule(scope, 'HistoryProjection', {
    eventBus: bus,
    description: 'Keyturn: every event of the story becomes a row of the history',
    eventPattern: {
      source: [EVENT_SOURCE],
      detailType: anythingBut(REQUEST),
    },
    targets: [new targets.LambdaFunction(project.function, { deadLetterQueue, retryAttempts: 20 })],
  });
}

/** What went wrong, in words that a person reads on a phone, on the same topic as the alarms. */
export function notifyPeople(
  scope: Construct,
  { bus }: PipelineBus,
  topic: sns.ITopic,
  deadLetterQueue: sqs.IQueue,
): void {
  const notify = new BundledFunction(scope, 'NotifyPerson', {
    handler: 'notify-person',
    description: 'Keyturn: turns events into notices that a person can read on a phone',
    environment: { KEYTURN_NOTICE_TOPIC_ARN: topic.topicArn },
  });
  notify.allow(['sns:Publish'], [topic.topicArn]);
  notify.keepFailedEvents(deadLetterQueue);
  ownRule(scope, 'Notices', {
    eventBus: bus,
    description: 'Keyturn: events that a person should hear of',
    eventPattern: { source: [EVENT_SOURCE], detailType: [...noticedEvents] },
    targets: [new targets.LambdaFunction(notify.function, { deadLetterQueue, retryAttempts: 20 })],
  });
}

/** A requested rotation starts `rotate-secret`, and so does a value that another tool or a person puts. */
export function acceptRequests(
  scope: Construct,
  { bus }: PipelineBus,
  rotateSecret: stepfunctions.IStateMachine,
  deadLetterQueue: sqs.IQueue,
): LabelRules {
  const start = (input: events.RuleTargetInput) =>
    new targets.SfnStateMachine(rotateSecret, { input, deadLetterQueue, retryAttempts: 20 });
  // The detail goes in whole, as an object: a text of the requester's own could end its quotes and add members.
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
  const requested = events.RuleTargetInput.fromObject({
    startedBy: 'event',
    request: events.EventField.fromPath('$.detail'),
  });
  ownRule(scope, 'RotationRequested', {
    eventBus: bus,
    description: 'Keyturn: a Rotation Requested event starts a rotation',
    eventPattern: {
      source: [EVENT_SOURCE],
      detailType: [REQUEST],
      detail: { secretId: [{ exists: true }] },
    },
    targets: [start(requested)],
  });
  const putByHand = () =>
    events.RuleTargetInput.fromObject({
      startedBy: 'hand',
      secretId: events.EventField.fromPath('$.resources[0]'),
      versionId: events.EventField.fromPath('$.detail.versionId'),
    });
  return new LabelRules(scope, 'LabelRules', { target: () => start(putByHand()) });
}
