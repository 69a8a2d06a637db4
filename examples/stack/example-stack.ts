import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { RotatedSecret, RotationPipeline, WatchedParameter, WatchedSecret } from 'keyturn';
import { ExampleDatabase } from './database.ts';
import { BANNER, ExampleKeys } from './keys.ts';
import { ExampleNetwork } from './network.ts';
import { ExampleService } from './service.ts';

/** The example as an adopter would write it: a service of their own, and Keyturn in the same stack. */
export class ExampleStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const encryptionKey = new kms.Key(this, 'SecretsKey', {
      description: 'Encrypts the secrets of the example',
      enableKeyRotation: true,
    });
    const network = new ExampleNetwork(this, 'Network');
    const database = new ExampleDatabase(this, 'Database', { network, encryptionKey });
    const keys = new ExampleKeys(this, 'Keys', { encryptionKey });
    const service = new ExampleService(this, 'Service', { network, database, keys });
    const subnets: ec2.SubnetSelection = { subnetType: ec2.SubnetType.PRIVATE_ISOLATED };
    const pipeline = new RotationPipeline(this, 'Keyturn', {
      databaseNetwork: { vpc: network.vpc, subnets, securityGroups: [network.functions] },
    });
    this.#rotate(pipeline, database, keys, service);
  }

  #rotate(pipeline: RotationPipeline, database: ExampleDatabase, keys: ExampleKeys, service: ExampleService): void {
    const monthly = ScheduleExpression.cron({ day: '1', hour: '3', minute: '0' });
    new RotatedSecret(this, 'DatabaseRotation', {
      pipeline,
      secret: database.appSecret,
      secretName: 'example/database',
      kind: 'postgres',
      rotator: { strategy: 'alternating-users', superuserSecretArn: database.superuserSecret.secretArn },
      reads: [database.superuserSecret],
      proxy: { proxyName: database.proxy.dbProxyName, endpoint: database.proxy.endpoint, logins: database.logins },
      schedule: monthly,
      gracePeriod: Duration.minutes(10),
      evidenceInterval: Duration.seconds(30),
      consumers: service.consumers('login', 'items', 'health'),
      checks: [
        {
          name: 'database',
          type: 'database',
          parameters: {
            proxy: { name: database.proxy.dbProxyName, endpoint: database.proxy.endpoint },
            databaseIdentifier: database.instance.instanceIdentifier,
          },
        },
        { name: 'items', type: 'consumer', parameters: { functionArn: service.functionArn('items') } },
      ],
    });
    new RotatedSecret(this, 'JwtRotation', {
      pipeline,
      secret: keys.jwtSecret,
      secretName: 'example/jwt',
      kind: 'jwt',
      rotator: {},
      schedule: monthly,
      gracePeriod: Duration.minutes(10),
      consumers: service.consumers('login', 'items', 'chat'),
      checks: [{ name: 'login', type: 'consumer', parameters: { functionArn: service.functionArn('login') } }],
    });
    const apiKeyRotation = new RotatedSecret(this, 'ApiKeyRotation', {
      pipeline,
      secret: keys.apiKeySecret,
      secretName: 'example/bedrock-api-key',
      kind: 'api-key',
      rotator: {
        provider: 'bedrock',
        userName: keys.bedrockUser.userName,
        modelId: service.modelId,
        quietPeriodSeconds: 0,
      },
      schedule: monthly,
      gracePeriod: Duration.minutes(10),
      evidenceInterval: Duration.seconds(30),
      consumers: service.consumers('chat'),
      checks: [
        { name: 'bedrock', type: 'bedrock', parameters: { modelId: service.modelId } },
        { name: 'chat', type: 'consumer', parameters: { functionArn: service.functionArn('chat') } },
      ],
    });
    pipeline.rotationFunction('api-key').mayManageKeysOf(keys.bedrockUser, 'bedrock');
    apiKeyRotation.node.addDependency(keys.bedrockUser);
    new WatchedSecret(this, 'Features', {
      pipeline,
      secret: keys.featuresSecret,
      secretName: 'example/features',
      consumers: service.consumers('health'),
    });
    new WatchedParameter(this, 'Banner', {
      pipeline,
      parameterName: BANNER,
      consumers: service.consumers('health'),
    });
  }
}
