import { RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

/** One PostgreSQL instance, its superuser's secret, and secrets of logins on it. */
export class BenchDatabase extends Construct {
  readonly superuser: secretsmanager.Secret;
  readonly #instance: rds.DatabaseInstance;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
    });
    this.superuser = new rds.DatabaseSecret(this, 'Superuser', {
      username: 'bench_admin',
      secretName: 'bench-superuser',
    });
    this.#instance = new rds.DatabaseInstance(this, 'Instance', {
      instanceIdentifier: 'bench',
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      credentials: rds.Credentials.fromSecret(this.superuser),
      databaseName: 'app',
      storageEncrypted: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  login(secretName: string, username: string): secretsmanager.Secret {
    const secret = new secretsmanager.Secret(this, `Login-${username}`, {
      secretName,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    new secretsmanager.SecretTargetAttachment(this, `Attachment-${username}`, { secret, target: this.#instance });
    return secret;
  }
}
