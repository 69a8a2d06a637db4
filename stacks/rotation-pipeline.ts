import { Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { EventPrivilege } from '../pipeline/contracts/event-requests.ts';
import type { SecretKind } from '../pipeline/contracts/secret-kinds.ts';
import {
  type PipelineDescription,
  PipelineNames,
  pipelineParameterName,
  settingsPrefixOf,
} from '../pipeline/contracts/settings/pipeline.ts';
import type { ConsumerSettings } from '../pipeline/contracts/settings/secret-types.ts';
import { acknowledge } from './acknowledge.ts';
import { PipelineAlarms } from './alarms.ts';
import { CheckFunctions } from './check-functions.ts';
import { ConfigSync } from './config-sync.ts';
import { PipelineDashboard } from './dashboard.ts';
import { ringOnFailedExecutions } from './failed-executions.ts';
import type { FunctionNetwork } from './function-network.ts';
import { deployedKinds, placeOf } from './kinds.ts';
import { refuseBadLiterals } from './literal-props.ts';
import { type AdmittedSecrets, type ManagedSecret, ManagedSecrets } from './managed-secrets.ts';
import { PipelineAudit } from './pipeline-audit.ts';
import { PipelineBus } from './pipeline-bus.ts';
import { acceptRequests, notifyPeople, projectHistory } from './pipeline-rules.ts';
import { RotationFunction } from './rotation-function.ts';
import { WorkflowStateMachines } from './state-machines.ts';
import { makeWorkflowFunctions, type WorkflowFunctions } from './workflow-functions.ts';

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
   * Receives a notice when a check or a rotation fails.
   * @default - a topic of the pipeline's own
   */
  readonly alarmTopic?: sns.ITopic;
  /**
   * ARNs of the roles and users that may put `Rotation Requested` on the pipeline's event bus, forwarders included; no
   * part of an ARN may be `*` or `?`. They also need `events:PutEvents` on the bus.
   * @default - none: requests come from schedules, the command line, the console and the dashboard
   */
  readonly requesters?: string[];
  /**
   * What a `Rotation Requested` event may ask for beyond a rotation, a check or a roll-back. Each of them can lock consumers out:
   * a principal that may put events may then do so.
   * @default - nothing
   */
  readonly allowByEvent?: EventPrivilege[];
  /**
   * Whether the story is forwarded to the account's default bus as well, for rules of your own. Keyturn itself never trusts
   * what is on the default bus.
   * @default false
   */
  readonly forwardStory?: boolean;
  /**
   * Further accounts: their functions may be consumers and checks, and their keys and secrets may be read, by ARN.
   * @default - this account only
   */
  readonly crossAccount?: string[];
}

/**
 * Everything that rotations share: state machines, functions, rules, history, alarms. Secrets are added with
 * `RotatedSecret`. The number of functions, metrics and alarms does not grow with the number of secrets.
 *
 * @example
 * ```ts
 * import type { Stack } from 'aws-cdk-lib';
 * import type { IVpc } from 'aws-cdk-lib/aws-ec2';
 * import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
 * import { RotatedSecret, RotationPipeline } from 'keyturn';
 *
 * export function rotate(stack: Stack, vpc: IVpc, secret: ISecret) {
 *   const pipeline = new RotationPipeline(stack, 'Keyturn', { databaseNetwork: { vpc } });
 *   return new RotatedSecret(stack, 'Jwt', { pipeline, secret, secretName: 'shop/jwt', kind: 'jwt', rotator: {} });
 * }
 * ```
 */
