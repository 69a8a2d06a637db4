import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { ConsumerSettings, MirrorSettings } from '../pipeline/contracts/settings/secret-types.ts';
import type { CheckProps } from './check-props.ts';
import type { RotationPipeline } from './rotation-pipeline.ts';

export interface WatchedSecretProps {
  /** Whose care the secret is in. */
  readonly pipeline: RotationPipeline;
  /** Its name in Secrets Manager. Not a token: it names the settings. */
  readonly secretName: string;
  /** New or existing; with its `encryptionKey` where that is a customer's. */
  readonly secret: secretsmanager.ISecret;
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
   * Where the value goes besides.
   * @default - nowhere
   */
  readonly mirrors?: MirrorSettings[];
}

/**
 * A secret whose value others put: the pipeline brings it to its consumers and checks it, and never rotates it.
 *
 * @example
 * ```ts
 * import type { Stack } from 'aws-cdk-lib';
 * import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
 * import { type ConsumerSettings, type RotationPipeline, WatchedSecret } from 'keyturn';
 *
 * export const watchPayment = (stack: Stack, pipeline: RotationPipeline, secret: ISecret, consumers: ConsumerSettings[]) =>
 *   new WatchedSecret(stack, 'Payment', { pipeline, secret, secretName: 'shop/payment', consumers });
 * ```
 */
export class WatchedSecret extends Construct {
  /** What the pipeline's functions know of the secret. */
  readonly settings: ssm.StringParameter;

  constructor(scope: Construct, id: string, { pipeline, ...managed }: WatchedSecretProps) {
    super(scope, id);
    this.settings = pipeline.manage(this, {
      ...managed,
      settings: {
        kind: 'watched',
        rotated: false,
        rotator: {},
        gracePeriodSeconds: 0,
        promotionTimeoutSeconds: 900,
        evidenceIntervalSeconds: 60,
        rollBackHandPutValues: false,
      },
    });
  }
}
