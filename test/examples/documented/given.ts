import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { RotationPipeline } from 'keyturn';

/** What a reader's stack has before a snippet of the documents is put into it; each part is made when it is first used. */
export class Given extends Stack {
  readonly #made = new Map<string, unknown>();

  constructor(scope: Construct, id: string) {
    super(scope, id, { env: { account: '111122223333', region: 'eu-central-1' } });
  }

  get pipeline(): RotationPipeline {
    return this.#once('pipeline', () => new RotationPipeline(this, 'Pipeline'));
  }

  get vpc(): ec2.Vpc {
    return this.#once('vpc', () => new ec2.Vpc(this, 'Vpc', { maxAzs: 2 }));
  }

  get instance(): rds.DatabaseInstance {
    const engine = rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 });
    return this.#once('instance', () => new rds.DatabaseInstance(this, 'Database', { vpc: this.vpc, engine }));
  }

  get alarmTopic(): sns.Topic {
    return this.#once('topic', () => new sns.Topic(this, 'Topic'));
  }

  get api(): lambda.IFunction {
    return this.#once('api', () => lambda.Function.fromFunctionName(this, 'Api', 'shop-api'));
  }

  get bedrockUser(): iam.User {
    return this.#once('user', () => new iam.User(this, 'BedrockUser', { userName: 'shop-model' }));
  }

  get appSecret(): secretsmanager.ISecret {
    return this.#secret('shop/database');
  }

  get jwtSecret(): secretsmanager.ISecret {
    return this.#secret('shop/jwt');
  }

  get superuserSecret(): secretsmanager.ISecret {
    return this.#secret('shop/superuser');
  }

  #secret(name: string): secretsmanager.ISecret {
    return this.#once(name, () => secretsmanager.Secret.fromSecretNameV2(this, `Secret-${name}`, name));
  }

  #once<Part>(name: string, make: () => Part): Part {
    if (!this.#made.has(name)) this.#made.set(name, make());
    return this.#made.get(name) as Part;
  }
}