export class RotationPipeline extends Construct {
  /** Names the state machines, parameters, alarms and the dashboard. */
  readonly pipelineName: string;
  /** Alarms and notices arrive here: subscribe a person. */
  readonly alarmTopic: sns.ITopic;
  /** What could not be delivered to the pipeline. */
  readonly deadLetters: sqs.Queue;
  /** The story as events, and requests for rotations; named as the pipeline: docs/events.md. */
  readonly eventBus: events.EventBus;
  /** The story of every rotation, event by event: docs/events.md. */
  readonly history: dynamodb.Table;
  /** Rotates one secret. Start it with `{"secretId": "shop/database"}`. */
  readonly rotateSecret: stepfunctions.StateMachine;
  /** Rotates many secrets, canaries first. Start it with `{"group": "shop"}`, `{"kind": "jwt"}` or `{"secretIds": […]}`. */
  readonly rotateFleet: stepfunctions.StateMachine;
  /** The dashboard in CloudWatch, and the functions behind it: docs/dashboard.md. */
  readonly dashboard: PipelineDashboard;
  readonly #props: RotationPipelineProps;
  readonly #settingsPrefix: string;
  readonly #bus: PipelineBus;
  readonly #workflow: WorkflowStateMachines;
  readonly #alarms: PipelineAlarms;
  readonly #audit: PipelineAudit;
  readonly #secrets: ManagedSecrets;
  readonly #rotationFunctions = new Map<SecretKind, RotationFunction>();

  constructor(scope: Construct, id: string, props: RotationPipelineProps = {}) {
    super(scope, id);
    this.#props = props;
    this.pipelineName = props.pipelineName ?? 'keyturn';
    refuseBadLiterals('RotationPipeline', PipelineNames, {
      crossAccount: [],
      ...props,
      pipelineName: this.pipelineName,
    });
    this.#settingsPrefix = settingsPrefixOf(this.pipelineName);
    this.alarmTopic = props.alarmTopic ?? new sns.Topic(this, 'AlarmTopic', { enforceSSL: true });
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', { enforceSSL: true });
    acknowledge(this.deadLetters, 'It is the dead-letter queue of the rules and schedules.', 'SQS3');
    this.history = this.#makeHistory();
    const { pipelineName } = this;
    this.#bus = new PipelineBus(this, 'Events', { pipelineName, requesters: props.requesters ?? [] });
    this.eventBus = this.#bus.bus;
    if (props.forwardStory) this.#bus.forwardStory(this.deadLetters);
    const functions = makeWorkflowFunctions(this, {
      settingsPrefix: this.#settingsPrefix,
      bus: this.#bus,
      history: this.history,
      allowByEvent: props.allowByEvent ?? [],
    });
    this.#workflow = new WorkflowStateMachines(this, 'Workflow', { pipelineName, ...functions });
    this.rotateSecret = this.#workflow.rotateSecret;
    this.rotateFleet = this.#workflow.rotateFleet;
    projectHistory(this, this.#bus, this.history, this.deadLetters);
    const labelRules = acceptRequests(this, this.#bus, this.rotateSecret, this.deadLetters);
    this.#alarms = this.#makeAlarms();
    const checkFunctions = new CheckFunctions(this, 'Checks', {
      databaseNetwork: props.databaseNetwork,
      databaseEnvironment: props.databaseEnvironment,
    });
    this.dashboard = this.#makeDashboard();
    const configSync = this.#makeConfigSync();
    this.#audit = this.#makeAudit(functions);
    const failing = { machines: this.#workflow.all, executions: this.#workflow.reportingExecutions };
    ringOnFailedExecutions(this, failing, functions.report, this.deadLetters);
    notifyPeople(this, this.#bus, this.alarmTopic, this.deadLetters);
    this.#describeItself();
    this.#secrets = new ManagedSecrets({
      ...functions,
      settingsPrefix: this.#settingsPrefix,
      workflow: this.#workflow,
      checkFunctions,
      labelRules,
      dashboard: this.dashboard,
      audit: this.#audit,
      configSync,
      crossAccount: props.crossAccount ?? [],
    });
  }

  /**
   * The rotation function of a kind, to grant it what its target needs. The first call for a kind makes it.
   *
   * @example
   * pipeline.rotationFunction('api-key').mayManageKeysOf(user, 'bedrock');
   */
  rotationFunction(kind: SecretKind): RotationFunction {
    const existing = this.#rotationFunctions.get(kind);
    if (existing) return existing;
    const made = new RotationFunction(this, `Rotate-${kind}`, {
      kind,
      memoryMegabytes: deployedKinds[kind].memoryMegabytes,
      settingsPrefix: this.#settingsPrefix,
      rotateSecretArn: this.#workflow.rotateSecretArn,
      bus: this.#bus,
      ...placeOf(kind, { network: this.#props.databaseNetwork, environment: this.#props.databaseEnvironment }),
    });
    this.#workflow.mayInvoke(made.function);
    this.#audit.mayVerify(kind, made.verifyFunction);
    this.#rotationFunctions.set(kind, made);
    return made;
  }

  /**
   * A metric of the pipeline by its name, for alarms and dashboards of one's own: docs/operating.md. By default its sum
   * over a minute.
   *
   * @example
   * pipeline.metric('RotationDuration', { statistic: 'Maximum' });
   */
  metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.#alarms.metric(metricName, options);
  }

  /** @internal Takes a secret into the pipeline's care; answers the parameter with its settings. */
  manage(scope: Construct, managed: ManagedSecret): ssm.StringParameter {
    return this.#secrets.manage(scope, managed);
  }

  /** @internal For secrets that `manage` does not know one by one. */
  admit(secrets: AdmittedSecrets): void {
    this.#secrets.admit(secrets);
  }

  /** @internal Takes a parameter, or the parameters under a path, into the pipeline's care. */
  watchParameter(scope: Construct, parameterName: string, consumers: ConsumerSettings[]): void {
    this.#secrets.watchParameter(scope, parameterName, consumers);
  }

  #makeHistory(): dynamodb.Table {
    return new dynamodb.Table(this, 'History', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });
  }

  get #auditInterval(): Duration {
    return this.#props.auditInterval ?? Duration.hours(1);
  }

