import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge, ProxyLogins } from 'keyturn';
import type { ExampleNetwork } from './network.ts';

export interface ExampleDatabaseProps {
  readonly network: ExampleNetwork;
  readonly encryptionKey: kms.IKey;
}

/** PostgreSQL behind RDS Proxy, TLS required on both, a superuser for the rotation, and a login for the application. */
export class ExampleDatabase extends Construct {
  readonly instance: rds.DatabaseInstance;
  readonly superuserSecret: secretsmanager.ISecret;
  readonly appSecret: secretsmanager.ISecret;
  readonly logins: ProxyLogins;
  readonly proxy: rds.DatabaseProxy;

  constructor(scope: Construct, id: string, props: ExampleDatabaseProps) {
    super(scope, id);
    const { network, encryptionKey } = props;
    const subnets = { subnetType: ec2.SubnetType.PRIVATE_ISOLATED };
    this.superuserSecret = new rds.DatabaseSecret(this, 'Superuser', {
      username: 'example_admin',
      secretName: 'example/database-superuser',
      encryptionKey,
    });
    this.instance = new rds.DatabaseInstance(this, 'Instance', {
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      instanceIdentifier: 'example',
      vpc: network.vpc,
      vpcSubnets: subnets,
      securityGroups: [network.database],
      credentials: rds.Credentials.fromSecret(this.superuserSecret),
      databaseName: 'app',
      parameters: { 'rds.force_ssl': '1' },
      storageEncrypted: true,
      multiAz: true,
      backupRetention: Duration.days(7),
      deletionProtection: true,
      removalPolicy: RemovalPolicy.SNAPSHOT,
    });
    acknowledge(this.instance, "The port is no secret; who may reach it is the security group's.", 'RDS11');
    acknowledge(
      this.superuserSecret,
      'Rotating it is one RotatedSecret with the strategy superuser away; the example leaves it alone.',
      'SMG4',
    );
    this.appSecret = new secretsmanager.Secret(this, 'AppLogin', {
      secretName: 'example/database',
      description: 'The login of the application; rotated by Keyturn with alternating users',
      encryptionKey,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: 'app' }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    const attachment = new secretsmanager.SecretTargetAttachment(this, 'AppLoginAttachment', {
      secret: this.appSecret,
      target: this.instance,
    });
    this.logins = new ProxyLogins(this, 'ProxyLogins', { secret: this.appSecret, username: 'app', encryptionKey });
    this.logins.node.addDependency(attachment);
    this.proxy = new rds.DatabaseProxy(this, 'Proxy', {
      dbProxyName: 'example',
      proxyTarget: rds.ProxyTarget.fromInstance(this.instance),
      vpc: network.vpc,
      vpcSubnets: subnets,
      securityGroups: [network.database],
      secrets: this.logins.all,
      requireTLS: true,
      role: new iam.Role(this, 'ProxyRole', { assumedBy: new iam.ServicePrincipal('rds.amazonaws.com') }),
    });
  }
}
