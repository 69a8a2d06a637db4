import { Duration, Fn, Stack } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { SecretKind } from '../pipeline/contracts/secret-kinds.ts';
import {
  type CheckSettings,
  type ConsumerSettings,
  convergenceBoundSeconds,
  type MirrorSettings,
  type ScheduleSettings,
  type SecretSettings,
} from '../pipeline/contracts/settings/secret.ts';
import { settingsParameterName } from '../pipeline/contracts/settings/settings-parameter.ts';
import type { CheckProps } from './check-functions.ts';
import type { RotationPipeline } from './rotation-pipeline.ts';
import { arnForPolicies } from './secret-arn.ts';

export interface RotatedSecretProps {
  readonly pipeline: RotationPipeline;
  /** What people call the secret; its name in Secrets Manager. */
  readonly secretName: string;
  readonly secret: secretsmanager.ISecret;
  readonly kind: SecretKind;
  /** The rotator's own settings: strategy, superuser … */
  readonly rotator: Record<string, unknown>;
  /**
   * Secrets that the rotation reads: the superuser's, or the admin key's.
   * @default - none
   */
  readonly reads?: secretsmanager.ISecret[];
  /**
   * `postgres` behind an RDS Proxy with password authentication: the secrets of both logins, registered with it.
   * @default - consumers connect to the instance
   */
  readonly proxy?: RotatedSecretProxy;
  /**
   * When the workflow rotates: an EventBridge Scheduler expression.
   * @default - only by hand, and by the native safety net
   */
  readonly schedule?: scheduler.ScheduleExpression;
  /**
   * A schedule that is kept elsewhere and starts this secret's rotations too.
   * @default - none
   */
  readonly sharedSchedule?: ScheduleSettings;
  /**
   * Secrets Manager's own schedule, the safety net behind the workflow's.
   * @default Duration.days(90)
   */
  readonly nativeInterval?: Duration;
  /** @default Duration.hours(24) */
  readonly gracePeriod?: Duration;
  /** @default Duration.minutes(15) */
  readonly promotionTimeout?: Duration;
  /** @default Duration.minutes(1) */
  readonly evidenceInterval?: Duration;
  /**
   * Secrets with the same group are rotated together, by one execution of rotate-fleet.
   * @default - in no group
   */
  readonly group?: string;
  readonly consumers?: ConsumerSettings[];
  readonly checks?: CheckProps[];
  /**
   * When the checks run without a rotation.
   * @default - after rotations and on demand
   */
  readonly checkSchedule?: scheduler.ScheduleExpression;
  readonly mirrors?: MirrorSettings[];
  /** @default false */
  readonly rollBackHandPutValues?: boolean;
}

export interface RotatedSecretProxy {
  readonly proxyName: string;
  /** The host that consumers connect to. */
  readonly endpoint: string;
  /** Made by `ProxyLogins`, or registered before. */
  readonly logins: { readonly base: secretsmanager.ISecret; readonly second: secretsmanager.ISecret };
  /**
   * Who owns what the second login creates: `init-query` where the proxy's InitQuery is SET ROLE to the owner role,
   * else each rotation hands it over.
   * @default 'reassign'
   */
  readonly ownership?: 'init-query' | 'reassign';
}

/** Puts one secret into the care of a pipeline: its settings, its rotation function and schedule, and the grants for it alone. */
export class RotatedSecret extends Construct {
  readonly settings: ssm.StringParameter;

  constructor(scope: Construct, id: string, props: RotatedSecretProps) {
    super(scope, id);
    const { pipeline, secret } = props;
    const checks = pipeline.checkFunctions.settle(secret, props.checks ?? []);
    this.settings = new ssm.StringParameter(this, 'Settings', {
      // Derived from the secret's name alone, so that the functions find it without being told.
      parameterName: settingsParameterName(pipeline.settingsPrefix, props.secretName),
      simpleName: false,
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      description: `Keyturn: what the pipeline knows of ${props.secretName}`,
      stringValue: Stack.of(this).toJsonString(settingsOf(props, checks)),
    });
    const rotationFunction = pipeline.rotationFunction(props.kind);
    rotationFunction.mayRotate(secret, this.settings.parameterArn);
    for (const read of props.reads ?? []) rotationFunction.mayRead(read);
    for (const login of props.proxy ? [props.proxy.logins.base, props.proxy.logins.second] : []) {
      rotationFunction.mayPut(login);
    }
    pipeline.workflow.mayRotate(arnForPolicies(secret));
    pipeline.labelRules.watch(props.secretName);
    pipeline.console.mayShow(arnForPolicies(secret));
    pipeline.audit.mayLookAt(arnForPolicies(secret), this.settings.parameterArn);
    pipeline.prepare.allow(['secretsmanager:DescribeSecret'], [arnForPolicies(secret)]);
    pipeline.prepare.allow(['ssm:GetParameter'], [this.settings.parameterArn]);
    // The L2 construct would also grant GetRandomPassword on every resource, and an invoke permission without a source account.
    const nativeRotation = new secretsmanager.CfnRotationSchedule(this, 'NativeRotation', {
      secretId: secret.secretArn,
      rotationLambdaArn: rotationFunction.function.functionArn,
      rotationRules: { scheduleExpression: `rate(${(props.nativeInterval ?? Duration.days(90)).toDays()} days)` },
      rotateImmediatelyOnUpdate: false,
    });
    nativeRotation.node.addDependency(rotationFunction);
    grantPropagation(pipeline, { ...props, checks });
    const { schedule, checkSchedule } = props;
    if (schedule) this.#start('Schedule', schedule, `rotates ${props.secretName}`, props, 'rotate');
    if (checkSchedule) this.#start('CheckSchedule', checkSchedule, `checks ${props.secretName}`, props, 'check');
  }

