import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { ProxyLogins } from '../../../stacks/proxy-logins.ts';
import { RotatedSecret } from '../../../stacks/rotated-secret.ts';
import { RotationPipeline } from '../../../stacks/rotation-pipeline.ts';
import { bundle } from '../../../tools/bundle.ts';

/** What the scenarios rotate: one secret for each strategy, and the same login behind a proxy. */
export class LabStack extends Stack {
  readonly #pipeline: RotationPipeline;
  readonly #instance: rds.DatabaseInstance;
  readonly #superuser: secretsmanager.ISecret;
  readonly #vpc: ec2.Vpc;
  readonly #gate: lambda.Function;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.#vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
    });
    this.#superuser = new rds.DatabaseSecret(this, 'Superuser', { username: 'lab_admin', secretName: 'lab/superuser' });
    this.#instance = new rds.DatabaseInstance(this, 'Instance', {
      instanceIdentifier: 'lab',
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      vpc: this.#vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      credentials: rds.Credentials.fromSecret(this.#superuser),
      databaseName: 'app',
      storageEncrypted: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#gate = new lambda.Function(this, 'Gate', {
      code: lambda.Code.fromAsset(bundle(fileURLToPath(new URL('./gate.ts', import.meta.url)))),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
    });
    const requesterName = 'lab-requester';
    const requesterArn = this.formatArn({ service: 'iam', region: '', resource: 'role', resourceName: requesterName });
    this.#pipeline = new RotationPipeline(this, 'Keyturn', { requesters: [requesterArn] });
    this.#principals(requesterName);
    new CfnOutput(this, 'AlarmTopicArn', { value: this.#pipeline.alarmTopic.topicArn });
    this.#rotated('lab/alternating', 'app', 'alternating-users');
    this.#rotated('lab/single', 'lonely', 'single-user');
    this.#proxied('lab/proxied', 'fronted');
    this.#superuserRotation();
  }

  /** One that may request rotations, and one that may put events anywhere and is named nowhere. */
  #principals(requesterName: string): void {
    for (const roleName of [requesterName, 'lab-stranger']) {
      const role = new iam.Role(this, roleName, { roleName, assumedBy: new iam.AccountRootPrincipal() });
      role.addToPolicy(new iam.PolicyStatement({ actions: ['events:PutEvents'], resources: ['*'] }));
    }
  }

  #secret(secretName: string, username: string): secretsmanager.Secret {
    const secret = new secretsmanager.Secret(this, `Secret-${username}`, {
      secretName,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    new secretsmanager.SecretTargetAttachment(this, `Attachment-${username}`, { secret, target: this.#instance });
    secret.grantRead(this.#gate);
    return secret;
  }

  #care(secret: secretsmanager.ISecret, secretName: string) {
    return {
      pipeline: this.#pipeline,
      secret,
      secretName,
      kind: 'postgres' as const,
      // Waits of the machines are scaled in the scenarios; the grace period is what they wait for.
      gracePeriod: Duration.minutes(2),
      evidenceInterval: Duration.seconds(10),
      checks: [{ name: 'gate', type: 'function' as const, functionArn: this.#gate.functionArn, parameters: {} }],
    };
  }

  #rotated(secretName: string, username: string, strategy: string): void {
    const secret = this.#secret(secretName, username);
    new RotatedSecret(this, `Rotated-${username}`, {
      ...this.#care(secret, secretName),
      rotator: { strategy, superuserSecretArn: this.#superuser.secretArn },
      reads: [this.#superuser],
      group: 'lab',
      schedule:
        strategy === 'single-user'
          ? ScheduleExpression.rate(Duration.days(30))
          : ScheduleExpression.cron({ day: '1', hour: '3', minute: '0' }),
    });
  }

  #proxied(secretName: string, username: string): void {
    const secret = this.#secret(secretName, username);
    const logins = new ProxyLogins(this, 'ProxyLogins', { secret, username });
    const proxy = new rds.DatabaseProxy(this, 'Proxy', {
      dbProxyName: 'lab-proxy',
      proxyTarget: rds.ProxyTarget.fromInstance(this.#instance),
      vpc: this.#vpc,
      secrets: logins.all,
      requireTLS: true,
      role: new iam.Role(this, 'ProxyRole', { assumedBy: new iam.ServicePrincipal('rds.amazonaws.com') }),
    });
    new CfnOutput(this, 'ProxyEndpoint', { value: proxy.endpoint });
    new RotatedSecret(this, `Rotated-${username}`, {
      ...this.#care(secret, secretName),
      rotator: {
        strategy: 'alternating-users',
        superuserSecretArn: this.#superuser.secretArn,
        // The scenarios' clients keep a value for less than a second.
        convergenceBoundSeconds: 1,
      },
      reads: [this.#superuser],
      proxy: { proxyName: proxy.dbProxyName, endpoint: proxy.endpoint, logins },
    });
  }

  #superuserRotation(): void {
    new RotatedSecret(this, 'Rotated-superuser', {
      ...this.#care(this.#superuser, 'lab/superuser'),
      rotator: { strategy: 'superuser' },
    });
    this.#pipeline
      .rotationFunction('postgres')
      .allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance'], [this.#instance.instanceArn]);
    this.#superuser.grantRead(this.#gate);
  }
}
