import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { bundle } from '../../stacks/bundle.ts';
import type { ExampleDatabase } from './database.ts';

const FUNCTIONS = fileURLToPath(new URL('../functions/', import.meta.url));

export interface ExampleServiceProps {
  readonly database: ExampleDatabase;
}

/** The application's functions. */
export class ExampleService extends Construct {
  readonly items: lambda.Function;
  readonly migrate: lambda.Function;

  constructor(scope: Construct, id: string, props: ExampleServiceProps) {
    super(scope, id);
    const { superuserSecret, appSecret } = props.database;
    this.migrate = this.#function('Migrate', 'migrate', {
      SUPERUSER_SECRET_ARN: superuserSecret.secretArn,
      DB_SECRET_ARN: appSecret.secretArn,
    });
    superuserSecret.grantRead(this.migrate);
    appSecret.grantRead(this.migrate);
    this.items = this.#function('Items', 'items', { DB_SECRET_ARN: appSecret.secretArn });
    appSecret.grantRead(this.items);
    new CfnOutput(this, 'ItemsFunction', { value: this.items.functionName });
    new CfnOutput(this, 'MigrateFunction', { value: this.migrate.functionName });
  }

  #function(id: string, file: string, environment: Record<string, string>): lambda.Function {
    return new lambda.Function(this, id, {
      code: bundle(`${FUNCTIONS}${file}.ts`),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      architecture: lambda.Architecture.ARM_64,
      timeout: Duration.seconds(30),
      memorySize: 256,
      environment,
    });
  }
}
