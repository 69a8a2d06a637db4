import { own } from '../../../own.ts';

/** How a service is called in a Task's resource, and in its errors. */
export interface IntegratedService {
  /** SigV4 signing name of the laptop's service. */
  readonly name: string;
  /** The service in AWS's SDK for Java 2, which `aws-sdk:` integrations are made of: prefix and base of their errors. */
  readonly sdk: string;
  /** Optimized integrations are older: other names, and an own list of actions. */
  readonly optimized?: {
    readonly prefix: string;
    readonly service: string;
    /** The error of codes that the service's model does not have. */
    readonly baseError: string;
    readonly actions: readonly string[];
    /** Whether results carry SdkHttpMetadata and SdkResponseMetadata. */
    readonly hasMetadata: boolean;
  };
}

const optimized = (prefix: string, service: string, baseError: string, actions: string[], hasMetadata = true) => ({
  optimized: { prefix, service, baseError, actions, hasMetadata },
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html */
export const services = {
  lambda: { name: 'lambda', sdk: 'Lambda', ...optimized('Lambda', 'AWSLambda', 'AWSLambdaException', ['invoke']) },
  dynamodb: {
    name: 'dynamodb',
    sdk: 'DynamoDb',
    ...optimized('DynamoDB', 'AmazonDynamoDBv2', 'AmazonDynamoDBException', [
      ...['getItem', 'putItem', 'updateItem', 'deleteItem'],
    ]),
  },
  events: {
    name: 'events',
    sdk: 'EventBridge',
    ...optimized('EventBridge', 'AmazonEventBridge', 'AmazonEventBridgeException', ['putEvents'], false),
  },
  states: {
    name: 'states',
    sdk: 'Sfn',
    ...optimized('StepFunctions', 'AWSStepFunctions', 'AWSStepFunctionsException', ['startExecution']),
  },
  sns: { name: 'sns', sdk: 'Sns', ...optimized('SNS', 'AmazonSNS', 'AmazonSNSException', ['publish']) },
  sqs: { name: 'sqs', sdk: 'Sqs', ...optimized('SQS', 'AmazonSQS', 'AmazonSQSException', ['sendMessage']) },
  secretsmanager: { name: 'secretsmanager', sdk: 'SecretsManager' },
  ssm: { name: 'ssm', sdk: 'Ssm' },
  rds: { name: 'rds', sdk: 'Rds' },
  cloudwatch: { name: 'monitoring', sdk: 'CloudWatch' },
  cloudwatchlogs: { name: 'logs', sdk: 'CloudWatchLogs' },
  iam: { name: 'iam', sdk: 'Iam' },
  sts: { name: 'sts', sdk: 'Sts' },
  kms: { name: 'kms', sdk: 'Kms' },
  scheduler: { name: 'scheduler', sdk: 'Scheduler' },
  bedrock: { name: 'bedrock', sdk: 'Bedrock' },
  bedrockruntime: { name: 'bedrock', sdk: 'BedrockRuntime' },
  apigatewayv2: { name: 'apigateway', sdk: 'ApiGatewayV2' },
} as const satisfies Record<string, IntegratedService>;

const byName: Readonly<Record<string, IntegratedService>> = services;

/** The SDK's names of what the optimized integrations call otherwise. */
const sdkNames: Readonly<Record<string, string>> = { eventbridge: 'events', sfn: 'states' };

/** The service of an `aws-sdk:` resource. */
export function sdkService(name: string): IntegratedService | undefined {
  if (Object.values(sdkNames).includes(name)) return undefined;
  const known = own(sdkNames, name) ?? name;
  return Object.hasOwn(byName, known) ? byName[known] : undefined;
}

/** The service of an optimized resource, for an action that has an integration of its own. */
export function optimizedService(name: string, action: string): IntegratedService | undefined {
  const service = Object.hasOwn(byName, name) ? byName[name] : undefined;
  return service?.optimized?.actions.includes(action) ? service : undefined;
}
