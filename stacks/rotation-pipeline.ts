import { Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { EVENT_SOURCE, type EventType } from '../pipeline/contracts/events.ts';
import type { SecretKind } from '../pipeline/contracts/secret-kinds.ts';
import {
  type PipelineDescription,
  pipelineParameterName,
  settingsPrefixOf,
} from '../pipeline/contracts/settings/pipeline.ts';
import { acknowledge } from './acknowledge.ts';
import { PipelineAlarms } from './alarms.ts';
import { allowStory, BundledFunction, type FunctionNetwork } from './bundled-function.ts';
import { CheckFunctions } from './check-functions.ts';
import { ConfigSync } from './config-sync.ts';
import { ConsoleDashboard } from './dashboard.ts';
import { placeOf } from './kinds.ts';
import { LabelRules } from './label-rules.ts';
import { PipelineAudit } from './pipeline-audit.ts';
import { RotationFunction } from './rotation-function.ts';
import { WorkflowStateMachines } from './state-machines.ts';

export interface RotationPipelineProps {
  /**
   * Names the pipeline's state machines, parameters and alarms; one account and region may hold several.
   * @default 'keyturn'
   */
  readonly pipelineName?: string;
  /**
   * Where functions that reach databases run.
   * @default - outside of a VPC
   */
  readonly databaseNetwork?: FunctionNetwork;
  /**
   * Environment for functions that open TLS connections to databases, such as the path of a CA bundle.
   * @default - none: RDS's certificates and the public Amazon roots travel in the bundle
   */
  readonly databaseEnvironment?: Record<string, string>;
  /**
   * How often every managed secret is looked at.
   * @default Duration.hours(1)
   */
  readonly auditInterval?: Duration;
  /**
   * Who is told when a check fails or a rotation does.
   * @default - a topic of the pipeline's own
   */
  readonly alarmTopic?: sns.ITopic;
}

/** What the handler has words for. */
const NOTICED_EVENTS = [
  'Rotation Failed',
  'Rotation Rolled Back',
  'Retirement Blocked',
  'Drift Found',
  'Check Failed',
] satisfies EventType[];

/**
 * Everything that rotations share: state machines, functions, rules, history, alarms. Secrets are added with
 * `RotatedSecret`. The number of functions, metrics and alarms does not grow with the number of secrets.
 */
export class RotationPipeline extends Construct {
  readonly pipelineName: string;
  readonly settingsPrefix: string;
  readonly history: dynamodb.Table;
  readonly alarmTopic: sns.ITopic;
  readonly deadLetters: sqs.Queue;
  readonly rotateSecret: stepfunctions.StateMachine;
  readonly workflow: WorkflowStateMachines;
  readonly prepare: BundledFunction;
  readonly report: BundledFunction;
  readonly recycleConsumer: BundledFunction;
  readonly mirrorSecret: BundledFunction;
  readonly alarms: PipelineAlarms;
  readonly labelRules: LabelRules;
  readonly checkFunctions: CheckFunctions;
  readonly console: ConsoleDashboard;
  readonly configSync: ConfigSync;
  readonly audit: PipelineAudit;
  readonly #props: RotationPipelineProps;
  readonly #rotationFunctions = new Map<SecretKind, RotationFunction>();

  constructor(scope: Construct, id: string, props: RotationPipelineProps = {}) {
    super(scope, id);
    this.#props = props;
    this.pipelineName = props.pipelineName ?? 'keyturn';
    this.settingsPrefix = settingsPrefixOf(this.pipelineName);
    this.alarmTopic = props.alarmTopic ?? new sns.Topic(this, 'AlarmTopic', { enforceSSL: true });
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', { enforceSSL: true });
    acknowledge(this.deadLetters, 'It is the dead-letter queue of the rules and schedules.', 'SQS3');
    this.history = new dynamodb.Table(this, 'History', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });
    this.prepare = new BundledFunction(this, 'Prepare', {
      handler: 'prepare',
      description: 'Keyturn: reads labels and settings and decides what an execution is about',
      environment: { KEYTURN_SETTINGS_PREFIX: this.settingsPrefix },
    });
    this.report = new BundledFunction(this, 'Report', {
      handler: 'report',
      description: "Keyturn: puts the story's events and emits its metrics",
    });
    allowStory(this.report);
    this.recycleConsumer = new BundledFunction(this, 'RecycleConsumer', {
      handler: 'recycle-consumer',
      description: 'Keyturn: changes our one variable of a consumer, so that Lambda replaces every environment',
    });
    this.mirrorSecret = new BundledFunction(this, 'MirrorSecret', {
      handler: 'mirror-secret',
      description: 'Keyturn: brings a parameter or a replica of a secret along',
    });
    const selectSecrets = this.#selectSecrets();
    this.workflow = new WorkflowStateMachines(this, 'Workflow', {
      pipelineName: this.pipelineName,
      recycleConsumer: this.recycleConsumer,
      mirrorSecret: this.mirrorSecret,
      prepare: this.prepare,
      selectSecrets,
      report: this.report,
      history: this.history,
    });
    this.rotateSecret = this.workflow.rotateSecret;
    this.#projectHistory();
    this.labelRules = this.#acceptRequests();
    this.alarms = new PipelineAlarms(this, 'Alarms', {
      pipelineName: this.pipelineName,
      topic: this.alarmTopic,
      deadLetters: this.deadLetters,
      auditInterval: props.auditInterval ?? Duration.hours(1),
    });
    this.checkFunctions = new CheckFunctions(this, 'Checks', {
      databaseNetwork: props.databaseNetwork,
      databaseEnvironment: props.databaseEnvironment,
    });
    this.console = new ConsoleDashboard(this, 'Console', {
      pipelineName: this.pipelineName,
      settingsPrefix: this.settingsPrefix,
      history: this.history,
      alarms: this.alarms,
      rotateSecretArn: this.workflow.rotateSecretArn,
    });
    this.configSync = new ConfigSync(this, 'ConfigSync', {
      settingsPrefix: this.settingsPrefix,
      propagateSecretArn: this.workflow.propagateSecret.stateMachineArn,
      deadLetters: this.deadLetters,
    });
    this.audit = new PipelineAudit(this, 'Audit', {
      settingsPrefix: this.settingsPrefix,
      history: this.history,
      workflow: this.workflow,
      mirrorSecret: this.mirrorSecret,
      deadLetters: this.deadLetters,
      interval: props.auditInterval ?? Duration.hours(1),
    });
    this.#notify();
    this.#describeItself();
  }

  /** The rotation function of a kind; made when the first secret of that kind is added. */
  rotationFunction(kind: SecretKind): RotationFunction {
    const existing = this.#rotationFunctions.get(kind);
    if (existing) return existing;
    const made = new RotationFunction(this, `Rotate-${kind}`, {
      kind,
      settingsPrefix: this.settingsPrefix,
      rotateSecretArn: this.workflow.rotateSecretArn,
      ...placeOf(kind, { network: this.#props.databaseNetwork, environment: this.#props.databaseEnvironment }),
    });
    this.workflow.mayInvoke(made.function);
    this.audit.mayAsk(made.function);
    this.#rotationFunctions.set(kind, made);
    return made;
  }

  #selectSecrets(): BundledFunction {
    const selectSecrets = new BundledFunction(this, 'SelectSecrets', {
      handler: 'select-secrets',
      description: 'Keyturn: the secrets that a fleet is asked to rotate, a page at a time',
      environment: { KEYTURN_SETTINGS_PREFIX: this.settingsPrefix },
      timeout: Duration.seconds(60),
    });
    const stack = Stack.of(this);
    const path = stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: this.settingsPrefix.slice(1) });
    selectSecrets.allow(['ssm:GetParametersByPath'], [path]);
    // ListSecrets knows no resources: it is asked for names and tags, never for values.
    selectSecrets.allow(['secretsmanager:ListSecrets'], ['*']);
    acknowledge(selectSecrets, 'ListSecrets knows no resources.', 'IAM5[Resource::*]');
    return selectSecrets;
  }

  /** For the command line, which knows the pipeline's name and nothing else. */
  #describeItself(): void {
    const description: PipelineDescription = {
      schemaVersion: 1,
      pipelineName: this.pipelineName,
      historyTableName: this.history.tableName,
      rotateSecretArn: this.workflow.rotateSecret.stateMachineArn,
      rotateFleetArn: this.workflow.rotateFleet.stateMachineArn,
      retireCredentialArn: this.workflow.retireCredential.stateMachineArn,
      propagateSecretArn: this.workflow.propagateSecret.stateMachineArn,
      auditFunctionArn: this.audit.function.functionArn,
      alarmTopicArn: this.alarmTopic.topicArn,
    };
    new ssm.StringParameter(this, 'Description', {
      parameterName: pipelineParameterName(this.pipelineName),
      simpleName: false,
      description: `Keyturn: where the pipeline ${this.pipelineName} has its parts`,
      stringValue: Stack.of(this).toJsonString(description),
    });
  }

  #projectHistory(): void {
    const project = new BundledFunction(this, 'ProjectHistory', {
      handler: 'project-history',
      description: 'Keyturn: writes the events of the story to the history table',
      environment: { KEYTURN_HISTORY_TABLE: this.history.tableName },
    });
    project.allow(['dynamodb:PutItem'], [this.history.tableArn]);
    new events.Rule(this, 'HistoryProjection', {
      description: 'Keyturn: every event of the story becomes a row of the history',
      eventPattern: {
        source: [EVENT_SOURCE],
        detailType: [{ 'anything-but': ['Rotation Requested'] } as unknown as string],
      },
      targets: [new targets.LambdaFunction(project.function, { deadLetterQueue: this.deadLetters, retryAttempts: 20 })],
    });
  }

  /** What went wrong, in words that a person reads on a phone, on the same topic as the alarms. */
  #notify(): void {
    const notify = new BundledFunction(this, 'NotifyPerson', {
      handler: 'notify-person',
      description: 'Keyturn: turns events into notices that a person can read on a phone',
      environment: { KEYTURN_NOTICE_TOPIC_ARN: this.alarmTopic.topicArn },
    });
    notify.allow(['sns:Publish'], [this.alarmTopic.topicArn]);
    new events.Rule(this, 'Notices', {
      description: 'Keyturn: events that somebody should hear of',
      eventPattern: { source: [EVENT_SOURCE], detailType: NOTICED_EVENTS },
      targets: [new targets.LambdaFunction(notify.function, { deadLetterQueue: this.deadLetters, retryAttempts: 20 })],
    });
  }

  #acceptRequests(): LabelRules {
    const start = (input: events.RuleTargetInput) =>
      new targets.SfnStateMachine(this.rotateSecret, { input, deadLetterQueue: this.deadLetters, retryAttempts: 20 });
    new events.Rule(this, 'RotationRequested', {
      description: 'Keyturn: a Rotation Requested event starts a rotation',
      eventPattern: {
        source: [EVENT_SOURCE],
        detailType: ['Rotation Requested'],
        detail: { secretId: [{ exists: true }] },
      },
      targets: [
        start(
          events.RuleTargetInput.fromObject({
            startedBy: 'event',
            secretId: events.EventField.fromPath('$.detail.secretId'),
            request: events.EventField.fromPath('$.detail'),
          }),
        ),
      ],
    });
    return new LabelRules(this, 'LabelRules', {
      target: () =>
        start(
          events.RuleTargetInput.fromObject({
            startedBy: 'hand',
            secretId: events.EventField.fromPath('$.resources[0]'),
            versionId: events.EventField.fromPath('$.detail.versionId'),
          }),
        ),
    });
  }

  /** A consumer that is recycled: its configuration is changed, and where an alias has the traffic, its versions. */
  mayRecycle(functionArn: string, alias?: string): void {
    const arns = alias ? [functionArn, `${functionArn}:*`] : [functionArn];
    this.recycleConsumer.allow(['lambda:GetFunction', 'lambda:UpdateFunctionConfiguration'], arns);
    if (!alias) return;
    const aliasActions = [
      'lambda:GetAlias',
      'lambda:UpdateAlias',
      'lambda:PublishVersion',
      'lambda:GetProvisionedConcurrencyConfig',
    ];
    this.recycleConsumer.allow(aliasActions, arns);
    // Versions that we published and that nobody needs any more; never the function itself.
    this.recycleConsumer.allow(['lambda:DeleteFunction'], [`${functionArn}:*`]);
  }

  /** An alarm's metric by name, for dashboards of one's own. */
  metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alarms.metric(metricName, options);
  }
}