  #makeAlarms(): PipelineAlarms {
    return new PipelineAlarms(this, 'Alarms', {
      pipelineName: this.pipelineName,
      topic: this.alarmTopic,
      deadLetters: this.deadLetters,
      auditInterval: this.#auditInterval,
    });
  }

  #makeDashboard(): PipelineDashboard {
    return new PipelineDashboard(this, 'Dashboard', {
      pipelineName: this.pipelineName,
      settingsPrefix: this.#settingsPrefix,
      history: this.history,
      alarms: this.#alarms,
      rotateSecretArn: this.#workflow.rotateSecretArn,
    });
  }

  #makeConfigSync(): ConfigSync {
    return new ConfigSync(this, 'ConfigSync', {
      settingsPrefix: this.#settingsPrefix,
      workflow: this.#workflow,
      deadLetters: this.deadLetters,
    });
  }

  #makeAudit({ compareMirror }: WorkflowFunctions): PipelineAudit {
    return new PipelineAudit(this, 'Audit', {
      settingsPrefix: this.#settingsPrefix,
      history: this.history,
      bus: this.#bus,
      workflow: this.#workflow,
      compareMirror,
      deadLetters: this.deadLetters,
      interval: this.#auditInterval,
    });
  }

  /** For the command line, which knows the pipeline's name and nothing else. */
  #describeItself(): void {
    const description: PipelineDescription = {
      schemaVersion: 1,
      pipelineName: this.pipelineName,
      historyTableName: this.history.tableName,
      rotateSecretArn: this.#workflow.rotateSecret.stateMachineArn,
      rotateFleetArn: this.#workflow.rotateFleet.stateMachineArn,
      retireCredentialArn: this.#workflow.retireCredential.stateMachineArn,
      propagateSecretArn: this.#workflow.propagateSecret.stateMachineArn,
      auditFunctionArn: this.#audit.function.functionArn,
      alarmTopicArn: this.alarmTopic.topicArn,
    };
    new ssm.StringParameter(this, 'Description', {
      parameterName: pipelineParameterName(this.pipelineName),
      simpleName: false,
      description: `Keyturn: where the pipeline ${this.pipelineName} has its parts`,
      stringValue: Stack.of(this).toJsonString(description),
    });
  }
}
