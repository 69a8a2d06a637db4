import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { SecretKind } from '../pipeline/contracts/secret-kinds.ts';
import { iamActions } from '../pipeline/contracts/settings/api-key.ts';
import type { ApiKeyProvider } from '../pipeline/contracts/settings/api-key-providers.ts';
import { BundledFunction } from './bundled-function.ts';
import type { FunctionNetwork } from './function-network.ts';
import type { PipelineBus } from './pipeline-bus.ts';
import { arnForPolicies } from './secret-arn.ts';

/** `kms:Decrypt` is how a value is read. */
const READING = /^[a-z0-9-]+:(Describe|Get|List|Decrypt)/;

/** @internal */
export interface RotationFunctionProps {
  readonly kind: SecretKind;
  readonly memoryMegabytes: number;
  readonly settingsPrefix: string;
  readonly rotateSecretArn: string;
  readonly bus: PipelineBus;
  /** @default - outside of a VPC */
  readonly network?: FunctionNetwork;
  readonly environment?: Record<string, string>;
}

/**
 * The rotation function of one secret kind: Secrets Manager's four steps, and what the workflow asks of the one
 * function that reaches the target.
 */
export class RotationFunction extends Construct {
  /** Its role has what Secrets Manager's steps need; grant it what its target needs. */
  readonly function: lambda.Function;
  /** What the audit asks: it reads what the rotation function reads, and writes nothing. */
  readonly verifyFunction: lambda.Function;
  readonly #bundled: BundledFunction;
  readonly #verify: BundledFunction;

  /** @internal A `RotationPipeline` makes it. */
  constructor(scope: Construct, id: string, props: RotationFunctionProps) {
    super(scope, id);
    const stack = Stack.of(this);
    this.#bundled = new BundledFunction(this, 'Steps', {
      handler: `rotate-${props.kind}`,
      description: `Keyturn: rotates ${props.kind} secrets for Secrets Manager`,
      timeout: Duration.seconds(60),
      memoryMegabytes: props.memoryMegabytes,
      network: props.network,
      environment: {
        ...props.environment,
        KEYTURN_SETTINGS_PREFIX: props.settingsPrefix,
        KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: props.rotateSecretArn,
      },
    });
    this.function = this.#bundled.function;
    this.#verify = new BundledFunction(scope, `Verify-${props.kind}`, {
      handler: `verify-${props.kind}`,
      description: `Keyturn: asks the targets of ${props.kind} secrets whether credentials work, and writes nothing`,
      timeout: Duration.seconds(60),
      memoryMegabytes: props.memoryMegabytes,
      network: props.network,
      environment: { ...props.environment, KEYTURN_SETTINGS_PREFIX: props.settingsPrefix },
    });
    this.verifyFunction = this.#verify.function;
    // Secrets Manager may invoke it, for this account's secrets only.
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
    this.function.addPermission('SecretsManager', {
      principal: new iam.ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: stack.account,
    });
    this.#bundled.allow(['states:StartExecution'], [props.rotateSecretArn]);
    props.bus.mayPublish(this.#bundled);
  }

  /** @internal What rotating one secret needs, on that secret alone. */
  mayRotate(secret: secretsmanager.ISecret, settingsParameterArn: string): void {
    this.#bundled.allow(
      [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      [arnForPolicies(secret)],
    );
    this.#mayUseKeyOf(secret, 'kms:Decrypt', 'kms:GenerateDataKey');
    this.allow(['ssm:GetParameter'], [settingsParameterArn]);
    this.#verify.allow(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'], [arnForPolicies(secret)]);
    if (secret.encryptionKey) this.#verify.allow(['kms:Decrypt'], [secret.encryptionKey.keyArn]);
  }

  /** @internal The superuser's secret, or an administrator key: read, never written. */
  mayRead(secret: secretsmanager.ISecret): void {
    this.allow(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], [arnForPolicies(secret)]);
    if (secret.encryptionKey) this.allow(['kms:Decrypt'], [secret.encryptionKey.keyArn]);
  }

  /** @internal The secret of one login that is registered with a proxy: written before promotion, never read. */
  mayPut(secret: secretsmanager.ISecret): void {
    this.#bundled.allow(['secretsmanager:PutSecretValue'], [arnForPolicies(secret)]);
    this.#mayUseKeyOf(secret, 'kms:Decrypt', 'kms:GenerateDataKey');
  }

  /**
   * Grants what the provider needs on the IAM user whose credentials an `api-key` secret holds. The user belongs to that
   * secret alone.
   *
   * @example
   * pipeline.rotationFunction('api-key').mayManageKeysOf(user, 'bedrock');
   */
  mayManageKeysOf(user: iam.IUser, provider: ApiKeyProvider): void {
    this.allow([...iamActions[provider]], [user.userArn]);
  }

  /** Exactly what Secrets Manager does with the key on behalf of the caller, by this account's policies. */
  #mayUseKeyOf(secret: secretsmanager.ISecret, ...actions: string[]): void {
    if (secret.encryptionKey) this.#bundled.allow(actions, [secret.encryptionKey.keyArn]);
  }

  /**
   * Grants actions on resources of the target; those that read, to the verification function too.
   *
   * @example
   * pipeline.rotationFunction('postgres').allow(['rds:ModifyDBInstance'], [instance.instanceArn]);
   */
  allow(actions: string[], resources: string[]): void {
    this.#bundled.allow(actions, resources);
    const reading = actions.filter((action) => READING.test(action));
    if (reading.length > 0) this.#verify.allow(reading, resources);
  }
}
