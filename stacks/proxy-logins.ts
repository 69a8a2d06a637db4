import { SecretValue } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { DatabaseRole } from '../pipeline/contracts/grammar/aws-names.ts';
import { acknowledge } from './acknowledge.ts';
import { refuseBadLiterals } from './literal-props.ts';

export interface ProxyLoginsProps {
  /** The rotated secret of the application's login. */
  readonly secret: secretsmanager.ISecret;
  /** The user name that the secret begins with; the second login is named after it. */
  readonly username: string;
  /**
   * Encrypts both small secrets.
   * @default - the account's key for Secrets Manager
   */
  readonly encryptionKey?: kms.IKey;
}

/**
 * Alternating users behind an RDS Proxy with password authentication: a proxy knows only the users whose secrets are
 * registered with it, so each login has a small secret of its own. Register both with the proxy
 * (`secrets: [...logins.all]`); rotations keep them in step before promotion.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-secrets-arns.html
 *
 * @example
 * ```ts
 * import type { Stack } from 'aws-cdk-lib';
 * import type { DatabaseInstance } from 'aws-cdk-lib/aws-rds';
 * import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
 * import type { IVpc } from 'aws-cdk-lib/aws-ec2';
 * import { ProxyLogins } from 'keyturn';
 *
 * export function addProxy(stack: Stack, database: DatabaseInstance, vpc: IVpc, secret: ISecret) {
 *   const logins = new ProxyLogins(stack, 'Logins', { secret, username: 'app' });
 *   return database.addProxy('Proxy', { vpc, secrets: [...logins.all], requireTLS: true });
 * }
 * ```
 */
export class ProxyLogins extends Construct {
  /** The login that the secret begins with. */
  readonly base: secretsmanager.Secret;
  /** The login that the first rotation makes. */
  readonly second: secretsmanager.Secret;

  constructor(scope: Construct, id: string, props: ProxyLoginsProps) {
    super(scope, id);
    refuseBadLiterals('ProxyLogins: username', DatabaseRole, props.username);
    const encryption = props.encryptionKey ? { encryptionKey: props.encryptionKey } : {};
    // Read by CloudFormation when it makes the secret: the template holds the reference, never the value.
    this.base = new secretsmanager.Secret(this, 'Base', {
      description: `Keyturn: login ${props.username}, for the proxy`,
      secretObjectValue: {
        username: SecretValue.unsafePlainText(props.username),
        password: props.secret.secretValueFromJson('password'),
      },
      ...encryption,
    });
    const second = `${props.username}_clone`;
    this.second = new secretsmanager.Secret(this, 'Second', {
      description: `Keyturn: login ${second}, for the proxy; its password is made by the first rotation`,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: second }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
      ...encryption,
    });
    acknowledge(this, 'Kept in step by the rotation of the secret whose logins they hold.', 'SMG4');
  }

  /** Both, for the proxy's `secrets`. */
  get all(): secretsmanager.ISecret[] {
    return [this.base, this.second];
  }
}
