import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { ConsumerSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { RotatedSecret } from '../../../stacks/rotated-secret.ts';
import { RotationPipeline } from '../../../stacks/rotation-pipeline.ts';
import { bundle } from '../../../tools/bundle.ts';

const NAMES = ['web', 'worker', 'reports'];

/** Three functions on two logins that they keep for an hour: one they are told of, for the other they are recycled. */
export class ConsumersStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
    });
    const superuser = new rds.DatabaseSecret(this, 'Superuser', {
      username: 'crowd_admin',
      secretName: 'crowd/superuser',
    });
    const instance = new rds.DatabaseInstance(this, 'Instance', {
      instanceIdentifier: 'crowd',
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      credentials: rds.Credentials.fromSecret(superuser),
      databaseName: 'app',
      storageEncrypted: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const notified = this.#login('notified', instance);
    const recycled = this.#login('recycled', instance);
    const functions = NAMES.map((name) => this.#consumer(name, { notified, recycled }));
    const pipeline = new RotationPipeline(this, 'Keyturn');
    const care = { pipeline, kind: 'postgres' as const, reads: [superuser], gracePeriod: Duration.hours(2) };
    const rotator = (strategy: string) => ({ strategy, superuserSecretArn: superuser.secretArn });
    const consumers = (freshness: ConsumerSettings['freshness']) =>
      functions.map((each, index) => ({
        name: NAMES[index] as string,
        functionArn: each.functionArn,
        freshness,
        maxAgeSeconds: 3_600,
        longestInvocationSeconds: 20,
      }));
    new RotatedSecret(this, 'RotatedNotified', {
      ...care,
      secret: notified,
      secretName: 'crowd/notified',
      // Nothing but healing saves those that are not told: the login has one password.
      rotator: rotator('single-user'),
      consumers: consumers('notify'),
    });
    new RotatedSecret(this, 'RotatedRecycled', {
      ...care,
      secret: recycled,
      secretName: 'crowd/recycled',
      rotator: rotator('alternating-users'),
      consumers: consumers('recycle'),
    });
  }

  #login(username: string, instance: rds.DatabaseInstance): secretsmanager.Secret {
    const secret = new secretsmanager.Secret(this, `Login-${username}`, {
      secretName: `crowd/${username}`,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    new secretsmanager.SecretTargetAttachment(this, `Attachment-${username}`, { secret, target: instance });
    return secret;
  }

  #consumer(name: string, secrets: Record<string, secretsmanager.Secret>): lambda.Function {
    const made = new lambda.Function(this, `Consumer-${name}`, {
      code: lambda.Code.fromAsset(bundle(fileURLToPath(new URL('./consumer.ts', import.meta.url)))),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      timeout: Duration.seconds(20),
      memorySize: 256,
      environment: Object.fromEntries(
        Object.entries(secrets).map(([login, secret]) => [`${login.toUpperCase()}_SECRET_ARN`, secret.secretArn]),
      ),
    });
    for (const secret of Object.values(secrets)) secret.grantRead(made);
    new CfnOutput(this, `Function-${name}`, { value: made.functionName });
    return made;
  }
}
