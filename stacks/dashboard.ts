import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { MetricName } from '../pipeline/contracts/metrics.ts';
import type { PipelineAlarms } from './alarms.ts';
import { BundledFunction } from './bundled-function.ts';

/** @internal */
export interface PipelineDashboardProps {
  readonly pipelineName: string;
  readonly settingsPrefix: string;
  readonly history: dynamodb.ITable;
  readonly alarms: PipelineAlarms;
  readonly rotateSecretArn: string;
}

/**
 * The CloudWatch dashboard of a pipeline: alarms, every managed secret with buttons, graphs. Two functions stand behind
 * it: who may invoke the first sees, who may invoke the second presses. Their number, and that of the graphs, does not
 * grow with the number of secrets.
 */
export class PipelineDashboard extends Construct {
  /** Add widgets of your own. */
  readonly dashboard: cloudwatch.Dashboard;
  /** Shows; its role reads labels, settings and history. */
  readonly widgetFunction: lambda.Function;
  /** Acts; its role starts executions of rotate-secret and can do nothing else. */
  readonly buttonFunction: lambda.Function;
  readonly #widget: BundledFunction;

  /** @internal A `RotationPipeline` makes it. */
  constructor(scope: Construct, id: string, props: PipelineDashboardProps) {
    super(scope, id);
    const button = new BundledFunction(this, 'PressButton', {
      handler: 'press-button',
      description: "Keyturn: the dashboard's buttons; starts executions of rotate-secret",
      environment: { KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: props.rotateSecretArn },
    });
    button.allow(['states:StartExecution'], [props.rotateSecretArn]);
    this.buttonFunction = button.function;
    this.#widget = new BundledFunction(this, 'Widget', {
      handler: 'dashboard-widget',
      description: "Keyturn: the dashboard's list of managed secrets",
      memoryMegabytes: 512,
      environment: {
        KEYTURN_SETTINGS_PREFIX: props.settingsPrefix,
        KEYTURN_HISTORY_TABLE: props.history.tableName,
        KEYTURN_PRESS_BUTTON_FUNCTION_ARN: this.buttonFunction.functionArn,
      },
    });
    // The path itself is the resource. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
    const settings = Stack.of(this).formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: props.settingsPrefix.slice(1),
    });
    this.#widget.allow(['ssm:GetParametersByPath'], [settings]);
    this.#widget.allow(['dynamodb:Query'], [props.history.tableArn]);
    this.widgetFunction = this.#widget.function;
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: props.pipelineName,
      defaultInterval: Duration.days(1),
      widgets: [[this.#alarmStatus(props)], [this.#secrets()], ...graphs(props)],
    });
  }

  /** @internal Labels and dates of one more secret, never its value. */
  mayShow(secretArn: string): void {
    this.#widget.allow(['secretsmanager:DescribeSecret'], [secretArn]);
  }

  #alarmStatus(props: PipelineDashboardProps): cloudwatch.IWidget {
    return new cloudwatch.AlarmStatusWidget({
      title: 'Alarms',
      alarms: props.alarms.all,
      width: 24,
      height: 3,
      sortBy: cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
    });
  }

  #secrets(): cloudwatch.IWidget {
    return new cloudwatch.CustomWidget({
      title: 'Secrets',
      functionArn: this.widgetFunction.functionArn,
      width: 24,
      height: 9,
      updateOnResize: true,
      updateOnTimeRangeChange: false,
    });
  }
}

interface GraphedMetric {
  readonly name: MetricName;
  readonly label: string;
  readonly statistic?: string;
}

function graphs(props: PipelineDashboardProps): cloudwatch.IWidget[][] {
  const graph = (title: string, metrics: GraphedMetric[]) =>
    new cloudwatch.GraphWidget({
      title,
      width: 8,
      height: 6,
      left: metrics.map(({ name, label, statistic }) =>
        props.alarms.metric(name, { label, ...(statistic && { statistic }) }),
      ),
    });
  return [
    [
      graph('Rotations', [
        { name: 'RotationSucceeded', label: 'succeeded' },
        { name: 'RotationFailed', label: 'failed' },
        { name: 'RotationRolledBack', label: 'rolled back' },
        { name: 'ExecutionFailed', label: 'executions that failed' },
      ]),
      graph('How long they take', [
        { name: 'RotationDuration', label: 'rotation, average', statistic: 'Average' },
        { name: 'RotationDuration', label: 'rotation, longest', statistic: 'Maximum' },
        { name: 'ConvergenceDuration', label: 'convergence, longest', statistic: 'Maximum' },
      ]),
      graph('Checks', [
        { name: 'CheckPassed', label: 'passed' },
        { name: 'CheckFailed', label: 'failed' },
        { name: 'CheckInconclusive', label: 'no verdict' },
      ]),
    ],
    [
      graph('Previous credentials', [
        { name: 'CredentialRetired', label: 'retired' },
        { name: 'RetirementBlocked', label: 'still in use' },
      ]),
      graph('Consumers', [{ name: 'ConsumerLagging', label: 'lagging' }]),
      graph('Audit', [
        { name: 'SecretOverdue', label: 'overdue' },
        { name: 'DriftFound', label: 'drift found' },
        { name: 'AuditCompleted', label: 'audits completed' },
      ]),
    ],
  ];
}
