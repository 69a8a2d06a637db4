import { Duration, Stack } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type SecretKind, verifyFunctionVariable } from '../pipeline/contracts/secret-kinds.ts';
import { BundledFunction } from './bundled-function.ts';
import type { PipelineBus } from './pipeline-bus.ts';
import type { WorkflowStateMachines } from './state-machines.ts';

export interface PipelineAuditProps {
  readonly settingsPrefix: string;
  readonly history: dynamodb.ITable;
  readonly bus: PipelineBus;
  readonly workflow: WorkflowStateMachines;
  readonly compareMirror: BundledFunction;
  readonly deadLetters: sqs.IQueue;
  readonly interval: Duration;
}

/** Looks at every managed secret on a schedule, and for `keyturn doctor`; reads only, and publishes findings. */
export class PipelineAudit extends Construct {
  readonly function: lambda.Function;
  readonly #bundled: BundledFunction;

  constructor(scope: Construct, id: string, props: PipelineAuditProps) {
    super(scope, id);
    const { workflow, compareMirror, history, settingsPrefix } = props;
    this.#bundled = new BundledFunction(this, 'Audit', {
      handler: 'audit',
      description: 'Keyturn: looks for what is not as it should be, and changes nothing',
      timeout: Duration.minutes(5),
      memoryMegabytes: 512,
      environment: {
        KEYTURN_SETTINGS_PREFIX: settingsPrefix,
        KEYTURN_HISTORY_TABLE: history.tableName,
        KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: workflow.rotateSecret.stateMachineArn,
        KEYTURN_RETIRE_CREDENTIAL_STATE_MACHINE_ARN: workflow.retireCredential.stateMachineArn,
        KEYTURN_COMPARE_MIRROR_FUNCTION_ARN: compareMirror.function.functionArn,
      },
    });
    this.function = this.#bundled.function;
    const resourceName = settingsPrefix.slice(1);
    const settings = Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName });
    this.#bundled.allow(['ssm:GetParametersByPath'], [settings]);
    this.#bundled.allow(['dynamodb:Query'], [history.tableArn]);
    this.#bundled.allow(
      ['states:ListExecutions'],
      [workflow.rotateSecret.stateMachineArn, workflow.retireCredential.stateMachineArn],
    );
    this.#bundled.allow(['lambda:InvokeFunction'], [compareMirror.function.functionArn]);
    props.bus.mayPublish(this.#bundled);
    this.#bundled.keepFailedEvents(props.deadLetters);
    props.bus.mayCompare(this.#bundled);
    new scheduler.Schedule(this, 'Schedule', {
      schedule: scheduler.ScheduleExpression.rate(props.interval),
      description: 'Keyturn: the audit of every managed secret',
      target: this.#target(props.deadLetters),
    });
  }

  /** CDK's own target would let the schedule invoke versions and aliases too. */
  #target(deadLetters: sqs.IQueue): scheduler.IScheduleTarget {
    const role = new iam.Role(this, 'ScheduleRole', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    const allow = (action: string, resource: string) =>
      role.addToPolicy(new iam.PolicyStatement({ actions: [action], resources: [resource] }));
    allow('lambda:InvokeFunction', this.function.functionArn);
    allow('sqs:SendMessage', deadLetters.queueArn);
    return {
      bind: () => ({
        arn: this.function.functionArn,
        role,
        input: scheduler.ScheduleTargetInput.fromObject({ publish: true }),
        deadLetterConfig: { arn: deadLetters.queueArn },
      }),
    };
  }

  /** The function that asks the targets of one kind. It writes nothing, and no other function is asked about a target. */
  mayVerify(kind: SecretKind, verifyFunction: lambda.IFunction): void {
    this.function.addEnvironment(verifyFunctionVariable(kind), verifyFunction.functionArn);
    this.#bundled.allow(['lambda:InvokeFunction'], [verifyFunction.functionArn]);
  }

  /** Labels, versions and dates of one more secret, never its value; and since when it is managed. */
  mayLookAt(secretArn: string, settingsParameterArn: string): void {
    this.#bundled.allow(['secretsmanager:DescribeSecret', 'secretsmanager:ListSecretVersionIds'], [secretArn]);
    this.#bundled.allow(['ssm:GetParameterHistory'], [settingsParameterArn]);
  }
}
