import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

export interface ExampleDatabaseProps {
  readonly vpc: ec2.IVpc;
}

/** PostgreSQL with TLS required, a superuser for the rotation, and a login for the application. */
export class ExampleDatabase extends Construct {
  readonly instance: rds.DatabaseInstance;
  readonly superuserSecret: secretsmanager.ISecret;
  readonly appSecret: secretsmanager.ISecret;
  readonly securityGroup: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, props: ExampleDatabaseProps) {
    super(scope, id);
    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'PostgreSQL of the example',
      allowAllOutbound: false,
    });
    const superuser = new rds.DatabaseSecret(this, 'Superuser', {
      username: 'keyturn_admin',
      secretName: 'example/database-superuser',
    });
    this.instance = new rds.DatabaseInstance(this, 'Instance', {
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      vpc: props.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [this.securityGroup],
      credentials: rds.Credentials.fromSecret(superuser),
      databaseName: 'app',
      storageEncrypted: true,
      backupRetention: Duration.days(1),
      deletionProtection: false,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.superuserSecret = this.instance.secret ?? superuser;
    this.appSecret = new secretsmanager.Secret(this, 'AppLogin', {
      secretName: 'example/database',
      description: 'The login of the application; rotated by Keyturn with alternating users',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: 'app' }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    new secretsmanager.SecretTargetAttachment(this, 'AppLoginAttachment', {
      secret: this.appSecret,
      target: this.instance,
    });
  }
}
