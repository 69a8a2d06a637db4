import { Duration } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { SecretKind } from '../pipeline/contracts/secret-kinds.ts';
import { ProxySettings } from '../pipeline/contracts/settings/postgres.ts';
import { convergenceBoundSeconds, type SecretSettings } from '../pipeline/contracts/settings/secret.ts';
import type {
  ConsumerSettings,
  MirrorSettings,
  ScheduleSettings,
} from '../pipeline/contracts/settings/secret-types.ts';
import type { CheckProps } from './check-props.ts';
import { refuseBadLiterals } from './literal-props.ts';
import type { ManagedSecret } from './managed-secrets.ts';
import type { RotationPipeline } from './rotation-pipeline.ts';
import type { RotatedSecretProxy, RotatorProps } from './rotator-props.ts';

export interface RotatedSecretProps extends RotatorProps {
  /** Whose care the secret is in. */
  readonly pipeline: RotationPipeline;
  /** Its name in Secrets Manager: what people and the command line call it. Not a token: it names the settings. */
  readonly secretName: string;
  /** New or existing; with its `encryptionKey` where that is a customer's. */
  readonly secret: secretsmanager.ISecret;
  /** What the secret holds. */
  readonly kind: SecretKind;
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
   * Secrets Manager's own schedule, the safety net behind the workflow's: longer than that.
   * @default Duration.days(90)
   */
  readonly nativeInterval?: Duration;
  /**
   * How long the previous credential is kept for roll-back and slow consumers.
   * @default Duration.hours(24)
   */
  readonly gracePeriod?: Duration;
  /**
   * How long Secrets Manager's own attempts may take before the workflow gives up the candidate; at most two days. A rotation that
   * Secrets Manager began by itself has at least until its rotation window closes.
   * @default Duration.minutes(15)
   */
  readonly promotionTimeout?: Duration;
  /**
   * How often retirement asks again whether the previous credential is in use.
   * @default Duration.minutes(1)
   */
  readonly evidenceInterval?: Duration;
  /**
   * Secrets with the same group are rotated together, by one execution of rotate-fleet.
   * @default - in no group
   */
  readonly group?: string;
  /**
   * The functions that read it.
   * @default - none
   */
  readonly consumers?: ConsumerSettings[];
  /**
   * What proves a new value.
   * @default - none
   */
  readonly checks?: CheckProps[];
  /**
   * When the checks run without a rotation.
   * @default - after rotations and on demand
   */
  readonly checkSchedule?: scheduler.ScheduleExpression;
  /**
   * Where the value goes besides.
   * @default - nowhere
   */
  readonly mirrors?: MirrorSettings[];
  /**
   * Whether the pipeline rolls back a value that a person put and whose checks fail.
   * @default false
   */
  readonly rollBackHandPutValues?: boolean;
}

/**
 * Puts one secret into the care of a pipeline: its settings, its rotation function and schedule, and the grants for it alone.
 *
 * @example
 * ```ts
 * import { Duration, type Stack } from 'aws-cdk-lib';
 * import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
 * import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
 * import { RotatedSecret, type RotationPipeline } from 'keyturn';
 *
 * export const rotateTokens = (stack: Stack, pipeline: RotationPipeline, secret: ISecret) =>
 *   new RotatedSecret(stack, 'Jwt', {
 *     pipeline,
 *     secret,
 *     secretName: 'shop/jwt',
 *     kind: 'jwt',
 *     rotator: { algorithm: 'ES256' },
 *     schedule: ScheduleExpression.rate(Duration.days(30)),
 *   });
 * ```
 */
export class RotatedSecret extends Construct {
  /** What the pipeline's functions know of the secret. */
  readonly settings: ssm.StringParameter;

  constructor(scope: Construct, id: string, props: RotatedSecretProps) {
    super(scope, id);
    const { pipeline, secret } = props;
    if (props.proxy) refuseBadLiterals(`Secret ${props.secretName}: proxy`, ProxySettings, proxySettings(props.proxy));
    const rotationFunction = pipeline.rotationFunction(props.kind);
    this.settings = pipeline.manage(this, {
      ...props,
      settings: settingsOf(props),
      rotation: {
        rotationFunction,
        reads: props.reads ?? [],
        puts: props.proxy ? [props.proxy.logins.base, props.proxy.logins.second] : [],
      },
    });
    // The L2 construct would also grant GetRandomPassword on every resource, and an invoke permission without a source account.
    const nativeRotation = new secretsmanager.CfnRotationSchedule(this, 'NativeRotation', {
      secretId: secret.secretArn,
      rotationLambdaArn: rotationFunction.function.functionArn,
      rotationRules: { scheduleExpression: `rate(${(props.nativeInterval ?? Duration.days(90)).toDays()} days)` },
      rotateImmediatelyOnUpdate: false,
    });
    nativeRotation.node.addDependency(rotationFunction);
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

function settingsOf(props: RotatedSecretProps): ManagedSecret['settings'] {
  return {
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

/** After the slowest consumer's bound no consumer may use the previous credential. A rotator with a longer setting of its own keeps to that. */
function boundOf(consumers: ConsumerSettings[]): { convergenceBoundSeconds?: number } {
  if (consumers.length === 0) return {};
  return { convergenceBoundSeconds: Math.max(...consumers.map(convergenceBoundSeconds)) };
}
