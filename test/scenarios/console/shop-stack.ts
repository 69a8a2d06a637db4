import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { RotatedSecret } from '../../../stacks/rotated-secret.ts';
import { RotationPipeline } from '../../../stacks/rotation-pipeline.ts';
import { bundle } from '../../../tools/bundle.ts';

const code = (path: string) => lambda.Code.fromAsset(bundle(fileURLToPath(new URL(path, import.meta.url))));

/** What the console is tried on: one database login, a consumer that keeps what it read, a check that can be closed. */
export class ShopStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
    });
    const superuser = new rds.DatabaseSecret(this, 'Superuser', {
      username: 'shop_admin',
      secretName: 'shop/superuser',
    });
    const instance = new rds.DatabaseInstance(this, 'Instance', {
      instanceIdentifier: 'shop',
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      credentials: rds.Credentials.fromSecret(superuser),
      databaseName: 'shop',
      storageEncrypted: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const secret = new secretsmanager.Secret(this, 'Login', {
      secretName: 'shop/database',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: 'shop' }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    new secretsmanager.SecretTargetAttachment(this, 'Attachment', { secret, target: instance });
    const catalogue = new lambda.Function(this, 'Catalogue', {
      code: code('./catalogue.ts'),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      timeout: Duration.seconds(20),
      environment: { DB_SECRET_ARN: secret.secretArn },
    });
    const gate = new lambda.Function(this, 'Gate', {
      code: code('../lab/gate.ts'),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
    });
    secret.grantRead(catalogue);
    secret.grantRead(gate);
    const pipeline = new RotationPipeline(this, 'Keyturn', { pipelineName: 'shop' });
    new RotatedSecret(this, 'Rotated', {
      pipeline,
      secretName: 'shop/database',
      secret,
      kind: 'postgres',
      rotator: { strategy: 'alternating-users', superuserSecretArn: superuser.secretArn },
      reads: [superuser],
      gracePeriod: Duration.minutes(10),
      consumers: [
        {
          name: 'catalogue',
          functionArn: catalogue.functionArn,
          freshness: 'recycle',
          maxAgeSeconds: 300,
          longestInvocationSeconds: 20,
        },
      ],
      checks: [{ name: 'gate', type: 'function', functionArn: gate.functionArn, parameters: {} }],
    });
    new CfnOutput(this, 'CatalogueFunction', { value: catalogue.functionName });
  }
}
