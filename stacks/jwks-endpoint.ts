import { Duration } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { BundledFunction } from './bundled-function.ts';
import { PublicFunctionUrl } from './function-url.ts';
import { arnForPolicies } from './secret-arn.ts';

export interface JwksEndpointProps {
  /** A JWT secret with an asymmetric algorithm. */
  readonly secret: secretsmanager.ISecret;
  /**
   * How long verifiers may keep the key set; shorter than the interval of the rotation, since the next key is published
   * one rotation before it signs.
   * @default Duration.minutes(5)
   */
  readonly maxAge?: Duration;
}

/**
 * The public keys of a JWT secret at a URL of their own, for verifiers that read no secrets. Private parts never leave.
 *
 * @example
 * ```ts
 * import type { Stack } from 'aws-cdk-lib';
 * import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
 * import { JwksEndpoint } from 'keyturn';
 *
 * export const publicKeysOf = (stack: Stack, secret: ISecret) => new JwksEndpoint(stack, 'PublicKeys', { secret }).url;
 * ```
 */
export class JwksEndpoint extends Construct {
  /** A function URL that every verifier may ask. https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html */
  readonly url: string;

  constructor(scope: Construct, id: string, { secret, maxAge }: JwksEndpointProps) {
    super(scope, id);
    const bundled = new BundledFunction(this, 'ServeJwks', {
      handler: 'serve-jwks',
      description: 'Keyturn: the public keys of a JWT secret',
      environment: {
        KEYTURN_JWT_SECRET_ARN: secret.secretArn,
        KEYTURN_JWKS_MAX_AGE_SECONDS: String((maxAge ?? Duration.minutes(5)).toSeconds()),
      },
    });
    bundled.allow(['secretsmanager:GetSecretValue'], [arnForPolicies(secret)]);
    if (secret.encryptionKey) bundled.allow(['kms:Decrypt'], [secret.encryptionKey.keyArn]);
    this.url = new PublicFunctionUrl(this, 'Public', bundled.function).url;
  }
}
