import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { functionFolder } from '#function-code';
import { acknowledge } from './acknowledge.ts';
import type { FunctionNetwork } from './function-network.ts';

export interface BundledFunctionProps {
  /** The file in `handlers/`, without its ending. */
  readonly handler: string;
  readonly description: string;
  readonly environment?: Record<string, string>;
  /** @default - outside of a VPC */
  readonly network?: FunctionNetwork;
  /** @default 30 seconds */
  readonly timeout?: Duration;
  /** @default 256 */
  readonly memoryMegabytes?: number;
  /** @default - none reserved */
  readonly reservedConcurrency?: number;
}

/** By name, not as a member of Runtime: older versions of the CDK do not have it. */
const NODEJS_24 = new lambda.Runtime('nodejs24.x', lambda.RuntimeFamily.NODEJS);

/** One of Keyturn's functions: its own role with nothing but its log group, one small bundle, the newest LTS runtime. */
export class BundledFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: props.description,
    });
    logGroup.grantWrite(this.role);
    this.function = new lambda.Function(this, 'Function', {
      code: lambda.Code.fromAsset(functionFolder(props.handler)),
      handler: 'index.handler',
      description: props.description,
      role: this.role,
      logGroup,
      runtime: NODEJS_24,
      architecture: lambda.Architecture.ARM_64,
      timeout: props.timeout ?? Duration.seconds(30),
      memorySize: props.memoryMegabytes ?? 256,
      reservedConcurrentExecutions: props.reservedConcurrency,
      environment: { ...props.environment, POWERTOOLS_SERVICE_NAME: 'keyturn' },
      ...(props.network && {
        vpc: props.network.vpc,
        vpcSubnets: props.network.subnets,
        securityGroups: props.network.securityGroups,
      }),
    });
    if (props.network) {
      this.role.addManagedPolicy(
        iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole'),
      );
      acknowledge(
        this.role,
        "AWS's own policy for network interfaces in a VPC, whose actions know no resources.",
        'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole]',
      );
    }
  }

  allow(actions: string[], resources: string[], conditions?: iam.PolicyStatementProps['conditions']): void {
    this.role.addToPolicy(new iam.PolicyStatement({ actions, resources, ...(conditions && { conditions }) }));
  }

  /**
   * For a function that EventBridge or Scheduler invokes: they hand an event over and do not learn what becomes of it. Lambda tries
   * it again after one minute and after two more; what the function did not take then, or what waited for six hours
   * because the function was throttled, goes to the dead letters with the reason.
   * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
   */
  keepFailedEvents(deadLetters: sqs.IQueue): void {
    this.allow(['sqs:SendMessage'], [deadLetters.queueArn]);
    this.function.configureAsyncInvoke({
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      // CDK's own destination would grant reading the queue's attributes as well.
      onFailure: { bind: () => ({ destination: deadLetters.queueArn }) },
    });
  }
}
