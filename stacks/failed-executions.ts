import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge.ts';
import type { BundledFunction } from './bundled-function.ts';
import { ownRule } from './own-rule.ts';

/** @internal */
export interface FailingMachines {
  readonly machines: readonly stepfunctions.IStateMachine[];
  /** ARNs of executions that report their own failures, by name: the report function is a part of the machines. */
  readonly executions: readonly string[];
}

/**
 * An execution that ends badly without its own report rings: nothing catches an execution that ran out of
 * time, that a person stopped, or whose state data grew too large.
 * https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
export function ringOnFailedExecutions(
  scope: Construct,
  { machines, executions }: FailingMachines,
  report: BundledFunction,
  deadLetterQueue: sqs.IQueue,
): void {
  report.allow(['states:DescribeExecution'], [...executions]);
  acknowledgeWildcards(report, 'The names of executions are not known before they are started.', ...executions);
  report.keepFailedEvents(deadLetterQueue);
  const event = events.RuleTargetInput.fromObject({
    report: 'execution-ended',
    executionArn: events.EventField.fromPath('$.detail.executionArn'),
    startedAt: events.EventField.time,
    status: events.EventField.fromPath('$.detail.status'),
  });
  ownRule(scope, 'FailedExecutions', {
    description: 'Keyturn: an execution failed, ran out of time or was stopped',
    eventPattern: {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: {
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        stateMachineArn: machines.map(({ stateMachineArn }) => stateMachineArn),
      },
    },
    targets: [new targets.LambdaFunction(report.function, { event, deadLetterQueue, retryAttempts: 20 })],
  });
}
