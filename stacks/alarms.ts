import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE, type MetricName } from '../pipeline/contracts/metrics.ts';

export interface PipelineAlarmsProps {
  readonly pipelineName: string;
  readonly topic: sns.ITopic;
  readonly deadLetters: sqs.Queue;
  readonly auditInterval: Duration;
}

/** One alarm a thing that a person must look at, whatever the number of secrets; each names its runbook section. */
export class PipelineAlarms extends Construct {
  readonly all: cloudwatch.Alarm[] = [];
  readonly #props: PipelineAlarmsProps;

  constructor(scope: Construct, id: string, props: PipelineAlarmsProps) {
    super(scope, id);
    this.#props = props;
    // A topic with a policy of its own lets alarms in only where the policy says so.
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    props.topic.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [props.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    this.#ring('CheckFailed', 'A check failed after a rotation');
    this.#ring('CheckInconclusive', 'A check reached no verdict, so nothing is known of the credential');
    this.#ring('RotationFailed', 'A rotation did not go through');
    this.#ring('RotationRolledBack', 'A rotation was rolled back');
    this.#ring('RetirementBlocked', 'A previous credential cannot be retired');
    this.#ring('ConsumerLagging', 'A consumer or a mirror did not get a new value by the way that it declares');
    this.#ring(
      'ExecutionFailed',
      'An execution of a state machine failed, ran out of time or was stopped, and could not report it',
    );
    // Data come with each audit: a shorter period would ring again and again for the same finding.
    const period = props.auditInterval;
    this.#ring('SecretOverdue', 'A secret was not rotated when it was due', { period });
    this.#ring('DriftFound', 'The audit found something that is not as it should be', { period });
    this.#hearSilence();
    this.#add(
      'DeadLetters',
      'An event could not be delivered to the pipeline, or the pipeline could not handle it',
      props.deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'Maximum' }),
    );
  }

  metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { service: 'keyturn' },
      statistic: 'Sum',
      period: Duration.minutes(1),
      ...options,
    });
  }

  /**
   * An audit that does not run finds nothing. Until the first one the alarm has no data, which is no change of its state;
   * once it has had some, a lack of them is one.
   */
  #hearSilence(): void {
    const alarm = this.#add(
      'AuditSilent',
      'The audit has not been completed for three of its intervals',
      this.metric('AuditCompleted', { period: Duration.seconds(3 * this.#props.auditInterval.toSeconds()) }),
      { comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD },
      cloudwatch.TreatMissingData.MISSING,
    );
    alarm.addInsufficientDataAction(new SnsAction(this.#props.topic));
  }

  #ring(metricName: MetricName, what: string, options?: cloudwatch.MetricOptions): void {
    this.#add(metricName, what, this.metric(metricName, options));
  }

  #add(
    id: string,
    what: string,
    metric: cloudwatch.Metric,
    more: Partial<cloudwatch.AlarmProps> = {},
    treatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
  ): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmName: `${this.#props.pipelineName}-${id}`,
      alarmDescription: `Keyturn: ${what}. Runbook: docs/operating.md, section ${id}.`,
      metric,
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData,
      ...more,
    });
    alarm.addAlarmAction(new SnsAction(this.#props.topic));
    this.all.push(alarm);
    return alarm;
  }
}
