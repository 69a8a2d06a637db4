import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { RotatedSecret } from '../../stacks/rotated-secret.ts';
import { RotationPipeline } from '../../stacks/rotation-pipeline.ts';
import { ExampleDatabase } from './database.ts';
import { ExampleService } from './service.ts';

/** The example as an adopter would write it: a service of their own, and Keyturn in the same stack. */
export class ExampleStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
    });
    const database = new ExampleDatabase(this, 'Database', { vpc });
    new ExampleService(this, 'Service', { database });

    const pipeline = new RotationPipeline(this, 'Keyturn', { databaseNetwork: undefined });
    pipeline.rotationFunction('postgres').mayRead(database.superuserSecret);
    new RotatedSecret(this, 'DatabaseRotation', {
      pipeline,
      secretName: 'example/database',
      secret: database.appSecret,
      kind: 'postgres',
      rotator: { strategy: 'alternating-users', superuserSecretArn: database.superuserSecret.secretArn },
      gracePeriod: Duration.minutes(10),
    });
  }
}