  #start(
    id: string,
    schedule: scheduler.ScheduleExpression,
    what: string,
    { pipeline, secret }: RotatedSecretProps,
    operation: 'rotate' | 'check',
  ): void {
    const request = { secretId: secret.secretArn, startedBy: 'schedule', ...(operation === 'check' && { operation }) };
    new scheduler.Schedule(this, id, {
      schedule,
      description: `Keyturn: ${what}`,
      target: new StepFunctionsStartExecution(pipeline.rotateSecret, {
        input: scheduler.ScheduleTargetInput.fromObject(request),
        deadLetterQueue: pipeline.deadLetters,
      }),
    });
  }
}

/** What follows a new value of a secret. */
export type PropagationProps = Pick<RotatedSecretProps, 'secret' | 'consumers' | 'mirrors'> & {
  readonly checks: readonly CheckSettings[];
};

/** Exactly what each consumer, check and mirror needs, by how it is declared. */
export function grantPropagation(pipeline: RotationPipeline, props: PropagationProps): void {
  for (const consumer of props.consumers ?? []) {
    const { functionArn } = consumer;
    if (consumer.freshness === 'notify')
      pipeline.workflow.mayNotify([consumer.alias ? `${functionArn}:${consumer.alias}` : functionArn]);
    if (consumer.freshness === 'recycle') pipeline.mayRecycle(functionArn, consumer.alias);
  }
  for (const check of props.checks) pipeline.workflow.mayCheck(check.functionArn);
  for (const mirror of props.mirrors ?? []) grantMirror(pipeline, props, mirror);
}

function grantMirror(pipeline: RotationPipeline, props: PropagationProps, mirror: MirrorSettings): void {
  const { secret } = props;
  const stack = Stack.of(secret);
  if (mirror.to === 'replica') {
    const parts = Fn.split(':', arnForPolicies(secret));
    const replicaArn = Fn.join(
      ':',
      [0, 1, 2]
        .map((i) => Fn.select(i, parts))
        .concat(
          mirror.region,
          [4, 5, 6].map((i) => Fn.select(i, parts)),
        ),
    );
    pipeline.mirrorSecret.allow(['secretsmanager:DescribeSecret'], [replicaArn]);
    return;
  }
  pipeline.mirrorSecret.allow(['secretsmanager:GetSecretValue'], [arnForPolicies(secret)]);
  if (secret.encryptionKey) pipeline.mirrorSecret.allow(['kms:Decrypt'], [secret.encryptionKey.keyArn]);
  const resourceName = mirror.parameterName.replace(/^\//, '');
  pipeline.mirrorSecret.allow(
    ['ssm:GetParameter', 'ssm:PutParameter'],
    [stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName })],
  );
  if (mirror.keyId) pipeline.mirrorSecret.allow(['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey'], [mirror.keyId]);
}

function settingsOf(props: RotatedSecretProps, checks: CheckSettings[]): SecretSettings {
  return {
    schemaVersion: 1,
    name: props.secretName,
    kind: props.kind,
    rotated: true,
    ...(props.group && { group: props.group }),
    ...scheduleSettings(props),
    rotator: {
      ...boundOf(props.consumers ?? []),
      ...props.rotator,
      ...(props.proxy && { proxy: proxySettings(props.proxy) }),
    },
    gracePeriodSeconds: (props.gracePeriod ?? Duration.hours(24)).toSeconds(),
    promotionTimeoutSeconds: (props.promotionTimeout ?? Duration.minutes(15)).toSeconds(),
    evidenceIntervalSeconds: (props.evidenceInterval ?? Duration.minutes(1)).toSeconds(),
    rollBackHandPutValues: props.rollBackHandPutValues ?? false,
    consumers: props.consumers ?? [],
    checks,
    mirrors: props.mirrors ?? [],
  };
}

function scheduleSettings({ schedule, sharedSchedule }: RotatedSecretProps): Pick<SecretSettings, 'schedule'> {
  if (!schedule) return sharedSchedule ? { schedule: sharedSchedule } : {};
  const timeZone = schedule.timeZone?.timezoneName ?? 'Etc/UTC';
  return { schedule: { expression: schedule.expressionString, timeZone } };
}

function proxySettings({ proxyName, endpoint, logins, ownership }: RotatedSecretProxy): Record<string, unknown> {
  return {
    name: proxyName,
    endpoint,
    loginSecretArns: { base: logins.base.secretArn, second: logins.second.secretArn },
    ...(ownership && { ownership }),
  };
}

/** After the slowest consumer's bound nobody may use the previous credential; a rotator told otherwise keeps to that. */
function boundOf(consumers: ConsumerSettings[]): { convergenceBoundSeconds?: number } {
  if (consumers.length === 0) return {};
  return { convergenceBoundSeconds: Math.max(...consumers.map(convergenceBoundSeconds)) };
}
