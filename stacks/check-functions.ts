import { Duration, Stack } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { CheckSettings } from '../pipeline/contracts/settings/secret-types.ts';
import { acknowledgeWildcards } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';
import type { CheckProps } from './check-props.ts';
import type { FunctionNetwork } from './function-network.ts';
import { arnForPolicies } from './secret-arn.ts';

export interface CheckFunctionsProps {
  /** @default - outside of a VPC */
  readonly databaseNetwork?: FunctionNetwork;
  readonly databaseEnvironment?: Record<string, string>;
}

/** The pipeline's own checks: one function that reaches databases, one for everything else; made when they are needed. */
export class CheckFunctions extends Construct {
  readonly #props: CheckFunctionsProps;
  #database: BundledFunction | undefined;
  #others: BundledFunction | undefined;

  constructor(scope: Construct, id: string, props: CheckFunctionsProps) {
    super(scope, id);
    this.#props = props;
  }

  /** The settings of a secret's checks, with the grants that each needs on that secret. */
  settle(secret: secretsmanager.ISecret, checks: readonly CheckProps[]): CheckSettings[] {
    return checks.map((check) => {
      const { name, type, parameters = {} } = check;
      if (type === 'function') {
        if (!check.functionArn) throw new Error(`Check ${name} is of type function: give its functionArn.`);
        return { name, type, functionArn: check.functionArn, parameters };
      }
      const bundled = type === 'database' ? this.#databaseFunction() : this.#otherFunction();
      this.#grant(bundled, secret, check);
      return { name, type, functionArn: bundled.function.functionArn, parameters };
    });
  }

  #grant(bundled: BundledFunction, secret: secretsmanager.ISecret, { type, parameters = {} }: CheckProps): void {
    bundled.allow(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], [arnForPolicies(secret)]);
    if (secret.encryptionKey) bundled.allow(['kms:Decrypt'], [secret.encryptionKey.keyArn]);
    if (type === 'consumer') {
      const functionArn = String(parameters.functionArn);
      bundled.allow(['lambda:InvokeFunction'], [parameters.alias ? `${functionArn}:${parameters.alias}` : functionArn]);
    }
    if (type === 'bedrock' && parameters.credential === 'role') this.#grantModel(bundled, String(parameters.modelId));
    if (type === 'database' && parameters.health !== false) this.#grantHealth(bundled, parameters.databaseIdentifier);
  }

  /** A fallback and an inference profile call the model in other regions too. */
  #grantModel(bundled: BundledFunction, modelId: string): void {
    const { account, partition } = Stack.of(this);
    const model = modelId.replace(/^(us|us-gov|eu|apac|jp|au|ca|global)\./, '');
    if (modelId.startsWith('arn:')) {
      bundled.allow(['bedrock:InvokeModel'], [modelId]);
      return;
    }
    const everyRegion = [
      `arn:${partition}:bedrock:*::foundation-model/${model}`,
      `arn:${partition}:bedrock:*:${account}:inference-profile/${modelId}`,
    ];
    bundled.allow(['bedrock:InvokeModel'], everyRegion);
    acknowledgeWildcards(
      bundled,
      'One model, in the regions of its fallback and its inference profile.',
      ...everyRegion,
    );
  }

  /** Descriptions only. Without an identifier the secret's host names the database, and that is not known here. */
  #grantHealth(bundled: BundledFunction, databaseIdentifier: unknown): void {
    const stack = Stack.of(this);
    const name = typeof databaseIdentifier === 'string' ? databaseIdentifier : '*';
    const arn = (resource: string, resourceName: string) =>
      `arn:${stack.partition}:rds:${stack.region}:${stack.account}:${resource}:${resourceName}`;
    bundled.allow(['rds:DescribeDBInstances'], [arn('db', name)]);
    bundled.allow(['rds:DescribeDBClusters'], [arn('cluster', name)]);
    bundled.allow(['rds:DescribeDBProxyTargets'], [arn('db-proxy', '*'), arn('target-group', '*')]);
    const broad = name === '*' ? ['db', 'cluster', 'db-proxy', 'target-group'] : ['db-proxy', 'target-group'];
    acknowledgeWildcards(
      bundled,
      'Descriptions only; ARNs of proxies and target groups hold ids that are not known before they are made.',
      ...broad.map((type) => arn(type, '*')),
    );
  }

  #databaseFunction(): BundledFunction {
    this.#database ??= new BundledFunction(this, 'CheckDatabase', {
      handler: 'check-database',
      description: 'Keyturn: checks a database login through its proxy and its instance',
      timeout: Duration.seconds(60),
      memoryMegabytes: 512,
      ...(this.#props.databaseNetwork && { network: this.#props.databaseNetwork }),
      ...(this.#props.databaseEnvironment && { environment: this.#props.databaseEnvironment }),
    });
    return this.#database;
  }

  #otherFunction(): BundledFunction {
    this.#others ??= new BundledFunction(this, 'Check', {
      handler: 'check',
      description: 'Keyturn: checks models, consumers, addresses and key sets',
      timeout: Duration.seconds(60),
      memoryMegabytes: 512,
    });
    return this.#others;
  }
}
