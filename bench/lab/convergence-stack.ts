import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { RotatedSecret, RotationPipeline } from 'keyturn';
import { bundle } from '../../tools/bundle.ts';
import { BenchDatabase } from './database.ts';

/** How a function gets fresh, and by which reader. */
const consumers = [
  { name: 'expiring', strategy: 'single-user', freshness: 'expire', reader: 'powertools', maxAgeSeconds: 5 },
  { name: 'notified', strategy: 'single-user', freshness: 'notify', reader: 'pool', maxAgeSeconds: 3_600 },
  { name: 'recycled', strategy: 'alternating-users', freshness: 'recycle', reader: 'pool', maxAgeSeconds: 3_600 },
] as const;

/** Three functions, each on a login of its own. */
export class ConvergenceStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const database = new BenchDatabase(this, 'Database');
    const pipeline = new RotationPipeline(this, 'Keyturn');
    const code = lambda.Code.fromAsset(bundle(fileURLToPath(new URL('./consumer.ts', import.meta.url))));
    for (const { name, strategy, freshness, reader, maxAgeSeconds } of consumers) {
      const secretName = `bench/${name}`;
      const secret = database.login(secretName, name);
      const consumer = new lambda.Function(this, `Consumer-${name}`, {
        functionName: name,
        code,
        handler: 'index.handler',
        runtime: lambda.Runtime.NODEJS_22_X,
        timeout: Duration.seconds(20),
        memorySize: 256,
        environment: { SECRET_ARN: secret.secretArn, READER: reader },
      });
      secret.grantRead(consumer);
      const { functionArn } = consumer;
      new RotatedSecret(this, `Rotated-${name}`, {
        pipeline,
        secret,
        secretName,
        kind: 'postgres',
        rotator: { strategy, superuserSecretArn: database.superuser.secretArn },
        reads: [database.superuser],
        gracePeriod: Duration.hours(2),
        consumers: [{ name, functionArn, freshness, maxAgeSeconds, longestInvocationSeconds: 20 }],
      });
    }
    new CfnOutput(this, 'Superuser', { value: database.superuser.secretArn });
  }
}
